// The parts of the client that are specific to React 18.
export {createRoot} from 'react-dom/client';

/** Globals that only this version of the client defines. */
export const globals = {};
