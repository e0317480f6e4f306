import {fileURLToPath} from 'node:url';

import {defineConfig} from 'vite';

// The stand-ins for the Mattermost client, once with the packages of its version 10.7 and once with those
// of 11: `vite build -c vite.host.config.ts --mode 17` and `--mode 18`.
const packages: Record<string, Record<string, string>> = {
    17: {react: 'react-17', 'react-dom': 'react-dom-17', 'react-redux': 'react-redux'},
    18: {react: 'react', 'react-dom': 'react-dom', 'react-redux': 'react-redux-9'},
};
const folder = (name: string) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));
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

/** `host-17.js` and `host-18.js` put the globals on the window; the pages take them from there. */
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
            alias: Object.entries(isPage ? {} : chosen).map(([name, to]) => ({
                find: new RegExp(`^${name}(?=/|$)`),
                replacement: folder(to),
            })),
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
