// Puts the globals of a Mattermost client on the window, as its own script does.
import {readFileSync} from 'node:fs';

import {afterEach, beforeEach, expect, vi} from 'vitest';

const source = readFileSync(process.env.HOST_FILE ?? '', 'utf8');
// A classic script: what it declares is the page's, and no module system is in its sight.
(0, eval)(source);

// The development builds of React say what is wrong with keys, names of properties and effects. The client's
// own page makes its root with what is on the window, of which React does not think much.
const said: string[] = [];
const EXPECTED = 'You are importing createRoot from "react-dom"';
beforeEach(() => {
    said.length = 0;
    vi.spyOn(console, 'error').mockImplementation((...words: unknown[]) => {
        const line = words.map(String).join(' ');
        if (!line.includes(EXPECTED)) {
            said.push(line);
        }
    });
});

afterEach(() => {
    document.body.replaceChildren();
    document.cookie = 'MMCSRF=; max-age=0';
    expect(said, 'what was said to be wrong').toEqual([]);
});
