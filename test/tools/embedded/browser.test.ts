import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { findBrowser } from '../../../tools/embedded/browser.ts';
import { emptyCache, failed, fakeSystem, ok, putFile, type Answer } from './fake-system.ts';

const silent = (): void => undefined;
const version = ok('Chromium 143.0');
const noNetwork = failed('Error: getaddrinfo ENOTFOUND');
const noApt = () => Promise.resolve(false);
const apt = () => Promise.resolve(true);
let cache: string;

beforeEach(async () => {
  cache = await emptyCache();
  vi.stubEnv('CHROMIUM_PATH', '');
});

test('CHROMIUM_PATH comes first', async () => {
  vi.stubEnv('CHROMIUM_PATH', '/opt/chrome');
  const system = fakeSystem([['--version', version]], { chromium: '/usr/bin/chromium' });
  expect(await findBrowser(silent, system, noApt)).toBe('/opt/chrome');
});

test('a CHROMIUM_PATH that leads nowhere is an error, not a reason to look elsewhere', async () => {
  vi.stubEnv('CHROMIUM_PATH', '/opt/chrome');
  const system = fakeSystem([], { chromium: '/usr/bin/chromium' });
  await expect(findBrowser(silent, system, noApt)).rejects.toThrow('CHROMIUM_PATH is /opt/chrome, but it does not run');
});

test.each(['chromium', 'chromium-browser', 'google-chrome'])('%s on PATH is used', async (name) => {
  const system = fakeSystem([['--version', version]], { [name]: `/usr/bin/${name}` });
  expect(await findBrowser(silent, system, noApt)).toBe(`/usr/bin/${name}`);
});

test("with none installed Playwright's is downloaded and kept", async () => {
  const install: Answer = async (_args, { env }) => {
    const folder = env?.['PLAYWRIGHT_BROWSERS_PATH'] ?? '';
    await putFile(join(folder, 'chromium_headless_shell-1', 'linux', 'headless_shell'));
    return ok();
  };
  const rules = [
    ['cli.js install', install],
    ['--version', version],
  ] as const;
  const path = await findBrowser(silent, fakeSystem(rules), noApt);
  expect(path).toBe(join(cache, 'browsers', 'chromium_headless_shell-1', 'linux', 'headless_shell'));
  const again = fakeSystem(rules);
  expect(await findBrowser(silent, again, noApt)).toBe(path);
  expect(again.calls.some((line) => line.includes('install'))).toBe(false);
});

test('as root on Debian the package is installed when the download fails', async () => {
  const onPath: Record<string, string> = {};
  const system = fakeSystem(
    [
      ['cli.js install', noNetwork],
      ['apt-get update', ok()],
      [
        'apt-get install',
        () => {
          onPath['chromium'] = '/usr/bin/chromium';
          return ok();
        },
      ],
      ['--version', version],
    ],
    onPath,
  );
  expect(await findBrowser(silent, system, apt)).toBe('/usr/bin/chromium');
  expect(system.calls.filter((line) => line.startsWith('apt-get'))).toEqual([
    'apt-get update',
    'apt-get install -y --no-install-recommends chromium',
  ]);
});

test('who may not install packages gets to know what to install, and apt is not touched', async () => {
  const system = fakeSystem([['cli.js install', noNetwork]]);
  await expect(findBrowser(silent, system, noApt)).rejects.toThrow(
    /could not be fetched \(.*ENOTFOUND\): install chromium or Google Chrome, or set CHROMIUM_PATH/,
  );
  expect(system.calls.some((line) => line.startsWith('apt-get'))).toBe(false);
});

test.each([
  ['update', [['apt-get update', failed('E: Failed to fetch')]], 'apt-get update failed'],
  [
    'install',
    [
      ['apt-get update', ok()],
      ['apt-get install', failed('E: Unable to locate package chromium')],
    ],
    'apt-get install failed with code 1: E: Unable to locate package chromium',
  ],
] as const)('when apt-get %s fails, that is the reason given', async (_what, rules, reason) => {
  const system = fakeSystem([['cli.js install', noNetwork], ...rules]);
  await expect(findBrowser(silent, system, apt)).rejects.toThrow(reason);
});
