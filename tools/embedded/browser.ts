import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, withLock } from './cache.ts';
import { systemEffects, type Effects } from './effects.ts';
import { explain, type Report } from './find-binary.ts';

/** No Chromium could be found or fetched. The message says what to install or set. */
export class MissingBrowserError extends Error {
  override name = 'MissingBrowserError';
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const checkMs = 30_000;
const downloadMs = 10 * 60_000;
const stallMs = 20_000;
const aptMs = 10 * 60_000;
const downloadKey = 'browser download';

/** What the finder asks of the system beside running commands. */
export interface BrowserSystem {
  isRoot: boolean;
  exists(path: string): Promise<boolean>;
}

const thisSystem: BrowserSystem = {
  isRoot: process.getuid?.() === 0,
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
};

/**
 * Finds a Chromium for the browser tests: CHROMIUM_PATH, one on PATH, Playwright's own download (kept in our cache),
 * and on Debian, as root, the distribution's package.
 *
 * @returns the path of the executable
 * @throws MissingBrowserError with what to install or set
 */
export async function findBrowser(
  report: Report,
  effects: Effects = systemEffects(),
  system: BrowserSystem = thisSystem,
): Promise<string> {
  const chosen = effects.env['CHROMIUM_PATH'];
  if (chosen !== undefined && chosen !== '') {
    const fault = await faultOf(chosen, effects);
    if (fault === undefined) return chosen;
    throw new MissingBrowserError(`CHROMIUM_PATH is ${chosen}, but ${fault}: correct or unset it.`);
  }
  const installed = await onPath(effects, report);
  if (installed !== undefined) return installed;

  const folder = join(cacheFolder(effects), 'browsers');
  return await withLock(`${folder}.lock`, async () => await fetchBrowser(folder, report, effects, system), {
    onWait: () => report('Waiting for another process that is getting a browser ...'),
  });
}

async function fetchBrowser(folder: string, report: Report, effects: Effects, system: BrowserSystem): Promise<string> {
  const cached = await inFolder(folder, effects);
  if (cached !== undefined) return cached;
  const reasons: string[] = [];
  const downloaded = await download(folder, report, effects);
  if ('path' in downloaded) return downloaded.path;
  reasons.push(downloaded.fault);

  if (effects.platform === 'linux' && system.isRoot && (await system.exists('/etc/debian_version'))) {
    const installed = await installPackage(report, effects);
    if ('path' in installed) return installed.path;
    reasons.push(installed.fault);
  }
  throw new MissingBrowserError(
    `The browser tests need Chromium, and it could not be fetched (${reasons.join('; ')}): install chromium or Google Chrome, or set CHROMIUM_PATH to one.`,
  );
}

type Fetched = { path: string } | { fault: string };

async function download(folder: string, report: Report, effects: Effects): Promise<Fetched> {
  const known = effects.failedSources.get(downloadKey);
  if (known !== undefined) return { fault: known };
  report(`Downloading Chromium with Playwright ... kept in ${folder}`);
  const cli = fileURLToPath(new URL('../../node_modules/playwright-core/cli.js', import.meta.url));
  const result = await effects.run(process.execPath, [cli, 'install', 'chromium-headless-shell'], {
    timeoutMs: downloadMs,
    // Playwright downloads into the system's temporary folder first: that must grow in its sight too.
    growing: { folder, stallMs },
    env: { PLAYWRIGHT_BROWSERS_PATH: folder, TMPDIR: folder },
    onProgress: ({ seconds, bytes }) => report(`  Chromium: ${seconds} s, ${(bytes / 1e6).toFixed(0)} MB ...`),
  });
  const path = result.outcome === 'ok' ? await inFolder(folder, effects) : undefined;
  if (path !== undefined) return { path };
  const fault = result.outcome === 'ok' ? 'the downloaded browser does not run' : explain('the download', result);
  effects.failedSources.set(downloadKey, fault);
  report(`  That did not work (${fault}).`);
  return { fault };
}

async function installPackage(report: Report, effects: Effects): Promise<Fetched> {
  report("Installing Debian's package chromium ...");
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const onProgress = ({ seconds }: { seconds: number }): void => {
    report(`  apt-get: ${seconds} s ...`);
  };
  const update = await effects.run('apt-get', ['update'], { timeoutMs: aptMs, env, onProgress });
  if (update.outcome !== 'ok') return { fault: explain('apt-get update', update) };
  const args = ['install', '-y', '--no-install-recommends', 'chromium'];
  const install = await effects.run('apt-get', args, { timeoutMs: aptMs, env, onProgress });
  if (install.outcome !== 'ok') return { fault: explain('apt-get install chromium', install) };
  const path = await onPath(effects, report);
  return path === undefined ? { fault: 'the installed browser does not run' } : { path };
}

async function onPath(effects: Effects, report: Report): Promise<string | undefined> {
  for (const name of names) {
    const path = await effects.findOnPath(name);
    if (path === undefined) continue;
    const fault = await faultOf(path, effects);
    if (fault === undefined) return path;
    report(`Not using ${path}: ${fault}.`);
  }
  return undefined;
}

/** The executable that Playwright put below its folder; the name differs by platform. */
async function inFolder(folder: string, effects: Effects): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const file = entries.find((entry) => entry.isFile() && /^(chrome-)?headless[-_]shell(\.exe)?$/.test(entry.name));
  if (file === undefined) return undefined;
  const path = join(file.parentPath, file.name);
  return (await faultOf(path, effects)) === undefined ? path : undefined;
}

async function faultOf(path: string, effects: Effects): Promise<string | undefined> {
  const result = await effects.run(path, ['--version'], { timeoutMs: checkMs });
  return result.outcome === 'ok' ? undefined : `it does not run (${explain('--version', result)})`;
}
