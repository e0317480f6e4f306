declare module 'html-to-react' {
    import type {ReactNode} from 'react';

    export class Parser {
        parse(html: string): ReactNode;
    }
}
declare module '*.css';
declare module 'marked' {
    export const marked: {parse(text: string, options: object): string};
}
declare module 'react-dom/client' {
    import type {ReactElement} from 'react';

    export function createRoot(into: Element): {
        render(element: ReactElement): void;
        unmount(): void;
    };
}
/** One of the files `era-17.ts`, `era-18.ts`, and `era-19.ts`: see vite.host.config.ts. */
declare module '#era' {
    export const createRoot: (typeof import('react-dom/client'))['createRoot'];
    export const globals: object;
}
