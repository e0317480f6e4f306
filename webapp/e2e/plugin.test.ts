// The plugin on a real server, in a real browser, in clients with all versions of React.
import type {Browser, BrowserContext, Page} from 'playwright-core';
import {afterAll, afterEach, beforeAll, expect, it, onTestFailed} from 'vitest';

import {catalogs, english} from '../src/i18n/catalogs';
import {barriers} from './axe';
import {launch, openClient, signIn, type Look} from './fake-client';
import {Site, type Person} from './site';

const ERAS: NonNullable<Look['react']>[] = ['17', '18', '19'];

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

/** A person, their browser, and a window with the client. */
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

/** The tab that an action opens. */
async function tabOf(context: BrowserContext, action: () => Promise<unknown>): Promise<Page> {
    const [tab] = await Promise.all([context.waitForEvent('page'), action()]);
    await tab.waitForLoadState();
    return tab;
}

/** The button that starts a meeting: in the app bar, or in the channel header if there is no app bar. */
const button = (page: Page) =>
    page.locator('#app-bar-icon-zoom [role=button], .channel-header__icon');

const meetings = (page: Page) => page.locator('[aria-label=Posts] [data-type=custom_zoom]');

/** Types a slash command. */
async function type(page: Page, command: string): Promise<void> {
    await page.getByLabel('Write').fill(command);
    await page.getByLabel('Write').press('Enter');
}

/** Sends a request with the session of the page's user. Returns the status. */
function post(page: Page, path: string, body: object): Promise<number> {
    return page.evaluate(
        async ([to, content]) => {
            const csrf = /(?:^|; )MMCSRF=([^;]*)/.exec(document.cookie)?.[1] ?? '';
            const response = await fetch(to, {
                method: 'POST',
                headers: {
                    'Content-Type': 'application/json',
                    'X-CSRF-Token': csrf,
                    'X-Requested-With': 'XMLHttpRequest',
                },
                body: content,
            });
            return response.status;
        },
        [path, JSON.stringify(body)] as const,
    );
}

/** The ID of the page's websocket connection. */
function connectionOf(page: Page): Promise<string> {
    return page.evaluate(() => {
        const {testStore} = window as unknown as {
            testStore: {getState(): {websocket: {connectionId: string}}};
        };
        return testStore.getState().websocket.connectionId;
    });
}

it.each(
    ERAS.flatMap((react) => [
        {react, appBar: true},
        {react, appBar: false},
    ]),
)(
    'f45 zm126 zm129 React $react, app bar $appBar: a click on the icon posts the meeting and opens it',
    async (look) => {
        const {context, page} = await someone({look});
        expect(await page.locator('.channel-header__icon').count()).toBe(look.appBar ? 0 : 1);
        const tab = await tabOf(context, () => button(page).click());
        const link = page.getByRole('link', {name: /^Join meeting/});
        expect(tab.url()).toBe(await link.getAttribute('href'));
        expect(tab.url().startsWith(site.zoom)).toBe(true);
        expect(await tab.evaluate(() => window.opener)).toBeNull();
        await expect.poll(() => meetings(page).count()).toBe(1);
        // The mock Zoom server is the configured one, so its host is not named.
        await expect.poll(() => page.getByText('This link leads to').count()).toBe(0);
    },
);

it.each(ERAS)(
    'f12 f45 zm126 d19 React %s: a second window of the same user opens nothing',
    async (react) => {
        const {person, context, page} = await someone({look: {react}});
        const second = await openClient(context, site, person, {react});
        await tabOf(context, () => button(page).click());
        // The event is sent before the second window receives the post.
        await meetings(second).waitFor();
        expect(context.pages()).toHaveLength(3);
    },
);

it('f12 a member cannot open a meeting in the client of another person', async () => {
    const victim = await someone();
    const {person, page, context} = await someone({beside: victim.person.id});
    const path = '/plugins/zoom/api/v1/meetings';
    const status = await post(page, path, {
        channel_id: person.channel,
        root_id: '',
        topic: 'Trap',
        connection_id: await connectionOf(victim.page),
    });
    expect(status).toBe(200);
    await victim.page.getByRole('group', {name: 'Trap'}).waitFor();
    await page.getByRole('group', {name: 'Trap'}).waitFor();
    expect(victim.context.pages()).toHaveLength(1);
    // No client of the member has that connection either.
    expect(context.pages()).toHaveLength(1);
});

it('f12 a window with the connection ID that a request names opens the meeting', async () => {
    const {person, page, context} = await someone();
    const second = await openClient(context, site, person);
    const connection_id = await connectionOf(second);
    const tab = await tabOf(context, () =>
        post(page, '/plugins/zoom/api/v1/meetings', {
            channel_id: person.channel,
            root_id: '',
            topic: '',
            connection_id,
        }),
    );
    expect(await tab.opener()).toBe(second);
    await meetings(page).waitFor();
    expect(context.pages()).toHaveLength(3);
});

it('f12 zm126 a command opens the meeting in the window in which it was typed', async () => {
    const {person, context, page} = await someone();
    const second = await openClient(context, site, person);
    const tab = await tabOf(context, () => type(page, '/zoom start Typed'));
    await meetings(second).waitFor();
    await second.getByRole('group', {name: 'Typed'}).waitFor();
    expect(await tab.evaluate(() => window.opener)).toBeNull();
    expect(context.pages()).toHaveLength(3);
});

it.each(ERAS)(
    'f45 zm129 d43 React %s: the post changes when the meeting has ended',
    async (react) => {
        const {context, page} = await someone({look: {react}});
        await tabOf(context, () => button(page).click());
        const id = await meetings(page).getAttribute('data-post-id');
        await site.order('end', {post: id});
        await page.getByText('The meeting has ended.').waitFor();
        await expect.poll(() => page.getByRole('link', {name: /^Join/}).count()).toBe(0);
        expect(await meetings(page).locator('dl').textContent()).toMatch(
            /^Date.+\d{4}, \d{1,2}:\d{2} [AP]MDuration\d+ minutes?$/,
        );
    },
);

it('d62 a meeting started next to an open thread is posted in the thread', async () => {
    const {person, context, page} = await someone();
    const root = await site.order<string>('write', {person: person.id, message: 'A topic'});
    await page.locator(`[data-post-id="${root}"]`).waitFor();
    await page.evaluate((id) => {
        const {testStore} = window as unknown as {testStore: {dispatch(action: object): void}};
        testStore.dispatch({type: 'THREAD_OPENED', id});
    }, root);
    await tabOf(context, () => button(page).click());
    await page.locator('[aria-label=Replies] [data-type=custom_zoom]').waitFor();
    expect(await meetings(page).count()).toBe(0);
});

it.each(ERAS)(
    'f45 zm122 React %s: in the list of threads, the meeting is posted in the selected one',
    async (react) => {
        const {person, context, page} = await someone({look: {react, threads: true}});
        const root = await site.order<string>('write', {person: person.id, message: 'A topic'});
        await page.evaluate((id) => {
            const {testStore} = window as unknown as {testStore: {dispatch(action: object): void}};
            testStore.dispatch({type: 'THREADS_SELECTED', id});
        }, root);
        await tabOf(context, () => button(page).click());
        const posts = await site.order<{root_id: string; type: string}[]>('posts', {
            channel: person.channel,
        });
        expect(posts.find(({type: kind}) => kind === 'custom_zoom')?.root_id).toBe(root);
    },
);

it.each(ERAS)(
    'f09 f45 zm129 React %s: the warning is one card about the existing meeting',
    async (react) => {
        const ada = await someone({look: {react}});
        await tabOf(ada.context, () => type(ada.page, '/zoom start Release of 2.0'));
        const bob = await someone({beside: ada.person.id, look: {react}});
        await type(bob.page, '/zoom start My own');
        const warning = bob.page.locator('.post--system[data-type=custom_zoom]');
        await warning.waitFor();
        expect(await warning.locator('.attachment').count()).toBe(0);
        expect(await warning.locator('.zoom-card').count()).toBe(1);
        expect(await warning.getByRole('heading').allTextContents()).toEqual(['Release of 2.0']);
        expect(await warning.textContent()).not.toContain('My own');
        // The client loads the profile of the bot before the name is shown.
        await warning.getByText(`@${ada.person.name}`).waitFor();
        expect(await warning.locator('dl').textContent()).toMatch(/Started.+\d{4}/);
        const join = warning.getByRole('link', {name: /^Join existing meeting/});
        const adas = bob.page.getByRole('link', {name: /^Join meeting/}).first();
        expect(await join.getAttribute('href')).toBe(await adas.getAttribute('href'));
        const tab = await tabOf(bob.context, () =>
            warning.getByRole('button', {name: 'Start a new meeting'}).click(),
        );
        expect(tab.url()).not.toBe(await join.getAttribute('href'));
        await bob.page.getByText('A new meeting was started.').waitFor();
        await bob.page.getByRole('group', {name: 'My own'}).waitFor();
    },
);

it.each(ERAS)('f11 f45 React %s: a member cannot wear another name', async (react) => {
    const {person, page} = await someone({look: {react}});
    const ceo = await someone({beside: person.id, look: {react}});
    const props = {
        from_bot: 'true',
        meeting_creator_username: ceo.person.name,
        meeting_provider: 'Zoom',
        meeting_topic: 'Forged',
        meeting_link: `${site.zoom}/j/1`,
    };
    for (const status of ['STARTED', 'ENDED', 'NOT_STARTED', 'RECENTLY_CREATED']) {
        // oxlint-disable-next-line no-await-in-loop -- one post after the other
        const answer = await post(page, '/api/v4/posts', {
            channel_id: person.channel,
            message: status,
            type: 'custom_zoom',
            props: {...props, meeting_status: status, type: 'custom_zoom'},
        });
        expect(answer).toBe(201);
    }
    const posts = meetings(ceo.page);
    await expect.poll(() => posts.count()).toBe(4);
    // The name of the author is there, so the client knows that the author is not a bot.
    await expect.poll(() => posts.getByText(person.name, {exact: true}).count()).toBe(4);
    expect((await posts.allTextContents()).join('\n')).not.toContain(ceo.person.name);
    expect(await posts.getByRole('button').count()).toBe(0);
});

it('f12 zm126 after connecting and the question about the meeting ID, the window that asked opens the meeting', async () => {
    const {person, context, page} = await someone({connected: false});
    const second = await openClient(context, site, person);
    await page.bringToFront();
    await button(page).click();
    const link = page.locator('[data-type=system_ephemeral] a').first();
    await link.waitFor();
    const route = `${site.url}/plugins/zoom/oauth2/connect`;
    expect((await link.getAttribute('href'))?.split('?')[0]).toBe(route);
    const away = await context.newPage();
    await away.goto((await link.getAttribute('href')) ?? '');
    await away.waitForURL(/\/oauth2\/complete/);
    await page.bringToFront();
    const answers = page.locator('.attachment__actions button');
    await answers.first().waitFor();
    const tab = await tabOf(context, () => answers.last().click());
    expect(tab.url().startsWith(`${site.zoom}/j/`)).toBe(true);
    await meetings(second).waitFor();
    // The two clients, the page of the OAuth callback, and the meeting.
    expect(context.pages()).toHaveLength(4);
});

it('d62 a double click starts one meeting', async () => {
    const {context, page} = await someone();
    const before = await site.order<number>('count', {route: 'meetings'});
    await tabOf(context, () => button(page).dblclick());
    await meetings(page).waitFor();
    expect(await site.order<number>('count', {route: 'meetings'})).toBe(before + 1);
    // Neither a sentence of the bot nor the warning that there is a meeting already.
    const told = page.locator('[data-type=system_ephemeral], .post--system[data-type=custom_zoom]');
    expect(await told.allTextContents()).toEqual([]);
    expect(context.pages()).toHaveLength(2);
});

it('d62 while Zoom does not answer, the client shows the progress', async () => {
    const {context, page} = await someone({look: {appBar: false}});
    await site.order('fail', {route: 'meetings', fault: 'silence'});
    await button(page).click();
    await page.getByRole('status').getByText('Starting a Zoom meeting…').waitFor();
    expect(await page.locator('.channel-header .zoom-spinner').count()).toBe(1);
    await site.order('release');
    await expect.poll(() => page.locator('.zoom-spinner').count()).toBe(0);
    expect(context.pages().length).toBeLessThan(3);
});

it.each(ERAS)(
    'f45 d26 d62 React %s: the bot reports an error where the click was',
    async (react) => {
        const {page} = await someone({look: {react}});
        await site.order('fail', {route: 'meetings', fault: 'server error'});
        await button(page).click();
        const told = page.locator('[data-type=system_ephemeral]').last();
        await told.waitFor();
        expect(await told.textContent()).toContain('Zoom');
        // Nothing of Zoom's own error.
        expect(await told.textContent()).not.toContain('trace-5c1d');
    },
);

it('d62 if the browser blocks the tab, a notice has a link', async () => {
    const {context, page} = await someone({on: strict});
    // A click allows the page to open a tab for a few seconds, and so does every call of Playwright into the page. So
    // the page itself reports when the permission has expired.
    const says = (words: string) =>
        page.waitForEvent('console', (message) => message.text().includes(words));
    await page.evaluate(() => {
        setInterval(() => {
            const {isActive} = navigator.userActivation;
            console.warn(isActive ? 'active' : 'inactive', document.body.textContent);
        }, 100);
    });
    const [expired, told] = [says('inactive'), says(english.blocked)];
    await context.route(/api\/v1\/meetings/, async (route) => {
        await expired;
        await route.continue();
    });
    await button(page).click();
    await told;
    const notice = page.getByRole('status').filter({hasText: english.blocked});
    expect(context.pages()).toHaveLength(1);
    const tab = await tabOf(context, () => notice.getByRole('link').click());
    expect(tab.url().startsWith(`${site.zoom}/j/`)).toBe(true);
    await expect.poll(() => notice.count()).toBe(0);
});

const LANGUAGES = Object.entries(catalogs).filter(([locale]) => locale !== 'en');

it.each(LANGUAGES)('d36 the button and the card are in %s', async (locale, catalog) => {
    const {context, page} = await someone({look: {locale, appBar: false}});
    expect(await button(page).getAttribute('aria-label')).toBe(catalog.start);
    await tabOf(context, () => button(page).click());
    await meetings(page).waitFor();
    const body = (await meetings(page).locator('.post__body').textContent()) ?? '';
    for (const key of ['haveStarted', 'statusInProgress', 'join'] as const) {
        expect(body).toContain(catalog[key]);
        expect(catalog[key]).not.toBe(english[key]);
    }
});

it.each(ERAS)(
    'f45 d63 React %s: axe finds no barrier in a meeting, a warning, and an error',
    async (react) => {
        const look = {react, appBar: false};
        const ada = await someone({look});
        await tabOf(ada.context, () => button(ada.page).click());
        const bob = await someone({beside: ada.person.id, look});
        await button(bob.page).click();
        await bob.page.locator('.post--system .zoom-card').waitFor();
        await site.order('fail', {route: 'meetings', fault: 'server error'});
        await bob.page.getByRole('button', {name: 'Start a new meeting'}).click();
        // The plugin draws the warning, so only the error has this type.
        await bob.page.locator('[data-type=system_ephemeral]').waitFor();
        expect(await barriers(bob.page)).toEqual([]);
    },
);

it('d63 everything can be done with the keyboard, in reading order', async () => {
    const {context, page} = await someone({look: {appBar: false}});
    await page.keyboard.press('Tab');
    const tab = await tabOf(context, () => page.keyboard.press('Enter'));
    await page.bringToFront();
    await meetings(page).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Join meeting/);
    const again = await tabOf(context, () => page.keyboard.press('Enter'));
    expect(again.url()).toBe(tab.url());
});
