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
