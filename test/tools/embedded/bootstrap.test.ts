import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { installReason, isTooOld, writeStamp } from '../../../tools/scripts/bootstrap.mjs';
import { tempFolder } from './temp-folder.ts';

const file = fileURLToPath(new URL('../../../tools/scripts/bootstrap.mjs', import.meta.url));

const lock = (version: string): string =>
  JSON.stringify({
    packages: {
      '': { name: 'x' },
      'node_modules/a': { version, integrity: `sha512-${version}` },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    },
  });

async function project(installed?: string): Promise<string> {
  const folder = await tempFolder();
  await writeFile(join(folder, 'package-lock.json'), lock('1.0.0'));
  if (installed !== undefined) {
    await mkdir(join(folder, 'node_modules'));
    await writeFile(join(folder, 'node_modules', '.package-lock.json'), installed);
  }
  return folder;
}

test.each([
  ['v22.12.0', false],
  ['v24.21.0', false],
  ['v22.11.0', true],
  ['v20.20.2', true],
  ['v18.20.0', true],
])('Node %s is too old: %s', (version, tooOld) => {
  expect(isTooOld(version)).toBe(tooOld);
});

test('a fresh clone is installed', async () => {
  expect(installReason(await project())).toBe('they are not there yet');
});

test('an installation by hand is recognised, and remembered by a stamp', async () => {
  const folder = await project(lock('1.0.0'));
  expect(installReason(folder)).toBeUndefined();
  await rm(join(folder, 'node_modules', '.package-lock.json'));
  expect(installReason(folder)).toBeUndefined();
});

test('a changed lock file is installed', async () => {
  const folder = await project(lock('1.0.0'));
  writeStamp(folder);
  await writeFile(join(folder, 'package-lock.json'), lock('1.1.0'));
  expect(installReason(folder)).toBe('package-lock.json has changed');
});

test('an installation that was cut short is done again', async () => {
  const folder = await project();
  await mkdir(join(folder, 'node_modules'));
  expect(installReason(folder)).toBe('an earlier installation was not finished');
});

test('a fresh folder is installed with progress, then the script runs with its arguments and its exit code is ours', async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, 'tools', 'scripts'), { recursive: true });
  await cp(file, join(folder, 'tools', 'scripts', 'bootstrap.mjs'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'x', version: '1.0.0', type: 'module' }));
  await writeFile(
    join(folder, 'package-lock.json'),
    JSON.stringify({
      name: 'x',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': { name: 'x', version: '1.0.0' } },
    }),
  );
  await writeFile(
    join(folder, 'tools', 'scripts', 'start.ts'),
    'export const main = (args: string[]) => { console.log(`args ${args.join()}`); return 5; };\n',
  );
  // npm is a file of ours here, which puts a tsx there as `npm ci` would.
  const npm = join(folder, 'npm.js');
  await writeFile(
    npm,
    `import { mkdirSync, writeFileSync } from 'node:fs';
     console.log('npm ' + process.argv.slice(2).join(' '));
     mkdirSync('node_modules/tsx/esm', { recursive: true });
     writeFileSync('node_modules/tsx/package.json', '{"name":"tsx","exports":{"./esm/api":"./api.js"},"type":"module"}');
     writeFileSync('node_modules/tsx/api.js', ${JSON.stringify(`export { register } from ${JSON.stringify(import.meta.resolve('tsx/esm/api'))};`)});`,
  );
  const run = (): Promise<{ code: unknown; output: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, npm_execpath: npm };
      execFile(
        process.execPath,
        ['tools/scripts/bootstrap.mjs', 'start', 'one', 'two'],
        { cwd: folder, env },
        (error, stdout, stderr) => {
          resolve({ code: error?.code ?? 0, output: stdout + stderr });
        },
      );
    });
  const first = await run();
  expect(first.output).toContain('Installing the dependencies with npm ci (they are not there yet) ... kept in');
  expect(first.output).toContain(`npm ci --prefix ${folder} --include=dev --no-audit --no-fund`);
  expect(first.output).toContain('args one,two');
  expect(first.code).toBe(5);
  const second = await run();
  expect(second.output).toBe('args one,two\n');
  await writeFile(join(folder, 'npm.js'), 'process.exit(9)');
  await rm(join(folder, 'node_modules'), { recursive: true });
  const third = await run();
  expect(third.code).toBe(9);
  expect(third.output).toContain('The dependencies could not be installed');
  expect(await readFile(join(folder, 'package.json'), 'utf8')).toContain('"x"');
});
