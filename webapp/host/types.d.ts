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
