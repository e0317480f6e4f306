// Compares every state of the built plugin with the screenshots in `screenshots`.
//
// After an intended change, update the screenshots with `cargo xtask screens`, look at them, and commit them.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';

import pixelmatch from 'pixelmatch';
import type {Browser, Locator, Page} from 'playwright-core';
import {PNG} from 'pngjs';
import {afterAll, beforeAll, expect, it} from 'vitest';

import {STATES} from '../gallery/posts';
import {barriers} from './axe';
import {launch} from './fake-client';
import {file, gallery} from './gallery';

/** Pixels at the edges of letters that may differ. A dot, a border, or a letter has more. */
const MAY_DIFFER = 60;

let browser: Browser;
beforeAll(async () => {
    browser = await launch();
});
afterAll(() => browser?.close());

/** Compares a page or an element with a screenshot, or updates the screenshot. */
async function looksLike(
    name: string,
    seen: Page | Locator,
    {update = Boolean(process.env.UPDATE_SCREENS)} = {},
): Promise<void> {
    if ('goto' in seen) {
        // Cards far from the viewport are not drawn, so the viewport must contain everything.
        const {width, height} = await seen.evaluate(() => ({
            width: window.innerWidth,
            height: document.documentElement.scrollHeight + 400,
        }));
        await seen.setViewportSize({width, height});
    }
    const part = 'goto' in seen ? seen.locator('#root') : seen;
    const taken = await part.screenshot({animations: 'disabled'});
    const path = file(`e2e/screenshots/${name}.png`);
    if (update) {
        mkdirSync(file('e2e/screenshots'), {recursive: true});
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
        mkdirSync(file('build/screenshots'), {recursive: true});
        writeFileSync(file(`build/screenshots/${name}.png`), taken);
        writeFileSync(file(`build/screenshots/${name}.diff.png`), PNG.sync.write(diff));
    }
    expect([actual.width, actual.height], `size; see build/screenshots/${name}.png`).toEqual([
        width,
        height,
    ]);
    expect(differing, `pixels; see build/screenshots/${name}.diff.png`).toBeLessThanOrEqual(
        MAY_DIFFER,
    );
}

/** A text that each state must show. */
const SHOWN: Readonly<Record<string, string>> = {
    STARTED: 'In progress',
    ENDED: 'Ended',
    NOT_STARTED: 'Not started',
    RECENTLY_CREATED: 'Start a new meeting',
};

it.each(Object.entries(STATES))(
    'f09 zm129 zm130 the state %s looks as it should',
    async (state, post) => {
        const page = await gallery(browser, {state});
        const isCard = (post.props?.type ?? post.type) === 'custom_zoom';
        const expected = isCard ? SHOWN[String(post.props?.meeting_status)] : post.message;
        expect(await page.locator(`[data-state="${state}"]`).innerText()).toContain(expected);
        await looksLike(state, page.locator(`[data-state="${state}"]`));
        expect(await barriers(page)).toEqual([]);
        await page.close();
    },
);

const CORNER: [string, RegExp][] = [
    ['starting', /^Starting a Zoom meeting…$/],
    ['starting-in-thread', /^Starting a Zoom meeting in the thread…$/],
    ['blocked', /^Your browser blocked .*Open meeting/s],
    ['no-channel', /^Open a channel or a thread first/],
];

it.each(CORNER)('d62 the notice %s looks as it should', async (state, says) => {
    const page = await gallery(browser, {state});
    const notice = page.locator('.zoom-notice');
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(says);
    await looksLike(state, notice);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it('d62 the header button turns while a meeting is started', async () => {
    const page = await gallery(browser, {state: 'starting'});
    const button = page.getByRole('button', {name: 'Start Zoom meeting'});
    await button.locator('.zoom-spinner').waitFor();
    await looksLike('button-starting', button);
    await page.close();
});

it.each([
    ['start-new-busy', /Start a new meeting/],
    ['start-new-done', /A new meeting was started\./],
])('d62 a warning after a click looks as it should: %s', async (state, says) => {
    const page = await gallery(browser, {state});
    const card = page.locator('.zoom-card');
    const expected = card.locator(
        state === 'start-new-busy' ? '.zoom-spinner' : '[role=status]:not(:empty)',
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
])('d36 zm130 the notice looks as it should in %s', async (name, how, size) => {
    const page = await gallery(browser, {state: 'blocked', ...how}, size);
    const notice = page.locator('.zoom-notice');
    await notice.waitFor();
    await looksLike(`blocked-${name}`, notice);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it('zm130 everything looks as it should in a dark theme', async () => {
    const page = await gallery(browser, {theme: 'dark'});
    await looksLike('all-dark', page);
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it('zm130 everything fits on a narrow screen without a scrollbar', async () => {
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

it.each(['17', '19'])('f45 everything looks the same with React %s', async (react) => {
    const page = await gallery(browser, {}, {width: 340, react});
    await looksLike('all-narrow', page, {update: false});
    expect(await barriers(page)).toEqual([]);
    await page.close();
});

it.each(['de', 'fr', 'es', 'ja', 'zh-CN'])(
    'd36 everything looks as it should in %s',
    async (locale) => {
        const page = await gallery(browser, {locale, clock: '24'});
        await looksLike(`all-${locale}`, page);
        expect(await barriers(page)).toEqual([]);
        await page.close();
    },
);

it.each([
    ['another text', '.zoom-foreign{color:#8aa}', 'zoom-foreign'],
    ['another color on a button', '.btn-primary{color:#aab!important}', 'btn-primary'],
    ['another button', '.zoom-ai{color:#fff;background:#4a7ce8}', 'zoom-ai'],
])('d63 axe finds a low contrast of %s', async (_, style, expected) => {
    const page = await gallery(browser, {});
    await page.addStyleTag({content: style});
    const [found, ...others] = await barriers(page);
    expect(found).toMatch(new RegExp(`^color-contrast .*${expected}`, 's'));
    expect(others).toEqual([]);
    await page.close();
});

it.each(['light', 'dark'])(
    'd63 the focus is visible on every button in a %s theme',
    async (theme) => {
        const page = await gallery(browser, {theme});
        const count = await page.locator('.zoom-card .btn, .zoom-ai').count();
        expect(count).toBeGreaterThan(8);
        const seen: string[] = [];
        for (let step = 0; seen.length < count; step += 1) {
            // oxlint-disable-next-line no-await-in-loop -- one key after the other
            await page.keyboard.press('Tab');
            // oxlint-disable-next-line no-await-in-loop
            const outline = await page.evaluate(() => {
                const focused = document.activeElement;
                const {outlineStyle, outlineWidth} = getComputedStyle(focused ?? document.body);
                return focused?.matches('.btn, .zoom-ai') ? `${outlineStyle} ${outlineWidth}` : '';
            });
            if (outline !== '') {
                seen.push(outline);
            }
            expect(step).toBeLessThan(count + 10);
        }
        expect(new Set(seen)).toEqual(new Set(['solid 2px']));
        await page.close();
    },
);

/** Where the buttons of the warning are. */
async function buttons(width: number): Promise<{left: number; right: number; top: number}[]> {
    const page = await gallery(browser, {state: 'recently-created'}, {width});
    const found = await page.locator('.zoom-actions .btn').evaluateAll((all) =>
        all.map((button) => {
            const {left, right, top} = button.getBoundingClientRect();
            return {left, right, top};
        }),
    );
    await page.close();
    return found;
}

it('zm130 two buttons have a gap of 8 pixels, and start at the same edge when they wrap', async () => {
    const [join, start] = await buttons(720);
    expect((start?.left ?? 0) - (join?.right ?? 0)).toBe(8);
    const [above, below] = await buttons(340);
    expect(below?.left).toBe(above?.left);
    expect(below?.top).toBeGreaterThan(above?.top ?? 0);
});

it('zm130 a long label fits into its button on a narrow screen', async () => {
    const page = await gallery(browser, {locale: 'de', state: 'recently-created'}, {width: 340});
    const heights = await page.locator('.zoom-actions .btn').evaluateAll((all) =>
        all.map((button) => {
            const label = document.createRange();
            label.selectNodeContents(button);
            return {
                button: button.getBoundingClientRect().height,
                label: label.getBoundingClientRect().height,
            };
        }),
    );
    // The first label has two lines, the second one line.
    expect(heights.map(({label}) => label > 30)).toEqual([true, false]);
    for (const {button, label} of heights) {
        expect(button).toBeGreaterThanOrEqual(Math.max(40, label + 8));
    }
    await page.close();
});
