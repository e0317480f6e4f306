// Connecting a Zoom account on a real server: the pages in the browser window, and the user settings.
//
// `UPDATE_SCREENS=yes cargo xtask browser` updates the screenshots of the pages. They are not compared, because the pages
// have the fonts of the machine.
import type {Browser, BrowserContext, Page} from 'playwright-core';
import {afterAll, afterEach, beforeAll, expect, it} from 'vitest';

import {a11yViolations} from './axe';
import {launch, openClient, signIn} from './fake-client';
import {file} from './gallery';
import {TestSite, type TestUser} from './site';

let site: TestSite;
let browser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
    [site, browser] = await Promise.all([TestSite.start(), launch()]);
});

afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
});

afterAll(async () => {
    await browser?.close();
    await site?.close();
});

const COMPLETE = '/plugins/zoom/oauth2/complete';

/** Signs a new user in. */
async function newUser(connected: boolean): Promise<{user: TestUser; context: BrowserContext}> {
    const user = await site.createUser({connected, inChannelOf: undefined});
    const context = await signIn(browser, site, user);
    contexts.push(context);
    return {user, context};
}

/** Opens the client with the dialog of the user settings. */
async function openSettings(context: BrowserContext, user: TestUser): Promise<Page> {
    const page = await openClient(context, site, user);
    await page.getByRole('button', {name: 'Settings', exact: true}).click();
    await page.getByRole('radio').first().waitFor();
    return page;
}

/** A window without a session. */
async function strangersPage(): Promise<Page> {
    const context = await browser.newContext({ignoreHTTPSErrors: true, locale: 'en'});
    contexts.push(context);
    return context.newPage();
}

/** Updates the screenshot of a page. */
async function keepScreenshot(name: string, page: Page): Promise<void> {
    if (process.env.UPDATE_SCREENS) {
        await page.screenshot({path: file(`e2e/screenshots/${name}.png`)});
    }
}

/** Records what the content security policy blocks. */
function blockedBy(page: Page): string[] {
    const blocked: string[] = [];
    page.on('console', (message) => {
        if (/content security policy/i.test(message.text())) {
            blocked.push(message.text());
        }
    });
    return blocked;
}

/** Checks that a page has its style, its icon, and no violation of accessibility rules. */
async function expectStyled(page: Page): Promise<void> {
    const style = await page.locator('main').evaluate((main) => {
        const {maxWidth, textAlign} = getComputedStyle(main);
        return `${maxWidth} ${textAlign}`;
    });
    expect(style).toBe('480px center');
    expect(
        await page.locator('main svg').evaluate((icon) => icon.getBoundingClientRect().width),
    ).toBe(64);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await a11yViolations(page)).toEqual([]);
}

it('f31 the page of a connected user has its style and leads back to Mattermost', async () => {
    const {user, context} = await newUser(false);
    const settings = await openSettings(context, user);
    const [page] = await Promise.all([
        context.waitForEvent('page'),
        settings.getByRole('button', {name: 'Connect'}).click(),
    ]);
    const blocked = blockedBy(page);
    await page.waitForURL(new RegExp(COMPLETE));
    await page.getByRole('heading', {name: 'Connected'}).waitFor();
    expect(await page.title()).toBe('Connected – Zoom for Mattermost');
    expect(blocked).toEqual([]);
    await expectStyled(page);
    const back = page.getByRole('link', {name: 'Back to Mattermost'});
    expect(await back.evaluate((link) => (link as HTMLAnchorElement).href)).toBe(`${site.url}/`);
});

const LOOKS: [string, {dark?: boolean; width?: number}][] = [
    ['page-declined', {}],
    ['page-declined-dark', {dark: true}],
    ['page-declined-narrow', {width: 340}],
];

it.each(LOOKS)('f31 the page after an error looks as it should: %s', async (name, look) => {
    const {context} = await newUser(false);
    const page = await context.newPage();
    const blocked = blockedBy(page);
    await page.emulateMedia({colorScheme: look.dark ? 'dark' : 'light'});
    await page.setViewportSize({width: look.width ?? 720, height: 480});
    await page.goto(`${site.url}${COMPLETE}?error=access_denied&state=x`);
    await page.getByRole('heading', {name: 'Not connected'}).waitFor();
    expect(blocked).toEqual([]);
    await expectStyled(page);
    await keepScreenshot(name, page);
    await page.getByRole('link', {name: 'Back to Mattermost'}).click();
    await page.waitForURL(`${site.url}/`);
});

it('f31 without a session, the page asks the user to log in', async () => {
    const page = await strangersPage();
    const blocked = blockedBy(page);
    await page.setViewportSize({width: 720, height: 480});
    const response = await page.goto(`${site.url}${COMPLETE}?code=a&state=b`);
    expect(response?.status()).toBe(401);
    await page.getByRole('heading', {name: 'Log in first'}).waitFor();
    expect(blocked).toEqual([]);
    await expectStyled(page);
    await keepScreenshot('page-sign-in', page);
    const [login] = await Promise.all([
        page.context().waitForEvent('page'),
        page.getByRole('link', {name: /^Log in/}).click(),
    ]);
    await login.waitForLoadState();
    expect(new URL(login.url()).pathname).toBe('/login');
    // The page itself has no origin. The client needs one.
    expect(await page.evaluate(() => window.origin)).toBe('null');
    expect(await login.evaluate(() => window.origin)).toBe(site.url);
});

it('a user connects and disconnects in the user settings', async () => {
    const {user, context} = await newUser(false);
    const settings = await openSettings(context, user);
    const tab = settings.getByRole('tabpanel');
    await tab.getByText('Not connected').waitFor();
    const [page] = await Promise.all([
        context.waitForEvent('page'),
        tab.getByRole('button', {name: 'Connect'}).click(),
    ]);
    expect(await page.evaluate(() => window.opener)).toBeNull();
    await page.getByRole('heading', {name: 'Connected'}).waitFor();
    await page.close();
    // Browsers of tests do not send this event to a page in the background.
    await settings.evaluate(() => window.dispatchEvent(new Event('focus')));
    await tab.getByText(`Connected as ${user.name}@zoom.example.com`).waitFor();
    expect(await a11yViolations(settings)).toEqual([]);
    await tab.getByRole('button', {name: 'Disconnect'}).click();
    await tab.getByText('Your Zoom account is disconnected.').waitFor();
    await tab.getByText('Not connected').waitFor();
});

it('the choice of a meeting ID in the user settings is used by the next meeting', async () => {
    const {user, context} = await newUser(true);
    const settings = await openSettings(context, user);
    const personal = settings.getByRole('radio', {name: 'Use my Personal Meeting ID'});
    expect(await settings.getByRole('radio', {name: /new meeting ID/}).isChecked()).toBe(true);
    await personal.click();
    await settings.getByText('Your choice was saved.').waitFor();
    await settings.reload();
    await settings.getByRole('button', {name: 'Settings', exact: true}).click();
    await settings.getByRole('radio').first().waitFor();
    expect(await personal.isChecked()).toBe(true);
    await settings.getByRole('button', {name: 'Close settings'}).click();
    await settings.getByLabel('Write').fill('/zoom start Standup');
    await settings.getByLabel('Write').press('Enter');
    await settings.getByRole('group', {name: 'Standup'}).getByText('Personal Meeting ID').waitFor();
});

it('a member of a server with one connection for everyone cannot connect in the user settings', async () => {
    const {user, context} = await newUser(false);
    await site.run('settings', {changes: {accountlevelapp: true}});
    try {
        const page = await openClient(context, site, user);
        await page.getByRole('button', {name: 'Settings', exact: true}).click();
        const tab = page.getByRole('tabpanel');
        const note = tab.getByText('A system admin manages the connection to Zoom');
        // The plugin learns of the change a moment later.
        await expect
            .poll(async () => {
                await page.evaluate(() => window.dispatchEvent(new Event('focus')));
                return note.count();
            })
            .toBe(1);
        expect(await tab.getByRole('button').count()).toBe(0);
    } finally {
        await site.run('settings', {});
    }
});
