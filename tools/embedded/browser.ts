import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, withLock } from './cache.ts';
import { SourceError, type Report } from './find-binary.ts';
import { thisSystem, type System } from './system.ts';

/** No Chromium could be found or fetched. The message says what to install or set. */
export class MissingBrowserError extends Error {
  override name = 'MissingBrowserError';
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const checkMs = 30_000;
const downloadMs = 10 * 60_000;
const stallMs = 20_000;
const aptMs = 10 * 60_000;

/** Root on Debian may install packages. */
async function mayUseApt(): Promise<boolean> {
  return (
    process.getuid?.() === 0 &&
    (await access('/etc/debian_version').then(
      () => true,
      () => false,
    ))
  );
}

/**
 * Finds a Chromium for the browser tests: CHROMIUM_PATH, one on PATH, Playwright's own download (kept in our cache),
 * and on Debian, as root, the distribution's package.
 *
 * @returns the path of the executable
 * @throws MissingBrowserError with what to install or set
 */
export async function findBrowser(
  report: Report,
  system: System = thisSystem,
  aptIsAllowed: () => Promise<boolean> = mayUseApt,
): Promise<string> {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen !== undefined && chosen !== '') {
    const fault = await faultOf(chosen, system);
    if (fault === undefined) return chosen;
    throw new MissingBrowserError(`CHROMIUM_PATH is ${chosen}, but ${fault}: correct or unset it.`);
  }
  const installed = await onPath(report, system);
  if (installed !== undefined) return installed;

  const folder = join(cacheFolder(), 'browsers');
  const fetch = async (): Promise<string> => {
    const cached = await inFolder(folder, system);
    if (cached !== undefined) return cached;
    const reasons: string[] = [];
    for (const source of [download, ...((await aptIsAllowed()) ? [installPackage] : [])]) {
      try {
        return await source(folder, report, system);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        reasons.push(error.message);
        report(`  That did not work (${error.message}).`);
      }
    }
    throw new MissingBrowserError(
      `The browser tests need Chromium, and it could not be fetched (${reasons.join('; ')}): install chromium or Google Chrome, or set CHROMIUM_PATH to one.`,
    );
  };
  return await withLock(`${folder}.lock`, fetch, {
    onWait: () => report('Waiting for another process that is getting a browser ...'),
  });
}

async function download(folder: string, report: Report, system: System): Promise<string> {
  report(`Downloading Chromium with Playwright ... kept in ${folder}`);
  const cli = fileURLToPath(new URL('../../node_modules/playwright-core/cli.js', import.meta.url));
  const result = await system.run(process.execPath, [cli, 'install', 'chromium-headless-shell'], {
    timeoutMs: downloadMs,
    // Playwright downloads into the system's temporary folder first: that must grow in its sight too.
    growing: { folder, stallMs },
    env: { PLAYWRIGHT_BROWSERS_PATH: folder, TMPDIR: folder },
    onProgress: ({ seconds, bytes }) => report(`  Chromium: ${seconds} s, ${(bytes / 1e6).toFixed(0)} MB ...`),
  });
  if (!result.ok) throw new SourceError(`the download ${result.fault}`);
  const path = await inFolder(folder, system);
  if (path === undefined) throw new SourceError('the downloaded browser does not run');
  return path;
}

async function installPackage(_folder: string, report: Report, system: System): Promise<string> {
  report("Installing Debian's package chromium ...");
  const apt = async (...args: string[]): Promise<void> => {
    const result = await system.run('apt-get', args, {
      timeoutMs: aptMs,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      onProgress: ({ seconds }) => report(`  apt-get: ${seconds} s ...`),
    });
    if (!result.ok) throw new SourceError(`apt-get ${args[0] ?? ''} ${result.fault}`);
  };
  await apt('update');
  await apt('install', '-y', '--no-install-recommends', 'chromium');
  const path = await onPath(report, system);
  if (path === undefined) throw new SourceError('the installed browser does not run');
  return path;
}

async function onPath(report: Report, system: System): Promise<string | undefined> {
  for (const name of names) {
    const path = await system.findOnPath(name);
    if (path === undefined) continue;
    const fault = await faultOf(path, system);
    if (fault === undefined) return path;
    report(`Not using ${path}: ${fault}.`);
  }
  return undefined;
}

/** The executable that Playwright put below its folder; the name differs by platform. */
async function inFolder(folder: string, system: System): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const file = entries.find((entry) => entry.isFile() && /^(chrome-)?headless[-_]shell(\.exe)?$/.test(entry.name));
  if (file === undefined) return undefined;
  const path = join(file.parentPath, file.name);
  return (await faultOf(path, system)) === undefined ? path : undefined;
}

async function faultOf(path: string, system: System): Promise<string | undefined> {
  const result = await system.run(path, ['--version'], { timeoutMs: checkMs });
  return result.ok ? undefined : `it does not run (--version ${result.fault})`;
}
