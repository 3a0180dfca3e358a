import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemEffects, type Effects } from './effects.ts';
import {
  explain,
  fetchBinary,
  findBinary,
  findPresentBinary,
  MissingBinaryError,
  SourceError,
  type FindBinary,
  type Report,
  type Source,
} from './find-binary.ts';

/** The mongod that is fetched when none is installed. */
export const mongodVersion = '8.2.6';
/** The oldest server that the driver of this mongoose talks to. */
const oldestMongod = { major: 4, minor: 2 };
const ferretdbVersion = '1.24.2';

const mongoAdvice = 'Install MongoDB so that "mongod" is on PATH, or Go 1.21 or newer (go.dev/dl), or set MONGODB_URI.';

const checkMs = 15_000;
const downloadMs = 10 * 60_000;
const stallMs = 20_000;
const buildMs = 20 * 60_000;

/** A server that speaks MongoDB's wire protocol: MongoDB itself, or FerretDB, which keeps its data in SQLite. */
export interface MongoBinary {
  kind: 'mongod' | 'ferretdb';
  path: string;
}

/**
 * Finds a MongoDB server: `mongod` on PATH or in our cache, FerretDB in our cache, mongodb-memory-server's download of
 * mongod, and last FerretDB, which Go builds once from the pinned module in `tools/embedded/ferretdb`. What is fetched or
 * built stays in the cache folder.
 *
 * @param prefer the kind that wrote the data which is there already: neither can read the other's
 * @throws MissingBinaryError with what to install or set
 */
export async function findMongoServer(
  report: Report,
  effects: Effects = systemEffects(),
  prefer?: MongoBinary['kind'],
): Promise<MongoBinary> {
  const server = mongod(effects);
  const substitute = await ferretdb(effects);
  const kinds: MongoBinary['kind'][] = prefer === 'ferretdb' ? ['ferretdb', 'mongod'] : ['mongod', 'ferretdb'];
  const wanted = { mongod: server, ferretdb: substitute };
  // What is there before what must be fetched; with data of one kind, only that kind counts as there.
  for (const kind of prefer === undefined ? kinds : [prefer]) {
    const path = await findPresentBinary(wanted[kind], effects, report);
    if (path !== undefined) return { kind, path };
  }
  const reasons: string[] = [];
  for (const kind of kinds) {
    try {
      const looked = prefer === undefined || kind === prefer;
      const path = await (looked ? fetchBinary : findBinary)(wanted[kind], effects, report);
      if (prefer !== undefined && kind !== prefer) {
        report(`Using ${wanted[kind].title}: the data that ${wanted[prefer].title} wrote is kept but not seen.`);
      }
      return { kind, path };
    } catch (error) {
      if (!(error instanceof MissingBinaryError)) throw error;
      reasons.push(error.reasons);
    }
  }
  throw new MissingBinaryError('A MongoDB server', reasons.join('; '), mongoAdvice);
}

function mongod(effects: Effects): FindBinary {
  return {
    title: `MongoDB ${mongodVersion}`,
    cacheKey: `mongodb-${mongodVersion}`,
    executable: 'mongod',
    check: (path) => checkMongod(path, effects),
    sources: [mongodDownload(effects)],
    advice: mongoAdvice,
  };
}

async function checkMongod(path: string, effects: Effects): Promise<string | undefined> {
  const result = await effects.run(path, ['--version'], { timeoutMs: checkMs });
  if (result.outcome !== 'ok') return `it does not run (${explain('mongod --version', result)})`;
  const version = /db version v(\d+)\.(\d+)/.exec(result.output);
  if (version === null) return 'its "--version" names no version';
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isOld = major < oldestMongod.major || (major === oldestMongod.major && minor < oldestMongod.minor);
  return isOld ? `its version ${major}.${minor} is older than ${oldestMongod.major}.${oldestMongod.minor}` : undefined;
}

function mongodDownload(effects: Effects): Source {
  return {
    key: 'mongod download',
    doing: `Downloading MongoDB ${mongodVersion}`,
    async fetch(into, onProgress) {
      const script = fileURLToPath(new URL('fetchers/mongod.mjs', import.meta.url));
      const result = await effects.run(process.execPath, [script, mongodVersion, into], {
        timeoutMs: downloadMs,
        growing: { folder: into, stallMs },
        onProgress,
        // One attempt: with no network its retries only cost seconds. The folder is ours alone, whatever is configured.
        env: { MONGOMS_MAX_RETRIES: '1', MONGOMS_PREFER_GLOBAL_PATH: 'false', MONGOMS_DOWNLOAD_DIR: into },
      });
      if (result.outcome !== 'ok') throw new SourceError(explain('the download', result));
      const path = /^path=(.+)$/m.exec(result.output)?.[1];
      if (path === undefined) throw new SourceError('the download named no file');
      return path;
    },
  };
}

const moduleFiles = ['go.mod', 'go.sum', 'main.go', 'keyindex.go', 'onewriter.go'] as const;

async function ferretdb(effects: Effects): Promise<FindBinary> {
  const folder = fileURLToPath(new URL('ferretdb', import.meta.url));
  const hash = createHash('sha256').update(await goVersion(effects));
  for (const file of moduleFiles) hash.update(await readFile(join(folder, file)));
  return {
    title: `FerretDB ${ferretdbVersion}`,
    cacheKey: `ferretdb-${ferretdbVersion}-${hash.digest('hex').slice(0, 12)}`,
    // Not "ferretdb": one on PATH would be another version with other options.
    executable: 'live-chat-ferretdb',
    check: (path) => checkFerretdb(path, effects),
    sources: [ferretdbBuild(folder, effects)],
    advice: mongoAdvice,
  };
}

/** Go's version line, or an empty text when there is no Go. */
async function goVersion(effects: Effects): Promise<string> {
  const result = await effects.run('go', ['version'], { timeoutMs: checkMs });
  return result.outcome === 'ok' ? result.output.trim() : '';
}

/** Why Go cannot build the module; undefined when it can. */
async function goFault(effects: Effects): Promise<string | undefined> {
  const result = await effects.run('go', ['version'], { timeoutMs: checkMs });
  if (result.outcome !== 'ok') return explain('Go', result);
  const version = /go(\d+)\.(\d+)/.exec(result.output);
  if (version === null) return 'Go does not tell its version';
  // From 1.21 on Go fetches by itself the newer Go that a module asks for.
  const isOld = Number(version[1]) === 1 && Number(version[2]) < 21;
  return isOld ? `Go ${version[1] ?? ''}.${version[2] ?? ''} is older than 1.21` : undefined;
}

async function checkFerretdb(path: string, effects: Effects): Promise<string | undefined> {
  const result = await effects.run(path, ['-help'], { timeoutMs: checkMs });
  return result.outcome !== 'not-found' && result.output.includes('-exit-with-stdin')
    ? undefined
    : `it does not run (${explain('ferretdb', result)})`;
}

function ferretdbBuild(folder: string, effects: Effects): Source {
  return {
    key: 'FerretDB build',
    doing: `Building FerretDB ${ferretdbVersion} with Go, once, one to three minutes`,
    async fetch(into, onProgress) {
      const fault = await goFault(effects);
      if (fault !== undefined) throw new SourceError(fault);
      // Built from a copy, so that Go never writes into the sources.
      const copy = join(into, 'module');
      await mkdir(copy, { recursive: true });
      for (const file of moduleFiles) await copyFile(join(folder, file), join(copy, file));
      const binary = join(into, 'live-chat-ferretdb');
      const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-tags=ferretdb_no_postgresql'];
      const result = await effects.run('go', ['build', ...flags, '-o', binary, '.'], {
        cwd: copy,
        timeoutMs: buildMs,
        onProgress,
        env: { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
      });
      if (result.outcome !== 'ok') throw new SourceError(explain('go build', result));
      return binary;
    },
  };
}
