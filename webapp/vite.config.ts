import {defineConfig, type Plugin} from 'vite';

// One classic script; what the Mattermost client offers on its window is taken from there.
const globals = {react: 'React', 'react-redux': 'ReactRedux', 'react-intl': 'ReactIntl'};

/** Writes down from which files the script has code, for the list of what others wrote. */
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

export default defineConfig({
    plugins: [modules],
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
