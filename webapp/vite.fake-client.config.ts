import {fileURLToPath} from 'node:url';

import {defineConfig} from 'vite';

// The fake Mattermost client, built with the packages of three versions of the real one: React 17 is in
// Mattermost 10.7, React 18 in 11, and React 19 in 12. `npm run build:test-pages` builds them all.
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

/** The pages that use the client's globals. */
const pages: Record<string, string> = {
    'e2e-page': 'test/fake-client/e2e-page.tsx',
    gallery: 'gallery/main.tsx',
};

/**
 * The modes `globals-17`, `globals-18`, and `globals-19` build the script that defines the client's globals; with
 * `-dev`, it contains the development builds of React. The other modes build a page.
 */
export default defineConfig(({mode}) => {
    const [, reactVersion = '', suffix] = /^globals-(\d+)(-dev)?$/.exec(mode) ?? [];
    const page = pages[mode];
    return {
        base: './',
        define: {
            'process.env.NODE_ENV': JSON.stringify(suffix ? 'development' : 'production'),
        },
        resolve: {
            alias: [
                ...Object.entries(packages[reactVersion] ?? {}).map(([name, to]) => ({
                    find: new RegExp(`^${name}(?=/|$)`),
                    replacement: file(`node_modules/${to}`),
                })),
                {
                    find: '#react-version',
                    replacement: file(`test/fake-client/react-${reactVersion}.ts`),
                },
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
                input: page ?? 'test/fake-client/globals.ts',
                external: page ? Object.keys(globals) : [],
                output: {
                    format: 'iife',
                    entryFileNames: `${mode}.js`,
                    assetFileNames: `${mode}[extname]`,
                    globals: page ? globals : {},
                },
            },
        },
    };
});
