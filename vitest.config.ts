import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // One file at a time: several start whole systems, and two cores are what a run may count on.
    maxWorkers: 1,
    testTimeout: 20_000,
    hookTimeout: 120_000,
  },
});
