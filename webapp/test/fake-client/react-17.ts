// What differs in clients with React 17.
import type {ReactElement} from 'react';
import ReactDOM from 'react-dom';

/** A root with the interface of later versions. React 17 has none. */
export function createRoot(into: Element) {
    return {
        render(element: ReactElement) {
            ReactDOM.render(element, into);
        },
        unmount() {
            ReactDOM.unmountComponentAtNode(into);
        },
    };
}

/** Globals that only this version of the client defines. */
export const globals = {};
