// The plugin on a real server, in a real browser, in clients with all versions of React.
import type {Browser, BrowserContext, Page} from 'playwright-core';
import {afterAll, afterEach, beforeAll, expect, it, onTestFailed} from 'vitest';

import {catalogs, english} from '../src/i18n/catalogs';
import {a11yViolations} from './axe';
import {type ClientOptions, launch, openClient, signIn} from './fake-client';
import {TestSite, type TestUser} from './site';

const REACT_VERSIONS: NonNullable<ClientOptions['react']>[] = ['17', '18', '19'];

let site: TestSite;
let browser: Browser;
let popupBlockingBrowser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
    [site, browser, popupBlockingBrowser] = await Promise.all([
        TestSite.start(),
        launch(),
        launch({blockPopups: true}),
    ]);
});

afterEach(async () => {
    await site.run('release');
    await Promise.all(contexts.splice(0).map((context) => context.close()));
});

afterAll(async () => {
    await browser?.close();
    await popupBlockingBrowser?.close();
    await site?.close();
});

interface Session {
    user: TestUser;
    context: BrowserContext;
    page: Page;
}

/** Creates a user, signs the user in, and opens a window with the client. */
async function openSession(
    options: {
        connected?: boolean;
        /** Whether the user is a system admin. */
        administrator?: boolean;
        /** The ID of the user whose channel the new user joins. By default, the new user has a channel of their own. */
        inChannelOf?: string;
        client?: ClientOptions;
        browserToUse?: Browser;
    } = {},
): Promise<Session> {
    const {connected = true, administrator = false, inChannelOf} = options;
    const user = await site.createUser({connected, administrator, inChannelOf});
    const context = await signIn(options.browserToUse ?? browser, site, user);
    contexts.push(context);
    const page = await openClient(context, site, user, options.client);
    const log: string[] = [];
    page.on('console', (message) => log.push(message.text()));
    page.on('pageerror', (error) => log.push(String(error)));
    onTestFailed(() => console.warn(log.join('\n')));
    return {user, context, page};
}

/** The tab that an action opens. */
async function openedTab(context: BrowserContext, action: () => Promise<unknown>): Promise<Page> {
    const [tab] = await Promise.all([context.waitForEvent('page'), action()]);
    await tab.waitForLoadState();
    return tab;
}

/** The button that starts a meeting: in the app bar, or in the channel header if there is no app bar. */
const startButton = (page: Page) =>
    page.locator('#app-bar-icon-zoom [role=button], .channel-header__icon');

const meetingPosts = (page: Page) => page.locator('[aria-label=Posts] [data-type=custom_zoom]');

/** Types a slash command. */
async function typeCommand(page: Page, command: string): Promise<void> {
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
        const {fakeStore} = window as unknown as {
            fakeStore: {getState(): {websocket: {connectionId: string}}};
        };
        return fakeStore.getState().websocket.connectionId;
    });
}

it.each(
    REACT_VERSIONS.flatMap((react) => [
        {react, appBar: true},
        {react, appBar: false},
    ]),
)(
    'f45 zm126 zm129 React $react, app bar $appBar: a click on the icon posts the meeting and opens it',
    async (options) => {
        const {context, page} = await openSession({client: options});
        expect(await page.locator('.channel-header__icon').count()).toBe(options.appBar ? 0 : 1);
        const tab = await openedTab(context, () => startButton(page).click());
        const link = page.getByRole('link', {name: /^Join meeting/});
        expect(tab.url()).toBe(await link.getAttribute('href'));
        expect(tab.url().startsWith(site.zoom)).toBe(true);
        expect(await tab.evaluate(() => window.opener)).toBeNull();
        await expect.poll(() => meetingPosts(page).count()).toBe(1);
        // The mock Zoom server is the configured one, so its host is not named.
        await expect.poll(() => page.getByText('This link leads to').count()).toBe(0);
    },
);

it.each(REACT_VERSIONS)(
    'f12 f45 zm126 d19 React %s: a second window of the same user opens nothing',
    async (react) => {
        const {user, context, page} = await openSession({client: {react}});
        const second = await openClient(context, site, user, {react});
        await openedTab(context, () => startButton(page).click());
        // The event is sent before the second window receives the post.
        await meetingPosts(second).waitFor();
        expect(context.pages()).toHaveLength(3);
    },
);

it('f12 a member cannot open a meeting in the client of another person', async () => {
    const victim = await openSession();
    const {user, page, context} = await openSession({inChannelOf: victim.user.id});
    const path = '/plugins/zoom/api/v1/meetings';
    const status = await post(page, path, {
        channel_id: user.channel,
        root_id: '',
        topic: 'Trap',
        connection_id: await connectionOf(victim.page),
    });
    expect(status).toBe(200);
    await victim.page.getByRole('group', {name: 'Trap'}).waitFor();
    await page.getByRole('group', {name: 'Trap'}).waitFor();
    expect(victim.context.pages()).toHaveLength(1);
    // No client of the member has the victim's connection either.
    expect(context.pages()).toHaveLength(1);
});

it('f12 a window with the connection ID that a request names opens the meeting', async () => {
    const {user, page, context} = await openSession();
    const second = await openClient(context, site, user);
    const connection_id = await connectionOf(second);
    const tab = await openedTab(context, () =>
        post(page, '/plugins/zoom/api/v1/meetings', {
            channel_id: user.channel,
            root_id: '',
            topic: '',
            connection_id,
        }),
    );
    expect(await tab.opener()).toBe(second);
    await meetingPosts(page).waitFor();
    expect(context.pages()).toHaveLength(3);
});

it('f12 zm126 a command opens the meeting in the window in which it was typed', async () => {
    const {user, context, page} = await openSession();
    const second = await openClient(context, site, user);
    const tab = await openedTab(context, () => typeCommand(page, '/zoom start Typed'));
    await meetingPosts(second).waitFor();
    await second.getByRole('group', {name: 'Typed'}).waitFor();
    expect(await tab.evaluate(() => window.opener)).toBeNull();
    expect(context.pages()).toHaveLength(3);
});

it.each(REACT_VERSIONS)(
    'f45 zm129 d43 React %s: the post changes when the meeting has ended',
    async (react) => {
        const {context, page} = await openSession({client: {react}});
        await openedTab(context, () => startButton(page).click());
        const id = await meetingPosts(page).getAttribute('data-post-id');
        await site.run('end', {post: id});
        await page.getByText('The meeting has ended.').waitFor();
        await expect.poll(() => page.getByRole('link', {name: /^Join/}).count()).toBe(0);
        expect(await meetingPosts(page).locator('.zoom-status').textContent()).toMatch(
            /^Ended · .+\d{4}, \d{1,2}:\d{2}.+[AP]M · \d+ minutes?$/,
        );
    },
);

it('d62 a meeting started next to an open thread is posted in the thread', async () => {
    const {user, context, page} = await openSession();
    const root = await site.run<string>('write', {person: user.id, message: 'A topic'});
    await page.locator(`[data-post-id="${root}"]`).waitFor();
    await page.evaluate((id) => {
        const {fakeStore} = window as unknown as {fakeStore: {dispatch(action: object): void}};
        fakeStore.dispatch({type: 'THREAD_OPENED', id});
    }, root);
    await openedTab(context, () => startButton(page).click());
    await page.locator('[aria-label=Replies] [data-type=custom_zoom]').waitFor();
    expect(await meetingPosts(page).count()).toBe(0);
});

it.each(REACT_VERSIONS)(
    'f45 zm122 React %s: in the list of threads, the meeting is posted in the selected thread',
    async (react) => {
        const {user, context, page} = await openSession({client: {react, threads: true}});
        const root = await site.run<string>('write', {person: user.id, message: 'A topic'});
        await page.evaluate((id) => {
            const {fakeStore} = window as unknown as {fakeStore: {dispatch(action: object): void}};
            fakeStore.dispatch({type: 'THREAD_SELECTED', id});
        }, root);
        await openedTab(context, () => startButton(page).click());
        const posts = await site.run<{root_id: string; type: string}[]>('posts', {
            channel: user.channel,
        });
        expect(posts.find(({type: kind}) => kind === 'custom_zoom')?.root_id).toBe(root);
    },
);

it.each(REACT_VERSIONS)(
    'f09 f45 zm129 React %s: the warning is one card about the existing meeting',
    async (react) => {
        const ada = await openSession({client: {react}});
        await openedTab(ada.context, () => typeCommand(ada.page, '/zoom start Release of 2.0'));
        const bob = await openSession({inChannelOf: ada.user.id, client: {react}});
        await typeCommand(bob.page, '/zoom start My own');
        const warning = bob.page.locator('.post--system[data-type=custom_zoom]');
        await warning.waitFor();
        expect(await warning.locator('.attachment').count()).toBe(0);
        expect(await warning.locator('.zoom-card').count()).toBe(1);
        expect(await warning.getByRole('heading').allTextContents()).toEqual(['Release of 2.0']);
        expect(await warning.textContent()).not.toContain('My own');
        // The client loads the profile of the bot before the name is shown.
        await warning.getByText(`@${ada.user.name}`).waitFor();
        expect(await warning.locator('dl').textContent()).toMatch(/Started.+\d{4}/);
        const join = warning.getByRole('link', {name: /^Join existing meeting/});
        const adas = bob.page.getByRole('link', {name: /^Join meeting/}).first();
        expect(await join.getAttribute('href')).toBe(await adas.getAttribute('href'));
        const tab = await openedTab(bob.context, () =>
            warning.getByRole('button', {name: 'Start a new meeting'}).click(),
        );
        expect(tab.url()).not.toBe(await join.getAttribute('href'));
        await bob.page.getByText('A new meeting was started.').waitFor();
        await bob.page.getByRole('group', {name: 'My own'}).waitFor();
    },
);

it.each(REACT_VERSIONS)(
    'f11 f45 React %s: a member cannot claim to be another person',
    async (react) => {
        const {user, page} = await openSession({client: {react}});
        const other = await openSession({inChannelOf: user.id, client: {react}});
        const props = {
            from_bot: 'true',
            meeting_creator_username: other.user.name,
            meeting_provider: 'Zoom',
            meeting_topic: 'Forged',
            meeting_link: `${site.zoom}/j/1`,
        };
        for (const status of ['STARTED', 'ENDED', 'NOT_STARTED', 'RECENTLY_CREATED']) {
            // oxlint-disable-next-line no-await-in-loop -- one post after the other
            const answer = await post(page, '/api/v4/posts', {
                channel_id: user.channel,
                message: status,
                type: 'custom_zoom',
                props: {...props, meeting_status: status, type: 'custom_zoom'},
            });
            expect(answer).toBe(201);
        }
        const posts = meetingPosts(other.page);
        await expect.poll(() => posts.count()).toBe(4);
        // The name of the author is there, so the client knows that the author is not a bot.
        await expect.poll(() => posts.getByText(user.name, {exact: true}).count()).toBe(4);
        expect((await posts.allTextContents()).join('\n')).not.toContain(other.user.name);
        // Anyone can copy the link, which is also in the text. No button acts on a meeting.
        expect(await posts.getByRole('button', {name: /^(?!Copy link)/}).count()).toBe(0);
    },
);

it('f12 zm126 after connecting and the question about the meeting ID, the window that asked opens the meeting', async () => {
    const {user, context, page} = await openSession({connected: false});
    const second = await openClient(context, site, user);
    await page.bringToFront();
    await startButton(page).click();
    const link = page.locator('[data-type=system_ephemeral] a').first();
    await link.waitFor();
    const route = `${site.url}/plugins/zoom/oauth2/connect`;
    expect((await link.getAttribute('href'))?.split('?')[0]).toBe(route);
    const connectPage = await context.newPage();
    await connectPage.goto((await link.getAttribute('href')) ?? '');
    await connectPage.waitForURL(/\/oauth2\/complete/);
    await page.bringToFront();
    const answers = page.locator('.attachment__actions button');
    await answers.first().waitFor();
    const tab = await openedTab(context, () => answers.last().click());
    expect(tab.url().startsWith(`${site.zoom}/j/`)).toBe(true);
    await meetingPosts(second).waitFor();
    // The two clients, the page of the OAuth callback, and the meeting.
    expect(context.pages()).toHaveLength(4);
});

it('d62 a double click starts one meeting', async () => {
    const {context, page} = await openSession();
    const before = await site.run<number>('count', {route: 'meetings'});
    await openedTab(context, () => startButton(page).dblclick());
    await meetingPosts(page).waitFor();
    expect(await site.run<number>('count', {route: 'meetings'})).toBe(before + 1);
    // There is no message of the bot and no warning about the existing meeting.
    const messages = page.locator(
        '[data-type=system_ephemeral], .post--system[data-type=custom_zoom]',
    );
    expect(await messages.allTextContents()).toEqual([]);
    expect(context.pages()).toHaveLength(2);
});

it('d62 while Zoom does not answer, the client shows the progress', async () => {
    const {context, page} = await openSession({client: {appBar: false}});
    await site.run('fail', {route: 'meetings', fault: 'silence'});
    await startButton(page).click();
    await page.getByRole('status').getByText('Starting a Zoom meeting…').waitFor();
    expect(await page.locator('.channel-header .zoom-spinner').count()).toBe(1);
    await site.run('release');
    await expect.poll(() => page.locator('.zoom-spinner').count()).toBe(0);
    expect(context.pages().length).toBeLessThan(3);
});

it.each(REACT_VERSIONS)(
    'f45 d26 d62 React %s: the bot reports an error where the click was',
    async (react) => {
        const {page} = await openSession({client: {react}});
        await site.run('fail', {route: 'meetings', fault: 'server error'});
        await startButton(page).click();
        const error = page.locator('[data-type=system_ephemeral]').last();
        await error.waitFor();
        expect(await error.textContent()).toContain('Zoom');
        // Zoom's own error is not shown.
        expect(await error.textContent()).not.toContain('trace-5c1d');
    },
);

it('d62 if the browser blocks the tab, a notice has a link', async () => {
    const {context, page} = await openSession({browserToUse: popupBlockingBrowser});
    // A click allows the page to open a tab for a few seconds, and so does every call of Playwright into the page. So
    // the page itself reports when the permission has expired.
    const logged = (text: string) =>
        page.waitForEvent('console', (message) => message.text().includes(text));
    await page.evaluate(() => {
        setInterval(() => {
            const {isActive} = navigator.userActivation;
            console.warn(isActive ? 'active' : 'inactive', document.body.textContent);
        }, 100);
    });
    const [expired, noticeShown] = [logged('inactive'), logged(english.blocked)];
    await context.route(/api\/v1\/meetings/, async (route) => {
        await expired;
        await route.continue();
    });
    await startButton(page).click();
    await noticeShown;
    const notice = page.getByRole('status').filter({hasText: english.blocked});
    expect(context.pages()).toHaveLength(1);
    const tab = await openedTab(context, () => notice.getByRole('link').click());
    expect(tab.url().startsWith(`${site.zoom}/j/`)).toBe(true);
    await expect.poll(() => notice.count()).toBe(0);
});

const LANGUAGES = Object.entries(catalogs).filter(([locale]) => locale !== 'en');

it.each(LANGUAGES)('d36 the button and the card are in %s', async (locale, catalog) => {
    const {context, page} = await openSession({client: {locale, appBar: false}});
    expect(await startButton(page).getAttribute('aria-label')).toBe(catalog.start);
    await openedTab(context, () => startButton(page).click());
    await meetingPosts(page).waitFor();
    const body = (await meetingPosts(page).locator('.post__body').textContent()) ?? '';
    for (const key of ['haveStarted', 'statusInProgress', 'join'] as const) {
        expect(body).toContain(catalog[key]);
        expect(catalog[key]).not.toBe(english[key]);
    }
});

it.each(REACT_VERSIONS)(
    'f45 d63 React %s: axe finds no violation in a meeting, a warning, and an error',
    async (react) => {
        const options = {react, appBar: false};
        const ada = await openSession({client: options});
        await openedTab(ada.context, () => startButton(ada.page).click());
        const bob = await openSession({inChannelOf: ada.user.id, client: options});
        await startButton(bob.page).click();
        await bob.page.locator('.post--system .zoom-card').waitFor();
        await site.run('fail', {route: 'meetings', fault: 'server error'});
        await bob.page.getByRole('button', {name: 'Start a new meeting'}).click();
        // The warning has the plugin's type, so this is the error.
        await bob.page.locator('[data-type=system_ephemeral]').waitFor();
        expect(await a11yViolations(bob.page)).toEqual([]);
    },
);

it('d63 every button works with the keyboard, in reading order', async () => {
    const {context, page} = await openSession({client: {appBar: false}});
    await page.keyboard.press('Tab');
    const tab = await openedTab(context, () => page.keyboard.press('Enter'));
    await page.bringToFront();
    await meetingPosts(page).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Join meeting/);
    const again = await openedTab(context, () => page.keyboard.press('Enter'));
    expect(again.url()).toBe(tab.url());
});

/** Opens the System Console as a new system admin. */
async function openConsole(client: ClientOptions = {}): Promise<[Page, Session]> {
    const session = await openSession({administrator: true, client: {...client, console: true}});
    await session.page.getByRole('heading', {name: 'Setup and status'}).waitFor();
    return [session.page, session];
}

it.each(REACT_VERSIONS)(
    'React %s: the System Console shows the values for the Zoom app and the state of the setup',
    async (react) => {
        const [page] = await openConsole({react});
        await page.getByText(`${site.url}/plugins/zoom/oauth2/complete`).waitFor();
        await page.getByText('?secret=••••••••').first().waitFor();
        expect(await page.textContent('body')).not.toMatch(/secret=[\w-]/);
        await page.getByRole('button', {name: 'Show Event notification endpoint URL'}).click();
        await page.getByText(/\/plugins\/zoom\/webhook\?secret=[\w-]+/).waitFor();
        const checks = page.getByRole('region', {name: 'Checklist'});
        await checks.getByRole('button', {name: 'Test connection'}).click();
        await checks.getByText(/^\d+ of \d+ checks passed\.$/).waitFor();
        expect(await checks.locator('.zoom-admin-failed').count()).toBe(0);
        await page.getByText('Sandbox', {exact: true}).click();
        await page.getByText('https://*.zoom.us').waitFor();
        expect(await a11yViolations(page, '.admin-console')).toEqual([]);
    },
);

it('the System Console shows a problem right after the settings are saved', async () => {
    const [page] = await openConsole();
    const clientId = page.getByLabel('Zoom OAuth client ID:');
    const failed = page.locator('[data-check=settings]').getByText('Failed');
    const before = await clientId.inputValue();
    for (const [value, count] of [
        ['', 1],
        [before, 0],
    ] as const) {
        // oxlint-disable no-await-in-loop -- one change after the other
        await clientId.fill(value);
        await page.getByRole('button', {name: 'Save'}).click();
        // The section also loads its state every few seconds, but that takes longer.
        await expect.poll(() => failed.count(), {timeout: 10_000}).toBe(count);
        // oxlint-enable no-await-in-loop
    }
});

it('a system admin finds a connected user by name and disconnects the user', async () => {
    const {user: member, page: members} = await openSession();
    const [page] = await openConsole();
    const users = page.getByRole('region', {name: 'Connected users'});
    await users.getByRole('searchbox').fill(member.name);
    await users.getByRole('button', {name: `Disconnect @${member.name}`}).click();
    await users.getByRole('button', {name: 'Disconnect', exact: true}).click();
    await users.getByText(`@${member.name} was disconnected.`).waitFor();
    await users.getByText('No connected user matches.').waitFor();
    await startButton(members).click();
    await members.locator('[data-type=system_ephemeral] a').first().waitFor();
});
