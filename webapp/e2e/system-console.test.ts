// Compares every state of the System Console's section with the screenshots in `screenshots`.
import type {Browser, Locator, Page} from 'playwright-core';
import {afterAll, beforeAll, expect, it} from 'vitest';

import {CONSOLE} from '../gallery/console';
import {a11yViolations} from './axe';
import {launch} from './fake-client';
import {openGallery} from './gallery';
import {expectScreenshot} from './screenshot';

let browser: Browser;
beforeAll(async () => {
    browser = await launch();
});
afterAll(() => browser?.close());

/** Opens the System Console in a state. */
async function openConsole(
    name: string,
    query: Record<string, string> = {},
    {width = 960, text = CONSOLE[name]?.text ?? ''} = {},
): Promise<[Page, Locator]> {
    const page = await openGallery(browser, {console: name, ...query}, {width});
    const section = page.locator('.zoom-admin');
    const click = CONSOLE[name]?.click;
    if (click !== undefined) {
        const target = section.getByRole('button', {name: click, exact: true});
        await target.or(section.getByText(click, {exact: true})).click();
    }
    await section.getByText(text).first().waitFor();
    return [page, section];
}

it.each(Object.keys(CONSOLE))(
    'the section of the System Console looks as it should: %s',
    async (name) => {
        const [page, section] = await openConsole(name);
        await expectScreenshot(name, section);
        expect(await a11yViolations(page)).toEqual([]);
        await page.close();
    },
);

it('the section looks like the other sections of the System Console', async () => {
    const [page] = await openConsole('console-unconfigured');
    const looks = await page.evaluate(() =>
        Array.from(document.querySelectorAll('.config-section'), (section) =>
            ['.section-header', '.section-title', '.section-subtitle', '.section-body'].map(
                (part) => {
                    const element = section.querySelector(part);
                    const style = element && getComputedStyle(element);
                    return style && [style.font, style.color, style.padding, style.margin];
                },
            ),
        ),
    );
    expect(looks.length).toBeGreaterThan(4);
    expect(looks[0]).toEqual(looks[1]);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it('the section fits on a narrow screen without a scrollbar', async () => {
    const [page, section] = await openConsole('console-disconnect', {}, {width: 380});
    await expectScreenshot('console-narrow', section);
    const [content, screen] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
    ]);
    expect(content).toBe(screen);
    expect(await a11yViolations(page)).toEqual([]);
    await page.close();
});

it('the section can be read in a dark theme and in German', async () => {
    const options = {text: '43 Benutzer sind verbunden.'};
    const [page, section] = await openConsole('console', {theme: 'dark', locale: 'de'}, options);
    await expectScreenshot('console-dark-de', section);
    // The System Console's own buttons have too little contrast in this theme, which it does not use.
    expect(await a11yViolations(page, '.zoom-admin')).toEqual([]);
    await page.close();
});
