import {defineConfig} from 'vitest/config';

// The browser suite. Its files run one after the other, because each one needs a server and a browser.
export default defineConfig({
    test: {
        include: ['e2e/**/*.test.ts'],
        fileParallelism: false,
        testTimeout: 120_000,
        hookTimeout: 600_000,
    },
});
