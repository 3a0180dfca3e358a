import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findBrowser, type BrowserSystem } from '../../../tools/embedded/browser.ts';
import { failed, fakeEffects, ok, putFile, type Answer } from './fake-effects.ts';
import { tempFolder } from './temp-folder.ts';

const silent = (): void => undefined;
const version = ok('Chromium 143.0');
const noNetwork = failed('Error: getaddrinfo ENOTFOUND');
const user: BrowserSystem = { isRoot: false, exists: () => Promise.resolve(true) };
const rootOnDebian: BrowserSystem = { isRoot: true, exists: () => Promise.resolve(true) };
const rootElsewhere: BrowserSystem = { isRoot: true, exists: () => Promise.resolve(false) };

test('CHROMIUM_PATH comes first', async () => {
  const cache = await tempFolder();
  const effects = fakeEffects(cache, [['--version', version]], { chromium: '/usr/bin/chromium' });
  const env = { ...effects.env, CHROMIUM_PATH: '/opt/chrome' };
  expect(await findBrowser(silent, { ...effects, env }, user)).toBe('/opt/chrome');
});

test('a CHROMIUM_PATH that leads nowhere is an error, not a reason to look elsewhere', async () => {
  const effects = fakeEffects(await tempFolder(), [], { chromium: '/usr/bin/chromium' });
  const env = { ...effects.env, CHROMIUM_PATH: '/opt/chrome' };
  await expect(findBrowser(silent, { ...effects, env }, user)).rejects.toThrow(
    'CHROMIUM_PATH is /opt/chrome, but it does not run',
  );
});

test.each(['chromium', 'chromium-browser', 'google-chrome'])('%s on PATH is used', async (name) => {
  const effects = fakeEffects(await tempFolder(), [['--version', version]], { [name]: `/usr/bin/${name}` });
  expect(await findBrowser(silent, effects, user)).toBe(`/usr/bin/${name}`);
});

test("with none installed Playwright's is downloaded and kept", async () => {
  const cache = await tempFolder();
  const install: Answer = async (_args, { env }) => {
    await putFile(
      join(env?.['PLAYWRIGHT_BROWSERS_PATH'] ?? '', 'chromium_headless_shell-1', 'linux', 'headless_shell'),
    );
    return ok();
  };
  const rules = [
    ['cli.js install', install],
    ['--version', version],
  ] as const;
  const path = await findBrowser(silent, fakeEffects(cache, rules), user);
  expect(path).toBe(join(cache, 'browsers', 'chromium_headless_shell-1', 'linux', 'headless_shell'));
  const again = fakeEffects(cache, rules);
  expect(await findBrowser(silent, again, user)).toBe(path);
  expect(again.calls.some((line) => line.includes('install'))).toBe(false);
});

test('as root on Debian the package is installed when the download fails', async () => {
  let installed = false;
  const effects = fakeEffects(
    await tempFolder(),
    [
      ['cli.js install', noNetwork],
      ['apt-get update', ok()],
      [
        'apt-get install',
        () => {
          installed = true;
          return ok();
        },
      ],
      ['--version', version],
    ],
    {},
    { findOnPath: (name) => Promise.resolve(installed && name === 'chromium' ? '/usr/bin/chromium' : undefined) },
  );
  expect(await findBrowser(silent, effects, rootOnDebian)).toBe('/usr/bin/chromium');
  expect(effects.calls.filter((line) => line.startsWith('apt-get'))).toEqual([
    'apt-get update',
    'apt-get install -y --no-install-recommends chromium',
  ]);
});

test.each([
  ['an ordinary user', user],
  ['root on another system', rootElsewhere],
])('%s is told what to install, and apt is not touched', async (_who, system) => {
  const effects = fakeEffects(await tempFolder(), [['cli.js install', noNetwork]]);
  await expect(findBrowser(silent, effects, system)).rejects.toThrow(
    /could not be fetched \(.*ENOTFOUND\): install chromium or Google Chrome, or set CHROMIUM_PATH/,
  );
  expect(effects.calls.some((line) => line.startsWith('apt-get'))).toBe(false);
});

test.each([
  ['update', [['apt-get update', failed('E: Failed to fetch')]], 'apt-get update failed'],
  [
    'install',
    [
      ['apt-get update', ok()],
      ['apt-get install', failed('E: Unable to locate package chromium')],
    ],
    'apt-get install chromium failed',
  ],
] as const)('when apt-get %s fails, that is the reason given', async (_what, rules, reason) => {
  const effects = fakeEffects(await tempFolder(), [['cli.js install', noNetwork], ...rules]);
  await expect(findBrowser(silent, effects, rootOnDebian)).rejects.toThrow(reason);
});
