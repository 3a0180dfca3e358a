import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { SharedResource } from './test-server-broker.ts';
import { findTestServer } from './temporal-binary.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a test process asks for the shared servers; see test/support/global-setup.ts. */
    testServers: string;
  }
}

/**
 * Address (host:port) of a Temporal development server that all test files of a run share; started at the first call.
 * In memory, with our search attributes, without UI. Use a task queue and workflow ids of your own. The first call on a
 * new machine can take a minute: call it in a `beforeAll` with time.
 */
export function testTemporal(): Promise<string> {
  return ask('temporal');
}

/**
 * Connection string of an empty MongoDB database of its own, on a server that all test files of a run share; started at
 * the first call. Call it once per file, or per test that wants nothing left over.
 */
export async function testMongoUri(): Promise<string> {
  return `${await ask('mongodb')}/test_${randomBytes(6).toString('hex')}`;
}

/**
 * Builds browser files and workflow code, once per run: for tests that serve pages or run workflows, and before
 * `startStack({ skipBuild: true })`.
 */
export async function builtOnce(): Promise<void> {
  await ask('build');
}

/** Path of the time-skipping test server, for `createTimeSkipping` with an executable of type 'existing-path'. */
export function testServerBinary(): Promise<string> {
  return findTestServer((line) => {
    console.log(line);
  });
}

async function ask(resource: SharedResource): Promise<string> {
  const response = await fetch(`${inject('testServers')}/${resource}`, { method: 'POST' });
  const text = await response.text();
  if (!response.ok) throw new Error(`The shared test server is not there: ${text}`);
  return text;
}
