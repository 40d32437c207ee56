import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['*/src/**/*.spec.ts', 'test/**/*.spec.ts', 'scripts/**/*.spec.ts', 'bench/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/target/**', '.streamlib/**'],
    // A process per file: the native addon is loaded, killed and counted (descriptors, mappings) on its own.
    pool: 'forks',
    testTimeout: 30_000,
    // Shared machines take time away from tests that measure it: .ci/run lets them try once more, and the report says which did.
    retry: Number(process.env.STREAMLIB_TEST_RETRIES ?? 0),
    hookTimeout: 60_000,
    // Tests that start Python, a broker and a browser compete for the processor; on two cores more files at once only add waiting.
    maxWorkers: 2,
  },
});
