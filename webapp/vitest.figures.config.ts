import {defineConfig} from 'vitest/config';

export default defineConfig({
    test: {include: ['browser/figures.ts'], testTimeout: 300_000, reporters: ['verbose']},
});
