import { defineConfig } from 'vitest/config';

/** Tests that start whole systems, browsers or many processes: after the others, which are quick. */
const system = [
  'test/{e2e,story}/**/*.test.ts',
  'test/telemetry/system.test.ts',
  'test/tools/{chaos,embedded}/**/*.test.ts',
  'test/deploy/production.test.ts',
  'test/web/pages/pages.test.ts',
  'test/web/widget/{accessibility,states}.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 120_000,
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        extends: true,
        // Two cores are what a run may count on.
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: system,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'system', include: system, maxWorkers: 2, sequence: { groupOrder: 1 } } },
    ],
  },
});
