// The fake client in a browser, with a user who is signed in.
//
// The page has the origin of the Mattermost server, so cookies, requests, the websocket, and the plugin's script are
// those of the server.
import {existsSync, readFileSync} from 'node:fs';

import {chromium, type Browser, type BrowserContext, type Page} from 'playwright-core';

import type {TestSite, TestUser} from './site';

/** The version and the settings of the client. */
export interface ClientOptions {
    react?: '17' | '18' | '19';
    locale?: string;
    /** Whether the list of threads is shown instead of a channel. */
    threads?: boolean;
    /** Whether the System Console with the plugin's settings is shown instead of a channel. */
    console?: boolean;
    /** Whether the app bar is on, which it is unless an administrator turns it off. */
    appBar?: boolean;
}

const builtFile = (name: string) => readFileSync(new URL(`../build/${name}`, import.meta.url));

/** Starts the installed Chromium. */
export function launch(options: {blockPopups?: boolean} = {}): Promise<Browser> {
    const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
    const executablePath = process.env.CHROMIUM ?? paths.find((path) => existsSync(path));
    if (!executablePath) {
        throw new Error('there is no Chromium: apt-get install chromium, or set CHROMIUM to one');
    }
    return chromium.launch({
        executablePath,
        args: [
            '--no-sandbox',
            '--disable-dev-shm-usage',
            '--force-color-profile=srgb',
            '--font-render-hinting=none',
            // The browser can connect only to this machine.
            '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
        ],
        // Playwright allows pop-ups, unlike a user's browser.
        ...(options.blockPopups && {ignoreDefaultArgs: ['--disable-popup-blocking']}),
    });
}

/** Signs a user in, in all windows of the returned context. */
export async function signIn(
    browser: Browser,
    site: TestSite,
    user: TestUser,
): Promise<BrowserContext> {
    const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        timezoneId: 'UTC',
        // Otherwise a page that the test provides may not connect to this machine.
        permissions: ['local-network-access'],
    });
    const response = await context.request.post(`${site.url}/api/v4/users/login`, {
        headers: {'X-Requested-With': 'XMLHttpRequest'},
        data: {login_id: user.name, password: user.password},
    });
    if (!response.ok()) {
        throw new Error(`signing in failed with status ${response.status()}`);
    }
    await context.route(/\/client-(?:page|file)/, (route) => {
        const url = new URL(route.request().url());
        if (url.pathname.startsWith('/client-file/')) {
            const name = url.pathname.slice('/client-file/'.length);
            const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
            return route.fulfill({contentType: type, body: builtFile(name)});
        }
        const react = url.searchParams.get('react') ?? '18';
        return route.fulfill({
            contentType: 'text/html',
            body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Client</title>
                <link rel="icon" href="data:,">
                <link rel="stylesheet" href="/client-file/e2e-page.css"></head><body><div id="root"></div>
                <script src="/client-file/globals-${react}.js"></script>
                <script src="/client-file/e2e-page.js"></script></body></html>`,
        });
    });
    return context;
}

/** Opens a window with the client. Fails if the plugin does not load. */
export async function openClient(
    context: BrowserContext,
    site: TestSite,
    user: TestUser,
    options: ClientOptions = {},
): Promise<Page> {
    const page = await context.newPage();
    const query = new URLSearchParams({
        team: user.team,
        channel: options.threads ? '' : user.channel,
        react: options.react ?? '18',
        locale: options.locale ?? 'en',
        page: options.console ? 'console' : 'channel',
        appBar: options.appBar === false ? 'off' : 'on',
    });
    await page.goto(`${site.url}/client-page?${query}`);
    await page.waitForFunction(() => document.body.dataset.ready !== undefined);
    const ready = await page.evaluate(() => document.body.dataset.ready);
    if (ready !== 'yes') {
        throw new Error(`the client did not start: ${ready}`);
    }
    return page;
}
