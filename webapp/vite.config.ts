import {readFileSync} from 'node:fs';

import {defineConfig, type Plugin} from 'vite';

// The result is one classic script that uses the globals of the Mattermost client. JSX becomes `React.createElement`
// (see tsconfig.json): clients before Mattermost 12.0 have no JSX runtime.
const globals = {react: 'React', 'react-redux': 'ReactRedux', 'react-intl': 'ReactIntl'};

/** Lists the source files of the script, for the bill of materials. */
const modules: Plugin = {
    name: 'modules',
    generateBundle(_, bundle) {
        const files = Object.values(bundle).flatMap((output) =>
            output.type === 'chunk'
                ? Object.entries(output.modules).flatMap(([file, {renderedLength}]) =>
                      renderedLength > 0 ? [file] : [],
                  )
                : [],
        );
        this.emitFile({type: 'asset', fileName: 'modules.json', source: JSON.stringify(files)});
    },
};

const catalog = /\/i18n\/(?!en\.)([\w-]+)\.json$/;

function read(language: string): Record<string, string> {
    const file = new URL(`i18n/${language}.json`, import.meta.url);
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}

/** Stores the keys of the catalogs once: each catalog but the English one becomes the list of its texts, in English order. */
const catalogs: Plugin = {
    name: 'catalogs',
    enforce: 'pre',
    resolveId: (source) => catalog.exec(source)?.[1]?.replace(/^/, '\0catalog:'),
    load(id) {
        if (!id.startsWith('\0catalog:')) {
            return undefined;
        }
        const texts = read(id.replace('\0catalog:', ''));
        const values = JSON.stringify(Object.keys(read('en')).map((key) => texts[key]));
        const english = JSON.stringify(new URL('i18n/en.json', import.meta.url).pathname);
        return `import en from ${english};
const values = ${values};
export default Object.fromEntries(Object.keys(en).map((key, index) => [key, values[index]]));`;
    },
};

export default defineConfig({
    plugins: [modules, catalogs],
    build: {
        target: 'es2020',
        outDir: 'dist',
        emptyOutDir: true,
        modulePreload: false,
        reportCompressedSize: true,
        rolldownOptions: {
            input: 'src/index.ts',
            external: Object.keys(globals),
            output: {format: 'iife', entryFileNames: 'main.js', globals},
        },
    },
});
