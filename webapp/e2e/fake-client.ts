// A person's browser with the fake client.
//
// The page has the origin of the Mattermost server, so cookies, requests, the websocket, and the plugin's script are
// those of the server.
import {existsSync, readFileSync} from 'node:fs';

import {chromium, type Browser, type BrowserContext, type Page} from 'playwright-core';

import type {Person, Site} from './site';

/** The version and the settings of the client. */
export interface Look {
    react?: '17' | '18' | '19';
    locale?: string;
    /** Methods that the registry lacks, separated by commas. */
    without?: string;
    /** Whether the list of threads is shown instead of a channel. */
    threads?: boolean;
    /** Whether the app bar is on, which it is unless an administrator turns it off. */
    appBar?: boolean;
}

const built = (name: string) => readFileSync(new URL(`../build/${name}`, import.meta.url));

/** Starts the installed Chromium. Nothing downloads another one. */
export function launch(options: {blockPopups?: boolean} = {}): Promise<Browser> {
    const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
    const executablePath = process.env.CHROMIUM ?? places.find((place) => existsSync(place));
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
            // The browser reaches only loopback.
            '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
        ],
        // Playwright allows pop-ups, unlike the browsers of people.
        ...(options.blockPopups && {ignoreDefaultArgs: ['--disable-popup-blocking']}),
    });
}

/** Signs a person in, in all windows of the returned context. */
export async function signIn(
    browser: Browser,
    site: Site,
    person: Person,
): Promise<BrowserContext> {
    const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        timezoneId: 'UTC',
        // Otherwise a page that the test provides may not reach loopback.
        permissions: ['local-network-access'],
    });
    const answer = await context.request.post(`${site.url}/api/v4/users/login`, {
        headers: {'X-Requested-With': 'XMLHttpRequest'},
        data: {login_id: person.name, password: person.password},
    });
    if (!answer.ok()) {
        throw new Error(`signing in was answered ${answer.status()}`);
    }
    await context.route(/\/client-(?:page|file)/, (route) => {
        const url = new URL(route.request().url());
        if (url.pathname.startsWith('/client-file/')) {
            const name = url.pathname.slice('/client-file/'.length);
            const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
            return route.fulfill({contentType: type, body: built(name)});
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
    // The page of a meeting belongs to Zoom.
    await context.route(/\/j\/\d+/, (route) =>
        route.fulfill({contentType: 'text/html', body: '<title>Meeting</title>'}),
    );
    return context;
}

/** Opens a window with the client. Fails if the plugin does not load. */
export async function openClient(
    context: BrowserContext,
    site: Site,
    person: Person,
    look: Look = {},
): Promise<Page> {
    const page = await context.newPage();
    const query = new URLSearchParams({
        team: person.team,
        channel: look.threads ? '' : person.channel,
        react: look.react ?? '18',
        locale: look.locale ?? 'en',
        without: look.without ?? '',
        appBar: look.appBar === false ? 'off' : 'on',
    });
    await page.goto(`${site.url}/client-page?${query}`);
    await page.waitForFunction(() => document.body.dataset.ready !== undefined);
    const ready = await page.evaluate(() => document.body.dataset.ready);
    if (ready !== 'yes') {
        throw new Error(`the client did not come up: ${ready}`);
    }
    return page;
}
