// Benchmarks of the webapp: `make webapp-figures`. Prints the results, which depend on the machine.
import {statSync, readFileSync} from 'node:fs';
import {gzipSync} from 'node:zlib';

import {expect, it} from 'vitest';

import type {Figures} from '../gallery/benchmark';
import {launch} from './fake-client';
import {file, gallery} from './gallery';

it('figures', async () => {
    const size = statSync(file('dist/main.js')).size;
    const packed = gzipSync(readFileSync(file('dist/main.js'))).length;
    const lines = [`main.js, all languages in it: ${size} bytes, ${packed} compressed`];
    for (const react of ['17', '18', '19']) {
        // oxlint-disable-next-line no-await-in-loop -- one browser after the other
        const figures = await figuresOn(react);
        const ratio = figures.meetings / figures.plain;
        lines.push(
            `React ${react}: 500 meeting posts ${figures.meetings.toFixed(1)} ms, 500 plain ones ` +
                `${figures.plain.toFixed(1)} ms, ratio ${ratio.toFixed(2)}, and ` +
                `${(figures.laidOut / figures.plain).toFixed(2)} with what is out of sight laid out too; ` +
                `our own time from click to tab ${figures.clickToTab.toFixed(2)} ms`,
        );
    }
    console.warn(lines.join('\n'));
    expect(lines).toHaveLength(4);
});

async function figuresOn(react: string): Promise<Figures> {
    const browser = await launch();
    const page = await gallery(browser, {state: 'started'}, {react});
    const figures = await page.evaluate(() =>
        (window as unknown as {measure(): Promise<Figures>}).measure(),
    );
    await browser.close();
    return figures;
}
