import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { WorkflowBundle } from '@temporalio/worker';

/** Where the workflow code of a commit is kept. */
export const bundleFile = (commit: string): URL => new URL(`workflows-${commit}.js.gz`, import.meta.url);

/** The workflow code as that commit had it. */
export async function storedBundle(commit: string): Promise<WorkflowBundle> {
  return { code: gunzipSync(await readFile(bundleFile(commit))).toString('utf8') };
}
