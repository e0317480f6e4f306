// The plugin as people meet it: a real server, a real browser, and clients of both eras.
import type {Browser, BrowserContext, Page} from 'playwright-core';
import {afterAll, afterEach, beforeAll, expect, it, onTestFailed} from 'vitest';

import {barriers} from './axe';
import {launch, openClient, signIn, type Look} from './client';
import {de} from '../src/text/de';
import {en} from '../src/text/en';
import {es} from '../src/text/es';
import {fr} from '../src/text/fr';
import {ja} from '../src/text/ja';
import {zhCN} from '../src/text/zh-CN';
import {Site, type Person} from './site';

const ERAS: NonNullable<Look['react']>[] = ['17', '18'];
const BUTTON = {name: 'Start Zoom Meeting'};

let site: Site;
let browser: Browser;
let strict: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
    [site, browser, strict] = await Promise.all([
        Site.start(),
        launch(),
        launch({blockPopups: true}),
    ]);
});

afterEach(async () => {
    await site.order('release');
    await Promise.all(contexts.splice(0).map((context) => context.close()));
});

afterAll(async () => {
    await browser?.close();
    await strict?.close();
    await site?.close();
});

/** A person, their browser and a window of it. */
async function someone(
    options: {connected?: boolean; beside?: string; look?: Look; on?: Browser} = {},
): Promise<{person: Person; context: BrowserContext; page: Page}> {
    const {connected = true, beside} = options;
    const person = await site.person({connected, ...(beside && {beside})});
    const context = await signIn(options.on ?? browser, site, person);
    contexts.push(context);
    const page = await openClient(context, site, person, options.look);
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(String(error)));
    onTestFailed(() => console.warn(said.join('\n')));
    return {person, context, page};
}

/** The tab that opens when something is done. */
async function tabOf(context: BrowserContext, action: () => Promise<unknown>): Promise<Page> {
    const [tab] = await Promise.all([context.waitForEvent('page'), action()]);
    await tab.waitForLoadState();
    return tab;
}

const meetings = (page: Page) => page.locator('[aria-label=Posts] [data-type=custom_zoom]');

it.each(ERAS)(
    'zm126 zm129 React %s: a click on the icon posts the meeting and opens it',
    async (react) => {
        const {context, page} = await someone({look: {react}});
        const tab = await tabOf(context, () => page.getByRole('button', BUTTON).click());
        const link = page.getByRole('link', {name: /^Join meeting/});
        expect(tab.url()).toBe(await link.getAttribute('href'));
        expect(tab.url().startsWith(site.zoom)).toBe(true);
        expect(await tab.evaluate(() => window.opener)).toBeNull();
        await expect.poll(() => meetings(page).count()).toBe(1);
        // The link of a self-hosted Zoom, and this stand-in is one, needs no warning.
        await expect.poll(() => page.getByText('This link leads to').count()).toBe(0);
    },
);

it.each(ERAS)(
    'zm126 d19 React %s: a second window of the same user opens nothing',
    async (react) => {
        const {person, context, page} = await someone({look: {react}});
        const second = await openClient(context, site, person, {react});
        await tabOf(context, () => page.getByRole('button', BUTTON).click());
        // The post has come to the second window, so whatever was for it has come, too.
        await meetings(second).waitFor();
        expect(context.pages()).toHaveLength(3);
    },
);

it('zm126 a command opens the meeting in the window in which it was typed', async () => {
    const {person, context, page} = await someone();
    const second = await openClient(context, site, person);
    const tab = await tabOf(context, async () => {
        await page.getByLabel('Write').fill('/zoom start Typed');
        await page.getByLabel('Write').press('Enter');
    });
    await meetings(second).waitFor();
    await second.getByRole('group', {name: 'Typed'}).waitFor();
    expect(await tab.evaluate(() => window.opener)).toBeNull();
    expect(context.pages()).toHaveLength(3);
});

it.each(ERAS)(
    'zm129 d43 React %s: the post says by itself that the meeting is over',
    async (react) => {
        const {context, page} = await someone({look: {react}});
        await tabOf(context, () => page.getByRole('button', BUTTON).click());
        const post = await meetings(page).getAttribute('data-post-id');
        await site.order('end', {post});
        await page.getByText('The meeting has ended.').waitFor();
        await expect.poll(() => page.getByRole('link', {name: /^Join/}).count()).toBe(0);
        expect(await meetings(page).locator('dl').textContent()).toMatch(
            /^Date.+\d{4}, \d{1,2}:\d{2} [AP]MLength\d+ minutes?$/,
        );
    },
);

it('d62 a meeting started beside an open thread is posted in the thread', async () => {
    const {person, context, page} = await someone();
    const root = await site.order<string>('write', {person: person.id, message: 'A topic'});
    await page.locator(`[data-post-id="${root}"]`).waitFor();
    await page.evaluate((id) => {
        const {testStore} = window as unknown as {testStore: {dispatch(action: object): void}};
        testStore.dispatch({type: 'THREAD_OPENED', id});
    }, root);
    await tabOf(context, () => page.locator('#app-bar-icon-zoom [role=button]').click());
    await page.locator('[aria-label=Replies] [data-type=custom_zoom]').waitFor();
    expect(await meetings(page).count()).toBe(0);
});

it.each(ERAS)(
    'zm122 React %s: in the list of threads the meeting goes to the selected one',
    async (react) => {
        const {person, context, page} = await someone({look: {react, threads: true}});
        const root = await site.order<string>('write', {person: person.id, message: 'A topic'});
        await page.evaluate((id) => {
            const {testStore} = window as unknown as {testStore: {dispatch(action: object): void}};
            testStore.dispatch({type: 'THREADS_SELECTED', id});
        }, root);
        await tabOf(context, () => page.locator('#app-bar-icon-zoom [role=button]').click());
        const posts = await site.order<{root_id: string; type: string}[]>('posts', {
            channel: person.channel,
        });
        expect(posts.find((post) => post.type === 'custom_zoom')?.root_id).toBe(root);
    },
);

it.each(ERAS)(
    'zm129 React %s: who comes second is warned, and joins or starts anyway',
    async (react) => {
        const ada = await someone({look: {react}});
        await tabOf(ada.context, () => ada.page.getByRole('button', BUTTON).click());
        const bob = await someone({beside: ada.person.id, look: {react}});
        await bob.page.getByRole('button', BUTTON).click();
        await bob.page.getByText(/has started a meeting in this channel a moment ago/).waitFor();
        const join = bob.page.getByRole('link', {name: /^Join existing meeting/});
        const adas = bob.page.getByRole('link', {name: /^Join meeting/}).first();
        expect(await join.getAttribute('href')).toBe(await adas.getAttribute('href'));
        const tab = await tabOf(bob.context, () =>
            bob.page.getByRole('button', {name: 'Start a new meeting'}).click(),
        );
        expect(tab.url()).not.toBe(await join.getAttribute('href'));
        await bob.page.getByText('A new meeting was started.').waitFor();
        await expect
            .poll(() => bob.page.getByRole('link', {name: /^Join meeting/}).count())
            .toBe(2);
    },
);

it('zm126 who is not connected is given the link, and after connecting is asked which meeting id to use', async () => {
    const {context, page} = await someone({connected: false});
    await page.getByRole('button', BUTTON).click();
    const link = page.locator('[data-type=system_ephemeral] a').first();
    await link.waitFor();
    const route = `${site.url}/plugins/zoom/oauth2/connect`;
    expect((await link.getAttribute('href'))?.split('?')[0]).toBe(route);
    const away = await context.newPage();
    await away.goto((await link.getAttribute('href')) ?? '');
    await away.waitForURL(/\/oauth2\/complete/);
    // Connected, and asked once which meeting id to use.
    await expect
        .poll(() => page.locator('[data-type=system_ephemeral]').count())
        .toBeGreaterThan(1);
});

it('d62 a double click starts one meeting', async () => {
    const {context, page} = await someone();
    const before = await site.order<number>('count', {route: 'meetings'});
    await tabOf(context, () => page.getByRole('button', BUTTON).dblclick());
    await meetings(page).waitFor();
    expect(await site.order<number>('count', {route: 'meetings'})).toBe(before + 1);
    expect(await page.getByText(/a moment ago/).count()).toBe(0);
    expect(context.pages()).toHaveLength(2);
});

it('d62 while Zoom thinks, the window says so, and afterwards no more', async () => {
    const {context, page} = await someone();
    await site.order('fail', {route: 'meetings', fault: 'silence'});
    await page.getByRole('button', BUTTON).click();
    await page.getByRole('status').getByText('Starting a Zoom meeting…').waitFor();
    expect(await page.locator('.channel-header .zoom-spinner').count()).toBe(1);
    await site.order('release');
    await expect.poll(() => page.locator('.zoom-spinner').count()).toBe(0);
    expect(context.pages().length).toBeLessThan(3);
});

it.each(ERAS)(
    'd26 d62 React %s: what went wrong is said by the bot where the click was',
    async (react) => {
        const {page} = await someone({look: {react}});
        await site.order('fail', {route: 'meetings', fault: 'server error'});
        await page.getByRole('button', BUTTON).click();
        const told = page.locator('[data-type=system_ephemeral]').last();
        await told.waitFor();
        expect(await told.textContent()).toContain('Zoom');
        // Nothing of what Zoom said behind the scenes.
        expect(await told.textContent()).not.toContain('trace-5c1d');
    },
);

it('d62 where the browser blocks the tab there is a link to click', async () => {
    const {context, page} = await someone({on: strict});
    // A click gives the right to open a tab for a few seconds, and so does every question that is put to
    // the page from outside. So the page tells by itself when the right is gone, and what it says then.
    const says = (words: string) =>
        page.waitForEvent('console', (message) => message.text().includes(words));
    await page.evaluate(() => {
        setInterval(() => {
            const {isActive} = navigator.userActivation;
            console.warn(isActive ? 'active' : 'inactive', document.body.textContent);
        }, 100);
    });
    const [gone, told] = [says('inactive'), says('did not allow')];
    await context.route(/api\/v1\/meetings/, async (route) => {
        await gone;
        await route.continue();
    });
    await page.getByRole('button', BUTTON).click();
    await told;
    const notice = page.getByRole('status').filter({hasText: 'did not allow'});
    expect(context.pages()).toHaveLength(1);
    const tab = await tabOf(context, () => notice.getByRole('link').click());
    expect(tab.url().startsWith(`${site.zoom}/j/`)).toBe(true);
    await expect.poll(() => notice.count()).toBe(0);
});

const LANGUAGES = {de, fr, es, ja, 'zh-CN': zhCN};

it.each(Object.entries(LANGUAGES))('d36 everything is said in %s', async (locale, catalogue) => {
    const {context, page} = await someone({look: {locale}});
    const button = page.locator('.channel-header__icon');
    expect(await button.getAttribute('aria-label')).toBe(catalogue.start);
    await tabOf(context, () => button.click());
    await meetings(page).waitFor();
    const body = (await meetings(page).locator('.post__body').textContent()) ?? '';
    for (const key of ['haveStarted', 'inProgress', 'join'] as const) {
        expect(body).toContain(catalogue[key]);
        expect(catalogue[key]).not.toBe(en[key]);
    }
});

it.each(ERAS)(
    'd63 React %s: axe finds nothing, with a meeting, a warning and an error',
    async (react) => {
        const ada = await someone({look: {react}});
        await tabOf(ada.context, () => ada.page.getByRole('button', BUTTON).click());
        const bob = await someone({beside: ada.person.id, look: {react}});
        await bob.page.getByRole('button', BUTTON).click();
        await bob.page.getByText(/a moment ago/).waitFor();
        await site.order('fail', {route: 'meetings', fault: 'server error'});
        await bob.page.getByRole('button', {name: 'Start a new meeting'}).click();
        // The warning is drawn by the plugin and so of another type.
        await bob.page.locator('[data-type=system_ephemeral]').waitFor();
        expect(await barriers(bob.page)).toEqual([]);
    },
);

it('d63 all of it can be done from the keyboard, in the order in which it is read', async () => {
    const {context, page} = await someone();
    await page.keyboard.press('Tab');
    const tab = await tabOf(context, () => page.keyboard.press('Enter'));
    await page.bringToFront();
    await meetings(page).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Join meeting/);
    const again = await tabOf(context, () => page.keyboard.press('Enter'));
    expect(again.url()).toBe(tab.url());
});
