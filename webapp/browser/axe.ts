// axe-core in a page. Its own driver would bring a browser of its own along.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

import type {Page} from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Result {
    violations: {id: string; impact: string | null; nodes: {html: string}[]}[];
}

/** Looks for barriers in a page, and answers with a line for each. */
export async function barriers(page: Page): Promise<string[]> {
    await page.evaluate(source);
    const result = await page.evaluate(async () => {
        const {axe} = window as unknown as {axe: {run(where: object): Promise<unknown>}};
        // The app bar is Mattermost's own, name and all.
        return axe.run({exclude: [['.app-bar']]});
    });
    return (result as Result).violations.map(({id, impact, nodes}) =>
        [id, impact, ...nodes.map((node) => node.html)].join(' '),
    );
}
