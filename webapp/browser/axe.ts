// axe-core in a page. Its own driver would bring a browser of its own along.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

import type {Page} from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Result {
    violations: {id: string; impact: string | null; nodes: {html: string}[]}[];
}

/** Looks for barriers in the parts of a page that are the plugin's. */
export class AxeBuilder {
    constructor(private readonly page: Page) {}

    /** What was found, in a line each. */
    async violations(): Promise<string[]> {
        await this.page.evaluate(source);
        const result = await this.page.evaluate(async () => {
            const {axe} = window as unknown as {axe: {run(where: object): Promise<unknown>}};
            return axe.run({exclude: [['.app-bar']]});
        });
        return (result as Result).violations.map(({id, impact, nodes}) =>
            [id, impact, ...nodes.map((node) => node.html)].join(' '),
        );
    }
}
