import {defineConfig} from 'vite';

// One classic script; what the Mattermost client offers on its window is taken from there.
const globals = {react: 'React', 'react-redux': 'ReactRedux', 'react-intl': 'ReactIntl'};

export default defineConfig({
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
