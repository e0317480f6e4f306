// What people see, looked at: every state of the built plugin, against the pictures in screens/.
//
// A picture that changed on purpose is taken anew with `cargo xtask screens`, looked at, and committed.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';

import pixelmatch from 'pixelmatch';
import type {Browser, Locator, Page} from 'playwright-core';
import {PNG} from 'pngjs';
import {afterAll, beforeAll, expect, it} from 'vitest';

import {STATES} from '../gallery/states';
import {barriers} from './axe';
import {launch} from './client';
import {file, gallery} from './pages';

/** Edges of letters differ between versions of the browser; more than this is another picture. */
const MAY_DIFFER = 0.01;

let browser: Browser;
beforeAll(async () => {
    browser = await launch();
});
afterAll(() => browser?.close());

/** Compares what is seen with the picture of that name. */
async function looksLike(name: string, seen: Page | Locator): Promise<void> {
    if ('goto' in seen) {
        // What is far from the screen is not drawn, so the screen has to hold all of it.
        const {width, height} = await seen.evaluate(() => ({
            width: window.innerWidth,
            height: document.documentElement.scrollHeight + 400,
        }));
        await seen.setViewportSize({width, height});
    }
    const part = 'goto' in seen ? seen.locator('#root') : seen;
    const taken = await part.screenshot();
    const path = file(`screens/${name}.png`);
    if (process.env.UPDATE_SCREENS) {
        mkdirSync(file('screens'), {recursive: true});
        writeFileSync(path, taken);
        return;
    }
    const [actual, expected] = [PNG.sync.read(taken), PNG.sync.read(readFileSync(path))];
    const {width, height} = expected;
    const diff = new PNG({width, height});
    const same = actual.width === width && actual.height === height;
    const differing = same
        ? pixelmatch(actual.data, expected.data, diff.data, width, height, {threshold: 0.2})
        : width * height;
    if (differing > width * height * MAY_DIFFER) {
        mkdirSync(file('build/screens'), {recursive: true});
        writeFileSync(file(`build/screens/${name}.png`), taken);
        writeFileSync(file(`build/screens/${name}.diff.png`), PNG.sync.write(diff));
    }
    expect([actual.width, actual.height], `size; see build/screens/${name}.png`).toEqual([
        width,
        height,
    ]);
    expect(differing / (width * height), `see build/screens/${name}.diff.png`).toBeLessThan(
        MAY_DIFFER,
    );
}

it.each(Object.keys(STATES))('zm129 zm130 the state %s looks as it should', async (state) => {
    const page = await gallery(browser, {state});
    await looksLike(state, page.locator(`[data-state="${state}"]`));
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it.each(['starting', 'blocked'])('d62 the corner looks as it should: %s', async (state) => {
    const page = await gallery(browser, {state});
    const notice = page.locator('.zoom-notice');
    await notice.waitFor();
    await looksLike(state, notice);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it('zm130 everything is in the colours of a dark theme', async () => {
    const page = await gallery(browser, {theme: 'dark'});
    await looksLike('all-dark', page);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it('zm130 everything fits on a narrow screen, without a scrollbar', async () => {
    const page = await gallery(browser, {}, {width: 340});
    await looksLike('all-narrow', page);
    const [content, screen] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
    ]);
    expect(content).toBe(screen);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it.each(['de', 'fr', 'es', 'ja', 'zh-CN'])('d36 everything in %s', async (locale) => {
    const page = await gallery(browser, {locale, clock: '24'});
    await looksLike(`all-${locale}`, page);
    await page.close();
});
