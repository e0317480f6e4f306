// Benchmarks of the webapp: `make webapp-bench`. Prints the results, which depend on the machine.
import {readFileSync, statSync} from 'node:fs';
import {gzipSync} from 'node:zlib';

import {expect, it} from 'vitest';

import type {BenchmarkResults} from '../gallery/benchmark';
import {launch} from './fake-client';
import {file, openGallery} from './gallery';

it('benchmarks', async () => {
    const size = statSync(file('dist/main.js')).size;
    const compressed = gzipSync(readFileSync(file('dist/main.js'))).length;
    const lines = [`main.js, with all languages: ${size} bytes, ${compressed} compressed`];
    for (const react of ['17', '18', '19']) {
        // oxlint-disable-next-line no-await-in-loop -- one browser after the other
        const results = await runBenchmarks(react);
        const ratio = results.meetingPosts / results.plainPosts;
        const ratioWithLayout = results.meetingPostsWithLayout / results.plainPosts;
        lines.push(
            `React ${react}: 500 meeting posts ${results.meetingPosts.toFixed(1)} ms, 500 plain posts ` +
                `${results.plainPosts.toFixed(1)} ms, ratio ${ratio.toFixed(2)}, and ` +
                `${ratioWithLayout.toFixed(2)} with the layout of the posts that are out of view; ` +
                `from a click to the tab ${results.clickToTab.toFixed(2)} ms`,
        );
    }
    console.warn(lines.join('\n'));
    expect(lines).toHaveLength(4);
});

async function runBenchmarks(react: string): Promise<BenchmarkResults> {
    const browser = await launch();
    const page = await openGallery(browser, {state: 'started'}, {react});
    const results = await page.evaluate(() =>
        (window as unknown as {runBenchmarks(): Promise<BenchmarkResults>}).runBenchmarks(),
    );
    await browser.close();
    return results;
}
