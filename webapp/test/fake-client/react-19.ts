// The parts of the client that are specific to React 19.
import * as ReactJSXDevRuntime from 'react/jsx-dev-runtime';
import * as ReactJSXRuntime from 'react/jsx-runtime';

export {createRoot} from 'react-dom/client';

/** Globals that only this version of the client defines. */
export const globals = {ReactJSXRuntime, ReactJSXDevRuntime};
