// The parts of the client that are specific to React 17.
import type {ReactElement} from 'react';
import ReactDOM from 'react-dom';

/** A root with the interface of later versions. React 17 has none. */
export function createRoot(container: Element) {
    return {
        render(element: ReactElement) {
            ReactDOM.render(element, container);
        },
        unmount() {
            ReactDOM.unmountComponentAtNode(container);
        },
    };
}

/** Globals that only this version of the client defines. */
export const globals = {};
