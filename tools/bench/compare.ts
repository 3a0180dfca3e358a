import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { shortNumber } from './figure.ts';

/*
 * This version beside another one, e.g. a worktree of commit 04b18f0, on the same machine within the hour: each in
 * its own benchmark, one after the other, several times. See README.md.
 */

const usage = `node --import tsx tools/bench/compare.ts --base <folder> [options]
  --base folder   a checkout of the other version, with its node_modules
  --only a,b      sections of both (floor,idle,pace,rate)
  --seconds 10    length of each measurement
  --rounds 2      so often each version is measured; the medians are compared
The exit code is 1 when CPU time per message at 200 chats is more than a quarter above the other version's.`;

/** How much more CPU time a message may take than in the other version. */
const cpuLimit = 1.25;
/** Processes whose time counts: the others stand for Zoom and for MongoDB. */
const own = ['temporal', 'worker', 'api'];
const bounded = 'rate.cpu';

const resultSchema = z.object({
  results: z.array(
    z.looseObject({
      figures: z.array(
        z.looseObject({
          id: z.string(),
          label: z.string(),
          value: z.number().nullable(),
          unit: z.string(),
          numbers: z.record(z.string(), z.number().nullable()).optional(),
        }),
      ),
    }),
  ),
});

/** The figures of one version: all that were measured, by id. */
type Measured = Map<string, { label: string; values: number[] }>;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      base: { type: 'string' },
      only: { type: 'string', default: 'floor,idle,pace,rate' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '2' },
    },
  });
  if (values.base === undefined) {
    console.error(usage);
    return 2;
  }
  const here = fileURLToPath(new URL('../..', import.meta.url));
  const folders = { base: resolve(values.base), this: here };
  const measured = { base: new Map() as Measured, this: new Map() as Measured };
  const files = await mkdtemp(join(tmpdir(), 'live-chat-compare-'));
  try {
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      for (const name of ['base', 'this'] as const) {
        console.error(`Round ${round}: ${name} (${folders[name]})`);
        const file = join(files, `${name}-${round}.json`);
        await bench(folders[name], ['--only', values.only, '--seconds', values.seconds, '--json', file]);
        add(measured[name], await readFile(file, 'utf8'));
      }
    }
  } finally {
    await rm(files, { recursive: true, force: true });
  }
  return print(measured) ? 0 : 1;
}

/** Runs a version's benchmark. Bounds that it misses are its own matter. */
async function bench(folder: string, args: readonly string[]): Promise<void> {
  const run = promisify(execFile)('npm', ['run', 'bench', '--', ...args], { cwd: folder, maxBuffer: 10_000_000 });
  await run.catch((error: unknown) => {
    const { code } = error as { code?: unknown };
    if (code !== 1) throw error;
  });
}

function add(measured: Measured, json: string): void {
  const { results } = resultSchema.parse(JSON.parse(json));
  for (const { id, label, value, unit, numbers } of results.flatMap(({ figures }) => figures)) {
    if (id.endsWith('.own')) continue;
    // Of the processes those are added up that run the product, which both versions name.
    const isCpu = id.endsWith('.cpu') && id !== 'floor.cpu';
    const shown = isCpu ? own.reduce((sum, name) => sum + (numbers?.[name] ?? 0), 0) : value;
    if (shown === null) continue;
    const words = isCpu ? 'CPU time per message, Temporal + worker + api' : label;
    const known = measured.get(id) ?? { label: `${id}: ${words} (${unit})`, values: [] };
    known.values.push(shown);
    measured.set(id, known);
  }
}

/** @returns whether the bound is held */
function print(measured: Record<'base' | 'this', Measured>): boolean {
  const width = Math.max(...[...measured.this.values()].map(({ label }) => label.length));
  console.log(`${''.padEnd(width)}  ${['base', 'this', 'this ÷ base'].map((head) => head.padStart(12)).join('')}`);
  let held = false;
  for (const [id, { label, values }] of measured.this) {
    const [before, now] = [median(measured.base.get(id)?.values ?? []), median(values)];
    const ratio = now / before;
    const cells = [before, now, ratio].map((value) => shortNumber(value).padStart(12)).join('');
    if (id === bounded) held = ratio <= cpuLimit;
    const bound = id === bounded ? `  ${held ? 'held' : 'MISSED'}: ≤ ${cpuLimit}` : '';
    console.log(`${label.padEnd(width)}  ${cells}${bound}`);
  }
  return held;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

process.exitCode = await main();
