import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

/**
 * When the lines of Node get their last security fixes. Source: github.com/nodejs/release, schedule.json; a new line is
 * added here with the image that needs it.
 */
const endOfLife: Readonly<Record<string, string>> = {
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};

const packageSchema = z.object({ engines: z.object({ node: z.string() }) });
const lockSchema = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) });

const lineOf = (version: string) => /\d+/.exec(version)?.[0] ?? '';
const image = async () => /^ARG NODE_IMAGE=node:([\d.]+)-/m.exec(await readFile('Dockerfile', 'utf8'))?.[1] ?? '';
const engines = async () => packageSchema.parse(JSON.parse(await readFile('package.json', 'utf8'))).engines.node;

describe('the Node that this runs on', () => {
  test('in the image gets security fixes', async () => {
    const line = lineOf(await image());
    expect(Object.keys(endOfLife), 'say above when this line ends').toContain(line);
    expect(new Date().toISOString() < (endOfLife[line] ?? ''), `Node ${line} has ended: raise NODE_IMAGE`).toBe(true);
  });

  test('is at the least one that gets security fixes', async () => {
    const line = lineOf(await engines());
    expect(new Date().toISOString() < (endOfLife[line] ?? ''), `Node ${line} has ended: raise engines`).toBe(true);
  });

  test('is the image’s where the bootstrap fetches one', async () => {
    const text = await readFile('tools/embedded/node/package-lock.json', 'utf8');
    const { packages } = lockSchema.parse(JSON.parse(text));
    const versions = Object.entries(packages).flatMap(([path, { version }]) =>
      path.startsWith('node_modules/') ? [version] : [],
    );
    expect(versions.length).toBeGreaterThan(1);
    expect(new Set(versions)).toEqual(new Set([await image()]));
  });

  test('is asked for by the same number everywhere', async () => {
    const oldest = (await engines()).replace('>=', '');
    const bootstrap = await readFile('tools/scripts/bootstrap.mjs', 'utf8');
    expect(bootstrap).toContain(`const oldestNode = [${oldest.replace('.', ', ')}];`);
    expect(await readFile('README.md', 'utf8')).toContain(`Node ${oldest}`);
  });
});
