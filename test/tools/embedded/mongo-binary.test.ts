import { appendFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { patches } from '../../../tools/embedded/ferretdb-build.ts';
import { findMongoServer } from '../../../tools/embedded/mongo-binary.ts';
import { emptyCache, failed, fakeSystem, ok, putFile, valueAfter, type Answer } from './fake-system.ts';
import { tempFolder } from './temp-folder.ts';

const silent = (): void => undefined;
const mongod = ok('db version v8.0.4\nBuild Info: {}');
const go = ok('go version go1.26.8 linux/amd64');
const noNetwork = failed('Error: Download failed: getaddrinfo ENOTFOUND');
const usage = failed('Usage of live-chat-ferretdb:\n  -exit-with-stdin');
const builds: Answer = async (args) => {
  await putFile(valueAfter(args, '-o'));
  return ok();
};
/** Go's copy of FerretDB: files with what our patches look for. */
const goModule: Answer = async () => {
  const folder = await tempFolder();
  for (const { file, find } of patches) {
    if (find === undefined) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await appendFile(join(folder, file), `${find}\n`);
  }
  return ok(folder);
};
const goTools = [
  ['go version', go],
  ['go mod', ok()],
  ['go list', goModule],
] as const;
const downloads: Answer = async (args) => {
  const path = join(args.at(-1) ?? '', 'mongod-x64-debian-8.2.6');
  await putFile(path);
  return ok(`path=${path}\n`);
};

test('mongod on PATH comes first', async () => {
  await emptyCache();
  const system = fakeSystem([['mongod --version', mongod]], { mongod: '/usr/bin/mongod' });
  expect(await findMongoServer(silent, system)).toEqual({ kind: 'mongod', path: '/usr/bin/mongod' });
});

test('a mongod on PATH that is too old is named and passed over', async () => {
  const cache = await emptyCache();
  const lines: string[] = [];
  const system = fakeSystem(
    [
      ['/usr/bin/mongod --version', ok('db version v3.6.8')],
      ['fetchers/mongod.mjs', downloads],
      ['--version', mongod],
    ],
    { mongod: '/usr/bin/mongod' },
  );
  const found = await findMongoServer((line) => lines.push(line), system);
  expect(found).toEqual({ kind: 'mongod', path: join(cache, 'mongodb-8.2.6', 'mongod') });
  expect(lines.filter((line) => line.includes('3.6 is older than 4.2'))).toHaveLength(1);
});

test('with neither, mongod is downloaded and kept', async () => {
  const cache = await emptyCache();
  const lines: string[] = [];
  const rules = [
    ['fetchers/mongod.mjs', downloads],
    ['--version', mongod],
  ] as const;
  const found = await findMongoServer((line) => lines.push(line), fakeSystem(rules));
  expect(lines[0]).toBe(`Downloading MongoDB 8.2.6 ... kept in ${join(cache, 'mongodb-8.2.6')}`);
  const again = fakeSystem(rules);
  expect(await findMongoServer(silent, again)).toEqual(found);
  expect(again.calls.some((line) => line.includes('fetchers'))).toBe(false);
});

test('with no download FerretDB is built once, and then used without trying the download again', async () => {
  await emptyCache();
  const rules = [['fetchers/mongod.mjs', noNetwork], ...goTools, ['go build', builds], ['-help', usage]] as const;
  const lines: string[] = [];
  const found = await findMongoServer((line) => lines.push(line), fakeSystem(rules));
  expect(found.kind).toBe('ferretdb');
  expect(lines.some((line) => line.startsWith('Building FerretDB 1.24.2 with Go, once'))).toBe(true);

  const again = fakeSystem(rules);
  expect(await findMongoServer(silent, again)).toEqual(found);
  expect(again.calls.filter((line) => /fetchers|go build/.test(line))).toEqual([]);
});

test('another version of Go builds its own', async () => {
  await emptyCache();
  const withGo = (version: string) =>
    fakeSystem([
      ['fetchers/mongod.mjs', noNetwork],
      ['go version', ok(version)],
      ...goTools,
      ['go build', builds],
      ['-help', usage],
    ]);
  const first = await findMongoServer(silent, withGo('go version go1.25.0 linux/amd64'));
  const second = await findMongoServer(silent, withGo('go version go1.26.8 linux/amd64'));
  expect(second.path).not.toBe(first.path);
});

test('data that FerretDB wrote is opened by FerretDB, even where mongod is at hand', async () => {
  await emptyCache();
  const system = fakeSystem([['mongod --version', mongod], ...goTools, ['go build', builds], ['-help', usage]], {
    mongod: '/usr/bin/mongod',
  });
  expect((await findMongoServer(silent, system, 'ferretdb')).kind).toBe('ferretdb');
});

test('when the server that wrote the data cannot be had, the other is used and that is said', async () => {
  await emptyCache();
  const lines: string[] = [];
  const system = fakeSystem([['mongod --version', mongod]], { mongod: '/usr/bin/mongod' });
  const found = await findMongoServer((line) => lines.push(line), system, 'ferretdb');
  expect(found.kind).toBe('mongod');
  expect(lines.at(-1)).toContain('is kept but not seen');
});

test.each([
  ['Go is missing', [], 'Go is not installed'],
  ['Go is too old', [['go version', ok('go version go1.19.8 linux/amd64')]], 'Go 1.19 is older than 1.21'],
  [
    'the build fails',
    [...goTools, ['go build', failed('main.go:1: error: no such module')]],
    'go build failed with code 1: main.go:1: error: no such module',
  ],
  [
    'a checksum of the module differs',
    [...goTools, ['go build', failed('verifying module: checksum mismatch\n  SECURITY ERROR')]],
    'SECURITY ERROR',
  ],
  [
    'FerretDB is not what the patches were made for',
    [
      ['go version', go],
      ['go mod', ok()],
      ['go list', ok('/nowhere')],
    ],
    'no such file or directory',
  ],
  [
    'what was built does not run',
    [...goTools, ['go build', builds], ['-help', failed('exec format error')]],
    'does not run',
  ],
] as const)(
  'when %s, one sentence names what to install or set, and the cache stays empty',
  async (_what, rules, reason) => {
    const cache = await emptyCache();
    const system = fakeSystem([['fetchers/mongod.mjs', noNetwork], ...rules]);
    const error = await findMongoServer(silent, system).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(reason);
    expect(String(error)).toMatch(/Install MongoDB .* or Go 1\.21 or newer .* or set MONGODB_URI\.$/);
    expect(await readdir(cache)).toEqual([]);
  },
);
