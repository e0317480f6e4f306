import {defineConfig} from 'vitest/config';

// A real server and a real browser. The files run one after the other, because two cores are enough for only one.
export default defineConfig({
    test: {
        include: ['e2e/**/*.test.ts'],
        fileParallelism: false,
        testTimeout: 120_000,
        hookTimeout: 600_000,
    },
});
