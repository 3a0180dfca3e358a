import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWeb } from '../../web/build.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { developmentBundle } from '../embedded/programs.ts';

/*
 * What `npm start` and the tests build before the programs start: the browser files, and the workflow code, which every
 * worker would bundle at each of its starts.
 */

async function bundle(): Promise<void> {
  const { code } = await bundleWorkflows();
  await mkdir(path.dirname(developmentBundle), { recursive: true });
  // Whole at any moment: a worker of another run may read it.
  const part = `${developmentBundle}.${process.pid}`;
  await writeFile(part, code);
  await rename(part, developmentBundle);
}

const outDir = fileURLToPath(new URL('../../dist/web', import.meta.url));
await Promise.all([bundle(), buildWeb({ outDir })]);
