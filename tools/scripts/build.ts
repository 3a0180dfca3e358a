import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildWeb } from '../../web/build.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const failureConverter = 'codec/failure-converter.cjs';

/**
 * `npm run build`: everything that production runs, in one folder.
 *
 * - `api/main.js`, `worker/main.js` and what they import, compiled by tsc
 * - `codec/failure-converter.cjs`, which Temporal loads by its path
 * - `workflow-bundle.js`, the workflow code that a worker would otherwise bundle at each start
 * - `web/`: the browser files
 *
 * @throws Error when something does not compile; the compiler has printed why
 */
export async function build({ outDir }: { outDir: string }): Promise<void> {
  await mkdir(outDir, { recursive: true });
  await removeEarlier(outDir);
  await compile(outDir);
  await mkdir(path.join(outDir, path.dirname(failureConverter)), { recursive: true });
  await copyFile(path.join(root, failureConverter), path.join(outDir, failureConverter));
  await Promise.all([writeBundle(outDir), buildWeb({ outDir: path.join(outDir, 'web') })]);
}

/** All but the browser files: a development server that is running serves those from here. */
async function removeEarlier(outDir: string): Promise<void> {
  const names = await readdir(outDir);
  const ours = names.filter((name) => name !== 'web' && !name.startsWith('.'));
  await Promise.all(ours.map((name) => rm(path.join(outDir, name), { recursive: true, force: true })));
}

async function compile(outDir: string): Promise<void> {
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
  const child = spawn(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json'), '--outDir', outDir], {
    cwd: root,
    stdio: 'inherit',
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error('The TypeScript code does not compile: see the messages above.');
}

async function writeBundle(outDir: string): Promise<void> {
  const { code } = await bundleWorkflows();
  await writeFile(path.join(outDir, 'workflow-bundle.js'), code);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
  const outDir = path.resolve(values.out);
  const begun = performance.now();
  await build({ outDir });
  console.log(`Built everything into ${outDir} in ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
