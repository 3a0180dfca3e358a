/**
 * Keeps the workflow code of a released version for the test of an update under running chats, test/workflows/versions.test.ts.
 *
 *   node --import tsx scripts/record-bundle.ts <commit>
 *
 * It takes the sources of that commit, bundles them with the SDK that is installed, makes them small, and stores the code,
 * gzipped, as test/versions/workflows-<commit>.js.gz. When to record: before a release whose workers cannot share every chat
 * with the workers of the one before.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { transform } from 'esbuild';
import { bundleFile } from '../test/versions/stored-bundle.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

const [revision] = process.argv.slice(2);
if (revision === undefined) throw new Error('Which commit? node --import tsx scripts/record-bundle.ts <commit>');
const { stdout } = await run('git', ['rev-parse', '--short=7', '--verify', `${revision}^{commit}`], { cwd: root });
const commit = stdout.trim();

const folder = await mkdtemp(path.join(tmpdir(), 'live-chat-bundle-'));
try {
  const archive = path.join(folder, 'sources.tar');
  await run('git', ['archive', '--output', archive, commit, 'workflows', 'activities', 'domain', 'codec'], {
    cwd: root,
  });
  await run('tar', ['-xf', archive, '-C', folder]);
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(folder, 'workflows/index.ts'),
    failureConverterPath: path.join(folder, 'codec/failure-converter.cjs'),
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => ({ ...config, devtool: false }),
  });
  // Names stay as they are: a child workflow is started by the name of its function.
  const small = await transform(code, { minifyWhitespace: true, minifySyntax: true, legalComments: 'none' });
  const zipped = gzipSync(small.code, { level: 9 });
  await writeFile(bundleFile(commit), zipped);
  console.log(`${bundleFile(commit).pathname}: ${Math.round(zipped.length / 1_000)} kB, from ${commit}.`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
