// Puts the globals of a Mattermost client on the window, as its own script does.
import {readFileSync} from 'node:fs';

import {afterEach} from 'vitest';

const source = readFileSync(process.env.HOST_FILE ?? '', 'utf8');
// A classic script: what it declares is the page's, and no module system is in its sight.
(0, eval)(source);

afterEach(() => {
    document.body.replaceChildren();
    document.cookie = 'MMCSRF=; max-age=0';
});
