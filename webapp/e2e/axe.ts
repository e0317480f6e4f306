// Runs axe-core in a page. Playwright's own integration would bring another browser.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

import type {Page} from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Node {
    html: string;
    any: {data?: {fgColor?: string; bgColor?: string} | null}[];
}

interface Result {
    violations: {id: string; impact: string | null; nodes: Node[]}[];
}

/** The colors of the theme's buttons. */
interface ButtonColors {
    background: string;
    text: string;
    /** The background of buttons for dangerous actions. */
    danger: string;
}

/**
 * Whether a violation is the contrast of the client's own buttons. In the theme Onyx it is 3.9, and for dangerous actions
 * 4.3, below the 4.5 of WCAG.
 * The plugin's buttons look like the client's and follow the theme, which the user or the administrator chooses.
 */
function isThemeContrast(id: string, node: Node, theme: ButtonColors): boolean {
    const {fgColor, bgColor} = node.any[0]?.data ?? {};
    const isPrimary = node.html.includes('"btn btn-primary ');
    const isTertiary = node.html.includes('"btn btn-tertiary ');
    const isDanger = node.html.includes('"btn btn-danger ');
    return (
        id === 'color-contrast' &&
        ((isPrimary && fgColor === theme.text && bgColor === theme.background) ||
            (isTertiary && fgColor === theme.background) ||
            (isDanger && bgColor === theme.danger))
    );
}

/** Checks the accessibility of a page, or of a part. Returns a line for each rule that it violates. */
export async function a11yViolations(page: Page, part = 'html'): Promise<string[]> {
    await page.evaluate(source);
    const [result, theme] = await page.evaluate(async (included) => {
        const {axe} = window as unknown as {axe: {run(where: object): Promise<unknown>}};
        const style = getComputedStyle(document.body);
        const colors: ButtonColors = {
            background: style.getPropertyValue('--button-bg').trim(),
            text: style.getPropertyValue('--button-color').trim(),
            danger: style.getPropertyValue('--error-text').trim(),
        };
        // The app bar, its names, and the tabs of the settings are Mattermost's own.
        const violations = (await axe.run({
            include: [[included]],
            exclude: [['.app-bar'], ['.settings-modal__tabs']],
        })) as Result;
        return [violations, colors] as const;
    }, part);
    return result.violations.flatMap(({id, impact, nodes}) => {
        const remaining = nodes.filter((node) => !isThemeContrast(id, node, theme));
        return remaining.length > 0
            ? [[id, impact, ...remaining.map(({html}) => html)].join(' ')]
            : [];
    });
}
