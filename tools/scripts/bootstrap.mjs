// The first step of `npm start` and `npm test` on any machine with Node and npm: checks Node's version, installs the
// dependencies if they are missing or older than package-lock.json, and hands over to start.ts or test.ts in this very
// process. Plain JavaScript without dependencies, since before that step there are none.
//
// Usage: node tools/scripts/bootstrap.mjs <start|test> [arguments]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const oldestNode = [20, 19];

/** @returns {string | undefined} a sentence when this Node is too old */
export function nodeFault(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  return isOld
    ? `Live chat needs Node ${oldestNode.join('.')} or newer, and this is ${version}: install a newer one from nodejs.org.`
    : undefined;
}

/**
 * Why the dependencies must be installed, or undefined when they are those of package-lock.json. A stamp with the hash
 * of the lock file tells; without a stamp (somebody ran npm by hand) the list of what npm installed is compared.
 */
export function installReason(folder) {
  const lockText = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) return 'they are not there yet';
  const stamp = readText(stampFile(folder));
  if (stamp === hashOf(lockText)) return undefined;
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

/** Remembers for which package-lock.json the dependencies were installed. */
export function writeStamp(folder) {
  writeFileSync(stampFile(folder), hashOf(readFileSync(join(folder, 'package-lock.json'), 'utf8')));
}

function stampFile(folder) {
  return join(folder, 'node_modules', '.live-chat-installed');
}

function hashOf(text) {
  return createHash('sha256').update(text).digest('hex');
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Runs `npm ci` to its end; resolves with its exit code. */
function install(folder) {
  // npm tells where it is; by name it would need a shell on Windows.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const child = npm?.endsWith('js')
    ? spawn(process.execPath, [npm, ...args], { cwd: folder, stdio: 'inherit' })
    : spawn('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' });
  const pass = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
  return new Promise((resolve) => {
    const settle = (code) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, pass);
      resolve(code);
    };
    child.once('error', (error) => {
      console.error(`npm could not be started: ${error.message}.`);
      settle(1);
    });
    child.once('exit', (code) => settle(code ?? 1));
  });
}

async function main() {
  const [command, ...args] = process.argv.slice(2);
  if (command !== 'start' && command !== 'test') {
    console.error('Usage: node tools/scripts/bootstrap.mjs <start|test> [arguments]');
    return 2;
  }
  const fault = nodeFault(process.version);
  if (fault !== undefined) {
    console.error(fault);
    return 1;
  }
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
  const { main: run } = await import(pathToFileURL(join(root, 'tools', 'scripts', `${command}.ts`)).href);
  return await run(args);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(await main());
