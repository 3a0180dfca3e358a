import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { workflowBundle } from './harness.ts';

/**
 * Each workflow that a worker keeps has a copy of every module of the workflow code but Temporal's own. With zod
 * among them an open chat took five times the memory.
 */
test('workflow code loads nothing but itself, what is small in domain/, and Temporal', async () => {
  const { codePath } = await workflowBundle();
  const code = await readFile(codePath, 'utf8');
  const modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, name = '']) => name);
  const packages = modules.flatMap((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? []);
  expect([...new Set(packages)].sort()).toEqual([
    '@temporalio/common',
    '@temporalio/workflow',
    'long',
    'ms',
    'nexus-rpc',
  ]);
});
