import {defineConfig} from 'vitest/config';

// The real server, a real browser, and both eras of the client. One after the other: there are two cores.
export default defineConfig({
    test: {
        include: ['browser/**/*.test.ts'],
        fileParallelism: false,
        testTimeout: 120_000,
        hookTimeout: 600_000,
    },
});
