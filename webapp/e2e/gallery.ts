// Opens the gallery in a browser. The browser gets the built files without a server.
import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

import type {Browser, Page} from 'playwright-core';

/** The path of a file of the webapp. */
export const file = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

const CONTENT_TYPES: Record<string, string> = {
    html: 'text/html',
    js: 'text/javascript',
    css: 'text/css',
};

/** Opens the gallery. */
export async function openGallery(
    browser: Browser,
    query: Record<string, string>,
    {width = 720, react = '18'} = {},
): Promise<Page> {
    const page = await browser.newPage({
        viewport: {width, height: 720},
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
    });
    await page.route('http://gallery.test/**', (route) => {
        const requested = new URL(route.request().url()).pathname.slice(1);
        const name = requested === 'globals-18.js' ? `globals-${react}.js` : requested;
        if (requested.endsWith('app-bar-icon.png')) {
            const icon = readFileSync(file('../public/app-bar-icon.png'));
            return route.fulfill({contentType: 'image/png', body: icon});
        }
        if (!existsSync(file(`build/${name}`))) {
            return route.fulfill({status: 404, body: ''});
        }
        const contentType = CONTENT_TYPES[name.split('.').pop() ?? ''] ?? '';
        return route.fulfill({contentType, body: readFileSync(file(`build/${name}`))});
    });
    await page.goto(`http://gallery.test/index.html?${new URLSearchParams(query)}`);
    await page.waitForFunction(() => document.body.dataset.ready === 'yes');
    await page.evaluate(() => document.fonts.ready);
    // A spinning circle would look different in every screenshot.
    await page.addStyleTag({content: '.zoom-spinner{animation:none!important}'});
    return page;
}
