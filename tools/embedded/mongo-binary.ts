import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ferretdbBuild, ferretdbSources } from './ferretdb-build.ts';
import {
  fetchBinary,
  findBinary,
  findPresentBinary,
  isOlder,
  MissingBinaryError,
  SourceError,
  type Binary,
  type Report,
  type Source,
} from './find-binary.ts';
import { thisSystem, type System } from './system.ts';

/** The mongod that is fetched when none is installed. */
export const mongodVersion = '8.2.6';
/** The oldest server that the driver of this mongoose talks to. */
const oldestMongod = [4, 2] as const;
const ferretdbVersion = '1.24.2';

const advice = 'Install MongoDB so that "mongod" is on PATH, or Go 1.21 or newer (go.dev/dl), or set MONGODB_URI.';

const checkMs = 15_000;
const downloadMs = 10 * 60_000;
const stallMs = 20_000;

/** A server that speaks MongoDB's wire protocol: MongoDB itself, or FerretDB, which keeps its data in SQLite. */
export interface MongoBinary {
  kind: 'mongod' | 'ferretdb';
  path: string;
}

/**
 * Finds a MongoDB server: `mongod` on PATH or in our cache, FerretDB in our cache, mongodb-memory-server's download of
 * mongod, and last FerretDB, which Go builds once from the pinned module in `tools/embedded/ferretdb`. What is fetched
 * or built stays in the cache folder.
 *
 * @param prefer the kind that wrote the data which is there already: neither can read the other's
 * @throws MissingBinaryError with what to install or set
 */
export async function findMongoServer(
  report: Report,
  system: System = thisSystem,
  prefer?: MongoBinary['kind'],
): Promise<MongoBinary> {
  const binaries = { mongod: mongod(system), ferretdb: await ferretdb(system) };
  const kinds: MongoBinary['kind'][] = prefer === 'ferretdb' ? ['ferretdb', 'mongod'] : ['mongod', 'ferretdb'];
  // What is there before what must be fetched; with data of one kind, only that kind counts as there.
  for (const kind of prefer === undefined ? kinds : [prefer]) {
    const path = await findPresentBinary(binaries[kind], system, report);
    if (path !== undefined) return { kind, path };
  }
  const reasons: string[] = [];
  for (const kind of kinds) {
    const isOther = prefer !== undefined && kind !== prefer;
    const binary = binaries[kind];
    try {
      const path = isOther ? await findBinary(binary, system, report) : await fetchBinary(binary, report);
      if (isOther) report(`Using ${binary.title}: the data that ${binaries[prefer].title} wrote is kept but not seen.`);
      return { kind, path };
    } catch (error) {
      if (!(error instanceof MissingBinaryError)) throw error;
      reasons.push(error.reasons);
    }
  }
  throw new MissingBinaryError('A MongoDB server', reasons.join('; '), advice);
}

function mongod(system: System): Binary {
  return {
    title: `MongoDB ${mongodVersion}`,
    cacheKey: `mongodb-${mongodVersion}`,
    executable: 'mongod',
    async check(path) {
      const { ok, fault, output } = await system.run(path, ['--version'], { timeoutMs: checkMs });
      if (!ok) return `it does not run (mongod --version ${fault})`;
      const version = /db version v(\d+)\.(\d+)/.exec(output);
      if (version === null) return 'its "--version" names no version';
      const isOld = isOlder(version, oldestMongod);
      return isOld ? `its ${version[0].slice(3)} is older than ${oldestMongod.join('.')}` : undefined;
    },
    sources: [mongodDownload(system)],
    advice,
  };
}

function mongodDownload(system: System): Source {
  return {
    name: 'the download of mongod',
    doing: `Downloading MongoDB ${mongodVersion}`,
    async fetch(into, onProgress) {
      const script = fileURLToPath(new URL('fetchers/mongod.mjs', import.meta.url));
      const { ok, fault, output } = await system.run(process.execPath, [script, mongodVersion, into], {
        timeoutMs: downloadMs,
        growing: { folder: into, stallMs },
        onProgress,
        // One attempt: with no network its retries only cost seconds. The folder is ours alone, whatever is configured.
        env: { MONGOMS_MAX_RETRIES: '1', MONGOMS_PREFER_GLOBAL_PATH: 'false', MONGOMS_DOWNLOAD_DIR: into },
      });
      if (!ok) throw new SourceError(`it ${fault}`);
      const path = /^path=(.+)$/m.exec(output)?.[1];
      if (path === undefined) throw new SourceError('it named no file');
      return path;
    },
  };
}

async function ferretdb(system: System): Promise<Binary> {
  const go = await system.run('go', ['version'], { timeoutMs: checkMs });
  const hash = createHash('sha256').update(go.ok ? go.output.trim() : '');
  hash.update(await ferretdbSources());
  return {
    title: `FerretDB ${ferretdbVersion}`,
    cacheKey: `ferretdb-${ferretdbVersion}-${hash.digest('hex').slice(0, 12)}`,
    // Not "ferretdb": one on PATH would be another version with other options.
    executable: 'live-chat-ferretdb',
    async check(path) {
      const { fault, output } = await system.run(path, ['-help'], { timeoutMs: checkMs });
      return output.includes('-exit-with-stdin') ? undefined : `it does not run (ferretdb ${fault})`;
    },
    sources: [ferretdbBuild(ferretdbVersion, system)],
    advice,
  };
}
