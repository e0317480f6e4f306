import {fileURLToPath} from 'node:url';

import {defineConfig} from 'vitest/config';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The unit tests with the globals of a client with one version of React. */
function project(react: string) {
    return {
        resolve: {
            alias: [
                {find: /^react$/, replacement: file('test/fake-client/global-react.ts')},
                {find: /^react-dom$/, replacement: file('test/fake-client/global-react-dom.ts')},
                {
                    find: /^react-redux$/,
                    replacement: file('test/fake-client/global-react-redux.ts'),
                },
                {find: /^react-intl$/, replacement: file('test/fake-client/global-react-intl.ts')},
            ],
        },
        // Like the built script, do not set `__source` and `__self` on elements.
        oxc: {jsx: {runtime: 'classic', development: false}} as const,
        test: {
            name: `React ${react}`,
            environment: 'jsdom',
            environmentOptions: {jsdom: {url: 'https://chat.example.com/'}},
            include: ['test/**/*.test.{ts,tsx}'],
            setupFiles: ['test/setup.ts'],
            env: {GLOBALS_FILE: file(`build/globals-${react}-dev.js`), TZ: 'America/New_York'},
            restoreMocks: true,
            unstubGlobals: true,
        },
    };
}

export default defineConfig({test: {projects: ['17', '18', '19'].map(project)}});
