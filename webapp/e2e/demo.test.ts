// `make demo KEEP=1`, used by a person in a browser.
import {spawn, type ChildProcess} from 'node:child_process';
import {createInterface} from 'node:readline';

import type {Browser} from 'playwright-core';
import {afterAll, beforeAll, expect, it} from 'vitest';

import {launch} from './fake-client';

let demo: ChildProcess;
let browser: Browser;
/** The address that the demo prints. */
let address: string;

beforeAll(async () => {
    const program = process.env.SERVE_SITE;
    if (!program) {
        throw new Error('SERVE_SITE is not set: run `cargo xtask browser`, which sets it');
    }
    demo = spawn(program, ['demo'], {stdio: ['pipe', 'pipe', 'inherit']});
    [address, browser] = await Promise.all([printedAddress(demo), launch()]);
});

afterAll(async () => {
    await browser?.close();
    demo?.stdin?.end();
});

/** Waits until the demo prints its address. Fails if the demo ends before. */
function printedAddress({stdout}: ChildProcess): Promise<string> {
    if (!stdout) {
        throw new Error('the demo has no output');
    }
    return new Promise((resolve, reject) => {
        const printed: string[] = [];
        const lines = createInterface({input: stdout});
        lines.on('line', (line) => {
            printed.push(line);
            const [, found] = /^open (\S+) in a browser$/.exec(line) ?? [];
            if (found !== undefined) {
                resolve(found);
            }
        });
        lines.on('close', () => reject(new Error(`the demo ended:\n${printed.join('\n')}`)));
    });
}

it('a person opens the address of the demo, clicks the camera, and sees the meeting', async () => {
    // The mock Zoom server has a certificate of its own.
    const context = await browser.newContext({ignoreHTTPSErrors: true});
    const page = await context.newPage();
    await page.goto(address);
    const meetings = page.locator('[aria-label=Posts] [data-type=custom_zoom]');
    // The meeting of the scenario, which has ended.
    await page.getByText('The meeting has ended.').waitFor();
    expect(await meetings.count()).toBe(1);

    const [tab] = await Promise.all([
        context.waitForEvent('page'),
        page.locator('.channel-header__icon').click(),
    ]);
    const link = meetings.last().getByRole('link', {name: /^Join meeting/});
    await link.waitFor();
    expect(await meetings.count()).toBe(2);
    await tab.waitForLoadState();
    expect(tab.url()).toBe(await link.getAttribute('href'));
    expect(await tab.title()).toBe('Meeting');
});
