// Compares every state of the built plugin with the screenshots in `screenshots`.
//
// After an intended change, update the screenshots with `cargo xtask screens`, look at them, and commit them.
import type {Browser} from 'playwright-core';
import {afterAll, beforeAll, expect, it} from 'vitest';

import {POSTS} from '../gallery/posts';
import {a11yViolations} from './axe';
import {launch} from './fake-client';
import {openGallery} from './gallery';
import {expectScreenshot} from './screenshot';

let browser: Browser;
beforeAll(async () => {
    browser = await launch();
});
afterAll(() => browser?.close());

/** A text that a card with the status must show. */
const STATUS_TEXTS: Readonly<Record<string, string>> = {
    STARTED: 'In progress',
    ENDED: 'Ended',
    NOT_STARTED: 'Not started',
    RECENTLY_CREATED: 'Start a new meeting',
};

it.each(Object.entries(POSTS))(
    'f09 zm129 zm130 the state %s looks as it should',
    async (state, post) => {
        const page = await openGallery(browser, {state});
        const isCard = (post.props?.type ?? post.type) === 'custom_zoom';
        const expected = isCard ? STATUS_TEXTS[String(post.props?.meeting_status)] : post.message;
        expect(await page.locator(`[data-state="${state}"]`).innerText()).toContain(expected);
        await expectScreenshot(state, page.locator(`[data-state="${state}"]`));
        expect(await a11yViolations(page)).toEqual([]);
        await page.close();
    },
);

const NOTICES: [string, RegExp][] = [
    ['starting', /^Starting a Zoom meeting…$/],
    ['starting-in-thread', /^Starting a Zoom meeting in the thread…$/],
    ['blocked', /^Your browser blocked .*Open meeting/s],
    ['no-channel', /^Open a channel or a thread first/],
];

it.each(NOTICES)('d62 the notice %s looks as it should', async (state, text) => {
    const page = await openGallery(browser, {state});
    const notice = page.locator('.zoom-notice');
    await notice.waitFor();
    expect(await notice.innerText()).toMatch(text);
    await expectScreenshot(state, notice);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it('d62 the header button spins while a meeting is being started', async () => {
    const page = await openGallery(browser, {state: 'starting'});
    const button = page.getByRole('button', {name: 'Start Zoom meeting'});
    await button.locator('.zoom-spinner').waitFor();
    await expectScreenshot('button-starting', button);
    await page.close();
});

it.each([
    ['start-new-busy', /Start a new meeting/],
    ['start-new-done', /A new meeting was started\./],
])('d62 a warning after a click looks as it should: %s', async (state, text) => {
    const page = await openGallery(browser, {state});
    const card = page.locator('.zoom-card');
    const expected = card.locator(
        state === 'start-new-busy' ? '.zoom-spinner' : '[role=status]:not(:empty)',
    );
    await expected.waitFor();
    expect(await card.innerText()).toMatch(text);
    await expectScreenshot(state, card);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it.each([
    ['dark', {theme: 'dark'}, {}],
    ['narrow', {}, {width: 340}],
    ['de', {locale: 'de'}, {}],
    ['ja', {locale: 'ja'}, {}],
])('d36 zm130 the notice looks as it should in %s', async (name, query, size) => {
    const page = await openGallery(browser, {state: 'blocked', ...query}, size);
    const notice = page.locator('.zoom-notice');
    await notice.waitFor();
    await expectScreenshot(`blocked-${name}`, notice);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

const SETTINGS: [string, RegExp][] = [
    ['settings-connected', /Connected as ada@example\.com/],
    ['settings-not-connected', /Not connected/],
    ['settings-managed', /A system admin manages the connection/],
    ['settings-admin', /Connected as admin@example\.com/],
    ['settings-problem', /is not verified/],
    ['settings-failed', /unexpected response/],
    ['settings-loading', /Loading your Zoom settings/],
];

it.each(SETTINGS)('the user settings look as they should: %s', async (state, text) => {
    const page = await openGallery(browser, {state}, {width: 920});
    const dialog = page.getByRole('dialog');
    await dialog.getByText(text).first().waitFor();
    await expectScreenshot(state, dialog);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it.each([
    ['dark', {theme: 'dark'}, {width: 920}],
    ['narrow', {}, {width: 340}],
    ['de', {locale: 'de'}, {width: 920}],
    ['ja', {locale: 'ja'}, {width: 920}],
])('the user settings look as they should in %s', async (name, query, size) => {
    const page = await openGallery(browser, {state: 'settings-admin', ...query}, size);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button').nth(1).click();
    await expect.poll(() => dialog.getByRole('button').count()).toBe(3);
    await expectScreenshot(`settings-disconnect-${name}`, dialog);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it('zm129 a copied link looks as it should', async () => {
    const page = await openGallery(browser, {state: 'copied'});
    const card = page.locator('.zoom-card');
    await card.getByRole('button', {name: 'Copied'}).waitFor();
    expect(await page.getByRole('status').innerText()).toBe('The meeting link was copied.');
    await expectScreenshot('copied', card);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it('f09 in the compact display, the warning looks as it should', async () => {
    const state = 'recently-created';
    const page = await openGallery(browser, {state, display: 'compact'});
    const post = page.locator(`[data-state="${state}"]`);
    expect(await post.innerText()).toContain('(Only visible to you)');
    await expectScreenshot('recently-created-compact', post);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it('zm130 a notice is below the dialogs of the client', async () => {
    const page = await openGallery(browser, {state: 'blocked'});
    await page.locator('.zoom-notice').waitFor();
    // Bootstrap's dialogs are at 1050, and their backdrop is at 1040.
    const level = await page
        .locator('.zoom-notices')
        .evaluate((element) => Number(getComputedStyle(element).zIndex));
    expect(level).toBeGreaterThan(0);
    expect(level).toBeLessThan(1040);
    await page.close();
});

it('zm130 everything looks as it should in a dark theme', async () => {
    const page = await openGallery(browser, {theme: 'dark'});
    await expectScreenshot('all-dark', page);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it('zm130 everything fits on a narrow screen without a scrollbar', async () => {
    const page = await openGallery(browser, {}, {width: 340});
    await expectScreenshot('all-narrow', page);
    const [content, screen] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
    ]);
    expect(content).toBe(screen);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it.each(['17', '19'])('f45 everything looks the same with React %s', async (react) => {
    const page = await openGallery(browser, {}, {width: 340, react});
    await expectScreenshot('all-narrow', page, {update: false});
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it.each(['de', 'fr', 'es', 'ja', 'zh-CN'])(
    'd36 everything looks as it should in %s',
    async (locale) => {
        const page = await openGallery(browser, {locale, clock: '24'});
        await expectScreenshot(`all-${locale}`, page);
        expect(await a11yViolations(page)).toEqual([]);
        await page.close();
    },
);

it.each([
    ['another text', '.zoom-link-note{color:#8aa}', 'zoom-link-note'],
    ['another color on a button', '.btn-primary{color:#aab!important}', 'btn-primary'],
    ['another button', '.zoom-ai-button{color:#fff;background:#4a7ce8}', 'zoom-ai-button'],
])('d63 axe finds low contrast of %s', async (_, style, expected) => {
    const page = await openGallery(browser, {});
    await page.addStyleTag({content: style});
    const [first, ...others] = await a11yViolations(page);
    expect(first).toMatch(new RegExp(`^color-contrast .*${expected}`, 's'));
    expect(others).toEqual([]);
    await page.close();
});

it.each(['light', 'dark'])(
    'd63 the focus is visible on every button in a %s theme',
    async (theme) => {
        const page = await openGallery(browser, {theme});
        const count = await page.locator('.zoom-card .btn, .zoom-ai-button').count();
        expect(count).toBeGreaterThan(8);
        const outlines: string[] = [];
        for (let step = 0; outlines.length < count; step += 1) {
            // oxlint-disable-next-line no-await-in-loop -- one key after the other
            await page.keyboard.press('Tab');
            // oxlint-disable-next-line no-await-in-loop
            const outline = await page.evaluate(() => {
                const focused = document.activeElement;
                const {outlineStyle, outlineWidth} = getComputedStyle(focused ?? document.body);
                return focused?.matches('.btn, .zoom-ai-button')
                    ? `${outlineStyle} ${outlineWidth}`
                    : '';
            });
            if (outline !== '') {
                outlines.push(outline);
            }
            expect(step).toBeLessThan(count + 10);
        }
        expect(new Set(outlines)).toEqual(new Set(['solid 2px']));
        await page.close();
    },
);

/** The positions of the buttons of the warning. */
async function buttonPositions(
    width: number,
): Promise<{left: number; right: number; top: number}[]> {
    const page = await openGallery(browser, {state: 'recently-created'}, {width});
    const positions = await page.locator('.zoom-actions .btn').evaluateAll((all) =>
        all.map((button) => {
            const {left, right, top} = button.getBoundingClientRect();
            return {left, right, top};
        }),
    );
    await page.close();
    return positions;
}

it('zm130 two buttons have a gap of 8 pixels, and start at the same edge when they wrap', async () => {
    const [join, start] = await buttonPositions(720);
    expect((start?.left ?? 0) - (join?.right ?? 0)).toBe(8);
    const [above, below] = await buttonPositions(340);
    expect(below?.left).toBe(above?.left);
    expect(below?.top).toBeGreaterThan(above?.top ?? 0);
});

it('zm130 a long label fits into its button on a narrow screen', async () => {
    const page = await openGallery(
        browser,
        {locale: 'de', state: 'recently-created'},
        {width: 340},
    );
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
