// Defines the globals of a Mattermost client, as the client's own script does.
import {readFileSync} from 'node:fs';

import {afterEach, beforeEach, expect, vi} from 'vitest';

const source = readFileSync(process.env.GLOBALS_FILE ?? '', 'utf8');
// The file is a classic script, so evaluate it in the global scope.
(0, eval)(source);

// The development builds of React report wrong keys, property names, and effects with `console.error`.
const said: string[] = [];
beforeEach(() => {
    said.length = 0;
    vi.spyOn(console, 'error').mockImplementation((...words: unknown[]) => {
        said.push(words.map(String).join(' '));
    });
});

afterEach(() => {
    document.body.replaceChildren();
    document.cookie = 'MMCSRF=; max-age=0';
    expect(said, 'errors on the console').toEqual([]);
});
