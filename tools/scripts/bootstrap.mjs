// The first step of `npm start`, `npm test` and the load runs on any machine with Node and npm. It gets a newer Node if
// this one is too old, installs the dependencies if they are missing or older than package-lock.json, and runs the
// command's TypeScript in this very process. Plain JavaScript without dependencies, since before it there are none.
//
// Usage: node tools/scripts/bootstrap.mjs <command> [arguments]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const file = fileURLToPath(import.meta.url);
const root = dirname(dirname(dirname(file)));
const nodeFolder = join(root, 'tools', 'embedded', 'node');
const oldestNode = [22, 12];
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Each file exports `main(args)`, which gives the exit code, or runs when it is imported. */
const commands = {
  start: 'tools/scripts/start.ts',
  test: 'tools/scripts/test.ts',
  bench: 'tools/bench/main.ts',
  chaos: 'tools/chaos/main.ts',
  attack: 'tools/attack/main.ts',
  containers: 'tools/containers/main.ts',
  soak: 'tools/scripts/soak.ts',
  'zoom:manifest': 'tools/scripts/zoom-manifest.ts',
};

/** @param {string} version as `process.version` has it */
export function isTooOld(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
}

/**
 * Why the dependencies of a folder must be installed, or undefined when they are those of its package-lock.json. A
 * stamp holds the hash of the lock file; without a stamp (somebody ran npm by hand) the list of what npm installed is
 * compared.
 *
 * @param {string} folder
 * @returns {string | undefined}
 */
export function installReason(folder) {
  const lockText = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) return 'they are not there yet';
  if (readText(stampFile(folder)) === hashOf(lockText)) return undefined;
  // npm writes this list as the last step of an installation: without it, one was cut short.
  const installed = readText(join(modules, '.package-lock.json'));
  if (installed === undefined) return 'an earlier installation was not finished';
  if (!sameVersions(JSON.parse(lockText), JSON.parse(installed))) return 'package-lock.json has changed';
  writeStamp(folder);
  return undefined;
}

/** Whether every package of the lock file is installed in its version; packages of other platforms may be missing. */
function sameVersions(lock, installed) {
  return Object.entries(lock.packages ?? {}).every(([path, wanted]) => {
    if (path === '' || wanted.link) return true;
    const present = installed.packages?.[path];
    if (present === undefined) return wanted.optional === true || wanted.devOptional === true;
    return present.version === wanted.version && present.integrity === wanted.integrity;
  });
}

/**
 * Remembers for which package-lock.json the dependencies were installed.
 *
 * @param {string} folder
 */
export function writeStamp(folder) {
  writeFileSync(stampFile(folder), hashOf(readFileSync(join(folder, 'package-lock.json'), 'utf8')));
}

function stampFile(folder) {
  return join(folder, 'node_modules', '.live-chat-installed');
}

function hashOf(text) {
  return createHash('sha256').update(text).digest('hex');
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Runs a program to its end, passing signals on. @returns its exit code */
function toItsEnd(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  const pass = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve) => {
    const settle = (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code);
    };
    child.once('error', (error) => {
      console.error(`${command} could not be started: ${error.message}.`);
      settle(1);
    });
    child.once('exit', (code) => settle(code ?? 1));
  });
}

/** Installs what package-lock.json of a folder lists. @returns npm's exit code */
function install(folder) {
  // npm says where it is; by name it would need a shell on Windows.
  const npm = process.env.npm_execpath;
  // npm that runs us has the project as its prefix, which a child would take over.
  const args = ['ci', '--prefix', folder, '--include=dev', '--no-audit', '--no-fund'];
  return npm?.endsWith('js')
    ? toItsEnd(process.execPath, [npm, ...args], { cwd: folder })
    : toItsEnd('npm', args, { cwd: folder, shell: process.platform === 'win32' });
}

/** Runs the command on the Node of the registry's packages. @returns its exit code */
async function runOnNewerNode(args) {
  const needed = `Live chat needs Node ${oldestNode.join('.')} or newer, and this is ${process.version}`;
  const { version, name } = newerNode();
  if (name === undefined) {
    console.error(`${needed}: install a newer one from nodejs.org.`);
    return 1;
  }
  if (installReason(nodeFolder) !== undefined) {
    console.log(`${needed}: downloading Node ${version} from the npm registry, once ... kept in ${nodeFolder}`);
    const code = await install(nodeFolder);
    if (code !== 0) {
      console.error(`It could not be downloaded: install Node ${oldestNode.join('.')} or newer from nodejs.org.`);
      return code;
    }
    writeStamp(nodeFolder);
  }
  console.log(`Running on Node ${version} (this machine's is ${process.version}).`);
  const bin = join(nodeFolder, 'node_modules', name, 'bin');
  // Scripts that begin with "#!/usr/bin/env node" run on it too.
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  return await toItsEnd(join(bin, process.platform === 'win32' ? 'node.exe' : 'node'), [file, ...args], { env });
}

/** The registry's package with a Node for this platform; no name when there is none. */
function newerNode() {
  const { packages } = JSON.parse(readFileSync(join(nodeFolder, 'package-lock.json'), 'utf8'));
  const names = Object.entries(packages).flatMap(([path, { os, cpu, version }]) =>
    os === process.platform && cpu === process.arch ? [{ name: path.replace('node_modules/', ''), version }] : [],
  );
  return names[0] ?? {};
}

async function main() {
  const [command, ...args] = process.argv.slice(2);
  const script = commands[command];
  if (script === undefined) {
    console.error(`Usage: node tools/scripts/bootstrap.mjs <${Object.keys(commands).join('|')}> [arguments]`);
    return 2;
  }
  if (isTooOld(process.version)) return await runOnNewerNode([command, ...args]);
  process.chdir(root);
  const reason = installReason(root);
  if (reason !== undefined) {
    console.log(`Installing the dependencies with npm ci (${reason}) ... kept in ${join(root, 'node_modules')}`);
    const code = await install(root);
    if (code !== 0) {
      console.error('The dependencies could not be installed: see the messages of npm above.');
      return code;
    }
    writeStamp(root);
  }
  // From here on TypeScript can be imported: tsx is there now.
  const { register } = await import('tsx/esm/api');
  register();
  const path = join(root, script);
  process.argv = [process.execPath, path, ...args];
  const { main: run } = await import(pathToFileURL(path).href);
  return await run?.(args);
}

if (process.argv[1] === file) {
  const code = await main();
  // A script that runs when it is imported has set an exit code of its own.
  if (code !== undefined) process.exit(code);
}
