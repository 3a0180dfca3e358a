import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { WorkflowBundle } from '@temporalio/worker';

/** Where the workflow code of a commit is kept. */
export const bundleFile = (commit: string): URL => new URL(`workflows-${commit}.js.gz`, import.meta.url);

/** A worker refuses code without a source map; this one maps nothing. */
const noSources = Buffer.from(
  JSON.stringify({ version: 3, file: 'workflows.js', sources: [], names: [], mappings: '' }),
).toString('base64');

/** The workflow code as that commit had it. */
export async function storedBundle(commit: string): Promise<WorkflowBundle> {
  const code = gunzipSync(await readFile(bundleFile(commit))).toString('utf8');
  return { code: `${code}\n//# sourceMappingURL=data:application/json;base64,${noSources}\n` };
}
