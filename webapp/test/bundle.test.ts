// The built script, as Mattermost's client gets it. `npm run build` makes it.
import {readFileSync} from 'node:fs';
import {gzipSync} from 'node:zlib';

import {expect, it} from 'vitest';

import {catalogues} from '../src/text';

const script = readFileSync('dist/main.js', 'utf8');

it('d64 zm136 the script is small, and nothing of the client is in it', () => {
    expect(script.length).toBeLessThan(60_000);
    expect(gzipSync(script).length).toBeLessThan(18_000);
    for (const foreign of ['mattermost-redux', 'styled-components', 'core-js', 'react.element']) {
        expect(script).not.toContain(foreign);
    }
});

it('zm121 the script is a classic one and takes from the window what the client offers', () => {
    expect(script).not.toMatch(/^\s*(?:import|export)\b/m);
    expect(script.trimEnd()).toMatch(/\}\)\(React,\s?ReactIntl,\s?ReactRedux\);$/);
});

it('d36 zm134 all languages are in the script', () => {
    for (const catalogue of Object.values(catalogues)) {
        expect(script).toContain(catalogue.join);
    }
});
