import {defineConfig} from 'vitest/config';

export default defineConfig({
    test: {include: ['e2e/benchmark.ts'], testTimeout: 300_000, reporters: ['verbose']},
});
