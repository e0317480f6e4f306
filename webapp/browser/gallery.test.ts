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

/** Points at the edges of letters that may be drawn otherwise. A dot, a border or a letter is more. */
const MAY_DIFFER = 60;

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
    const taken = await part.screenshot({animations: 'disabled'});
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
    if (differing > MAY_DIFFER) {
        mkdirSync(file('build/screens'), {recursive: true});
        writeFileSync(file(`build/screens/${name}.png`), taken);
        writeFileSync(file(`build/screens/${name}.diff.png`), PNG.sync.write(diff));
    }
    expect([actual.width, actual.height], `size; see build/screens/${name}.png`).toEqual([
        width,
        height,
    ]);
    expect(differing, `points; see build/screens/${name}.diff.png`).toBeLessThanOrEqual(MAY_DIFFER);
}

it.each(Object.keys(STATES))('zm129 zm130 the state %s looks as it should', async (state) => {
    const page = await gallery(browser, {state});
    const post = STATES[state];
    const status = {
        STARTED: 'In progress',
        ENDED: 'Ended',
        RECENTLY_CREATED: 'Start a new meeting',
    }[String(post?.props?.meeting_status)];
    const says = post?.type === 'custom_zoom' || status === 'Start a new meeting' ? status : '';
    expect(await page.locator(`[data-state="${state}"]`).innerText()).toContain(
        says || post?.message,
    );
    await looksLike(state, page.locator(`[data-state="${state}"]`));
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

const CORNER: [string, RegExp][] = [
    ['starting', /^Starting a Zoom meeting…$/],
    ['starting-in-thread', /^Starting a Zoom meeting in the thread…$/],
    ['blocked', /^Your browser did not allow .*Open the meeting/s],
    ['said', /^Please open a channel or a thread first/],
];

it.each(CORNER)('d62 the corner looks as it should: %s', async (state, says) => {
    const page = await gallery(browser, {state});
    const notice = page.locator('.zoom-notice');
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(says);
    await looksLike(state, notice);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it('d62 the button in the header turns while a meeting is started', async () => {
    const page = await gallery(browser, {state: 'starting'});
    const button = page.getByRole('button', {name: 'Start Zoom Meeting'});
    await button.locator('.zoom-spinner').waitFor();
    await looksLike('button-starting', button);
    await page.close();
});

it.each([
    ['anyway-busy', /Start a new meeting/],
    ['anyway-done', /A new meeting was started\./],
])('d62 a warning that was answered looks as it should: %s', async (state, says) => {
    const page = await gallery(browser, {state});
    const card = page.locator('.zoom-card');
    const expected = card.locator(
        state === 'anyway-busy' ? '.zoom-spinner' : '[role=status]:not(:empty)',
    );
    await expected.waitFor();
    expect(await card.innerText()).toMatch(says);
    await looksLike(state, card);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it.each([
    ['dark', {theme: 'dark'}, {}],
    ['narrow', {}, {width: 340}],
    ['de', {locale: 'de'}, {}],
    ['ja', {locale: 'ja'}, {}],
])('d36 zm130 the corner is right also in %s', async (name, how, size) => {
    const page = await gallery(browser, {state: 'blocked', ...how}, size);
    const notice = page.locator('.zoom-notice');
    await notice.waitFor();
    await looksLike(`blocked-${name}`, notice);
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
    expect(await barriers(page)).toEqual([]);
    await page.close();
});
