import {fileURLToPath} from 'node:url';

import {defineConfig} from 'vite';

// The fake Mattermost client, built with the packages of three versions of the real one: React 17 is in
// Mattermost 10.7, React 18 in 11, and React 19 in 12. `npm run build:hosts` builds them all.
const packages: Record<string, Record<string, string>> = {
    17: {
        react: 'react-17',
        'react-dom': 'react-dom-17',
        'react-redux': 'react-redux',
        'react-intl': 'react-intl',
    },
    18: {
        react: 'react',
        'react-dom': 'react-dom',
        'react-redux': 'react-redux-9',
        'react-intl': 'react-intl',
    },
    19: {
        react: 'react-19',
        'react-dom': 'react-dom-19',
        'react-redux': 'react-redux-9',
        'react-intl': 'react-intl-7',
    },
};
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const globals = {
    react: 'React',
    'react-dom': 'ReactDOM',
    'react-redux': 'ReactRedux',
    'react-intl': 'ReactIntl',
    redux: 'Redux',
};

const inputs: Record<string, string> = {
    host: 'host/globals.ts',
    page: 'host/main.tsx',
    gallery: 'gallery/main.tsx',
};

/** `host-17.js`, `host-18.js`, and `host-19.js` define the globals; the pages use those. */
export default defineConfig(({mode}) => {
    const [what, version, era] = mode.split('-');
    const isPage = what !== 'host';
    const chosen = packages[version ?? ''] ?? {};
    return {
        base: './',
        define: {
            'process.env.NODE_ENV': JSON.stringify(isPage || !era ? 'production' : 'development'),
        },
        resolve: {
            alias: [
                ...Object.entries(isPage ? {} : chosen).map(([name, to]) => ({
                    find: new RegExp(`^${name}(?=/|$)`),
                    replacement: file(`node_modules/${to}`),
                })),
                {find: '#era', replacement: file(`host/era-${version}.ts`)},
            ],
        },
        build: {
            target: 'es2022',
            outDir: 'build',
            emptyOutDir: false,
            minify: false,
            modulePreload: false,
            assetsInlineLimit: 10_000_000,
            cssCodeSplit: false,
            rolldownOptions: {
                input: inputs[what ?? ''] ?? '',
                external: isPage ? Object.keys(globals) : [],
                output: {
                    format: 'iife',
                    entryFileNames: `${mode}.js`,
                    assetFileNames: `${what}[extname]`,
                    globals: isPage ? globals : {},
                },
            },
        },
    };
});
