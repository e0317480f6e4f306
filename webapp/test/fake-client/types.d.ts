declare module 'html-to-react' {
    import type {ReactNode} from 'react';

    export class Parser {
        parse(html: string): ReactNode;
    }
}
declare module 'marked' {
    export const marked: {
        parse(text: string, options: object): string;
        parseInline(text: string, options: object): string;
    };
}
declare module 'react-dom/client' {
    import type {ReactElement} from 'react';

    export function createRoot(container: Element): {
        render(element: ReactElement): void;
        unmount(): void;
    };
}
/** One of the files `react-17.ts`, `react-18.ts`, and `react-19.ts`: see vite.fake-client.config.ts. */
declare module '#react-version' {
    export const createRoot: (typeof import('react-dom/client'))['createRoot'];
    export const globals: object;
}
