// Compares pages and elements with the screenshots in `screenshots`, or updates the screenshots.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';

import pixelmatch from 'pixelmatch';
import type {Locator, Page} from 'playwright-core';
import {PNG} from 'pngjs';
import {expect} from 'vitest';

import {file} from './gallery';

/** Text may differ in a few pixels at its edges. A dot, a border, or a letter has more pixels. */
const MAX_DIFFERING_PIXELS = 60;

/** Compares a page or an element with a screenshot, or updates the screenshot. */
export async function expectScreenshot(
    name: string,
    target: Page | Locator,
    {update = Boolean(process.env.UPDATE_SCREENS)} = {},
): Promise<void> {
    if ('goto' in target) {
        // The browser does not render cards far from the viewport, so the viewport must contain everything.
        const {width, height} = await target.evaluate(() => ({
            width: window.innerWidth,
            height: document.documentElement.scrollHeight + 400,
        }));
        await target.setViewportSize({width, height});
    }
    const element = 'goto' in target ? target.locator('#root') : target;
    const screenshot = await element.screenshot({animations: 'disabled'});
    const path = file(`e2e/screenshots/${name}.png`);
    if (update) {
        mkdirSync(file('e2e/screenshots'), {recursive: true});
        writeFileSync(path, screenshot);
        return;
    }
    const [actual, expected] = [PNG.sync.read(screenshot), PNG.sync.read(readFileSync(path))];
    const {width, height} = expected;
    const diff = new PNG({width, height});
    const isSameSize = actual.width === width && actual.height === height;
    const differing = isSameSize
        ? pixelmatch(actual.data, expected.data, diff.data, width, height, {threshold: 0.2})
        : width * height;
    if (differing > MAX_DIFFERING_PIXELS) {
        mkdirSync(file('build/screenshots'), {recursive: true});
        writeFileSync(file(`build/screenshots/${name}.png`), screenshot);
        writeFileSync(file(`build/screenshots/${name}.diff.png`), PNG.sync.write(diff));
    }
    expect([actual.width, actual.height], `size; see build/screenshots/${name}.png`).toEqual([
        width,
        height,
    ]);
    expect(differing, `pixels; see build/screenshots/${name}.diff.png`).toBeLessThanOrEqual(
        MAX_DIFFERING_PIXELS,
    );
}
