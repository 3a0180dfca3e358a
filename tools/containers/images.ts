import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../embedded/cache.ts';
import { findMongoServer } from '../embedded/mongo-binary.ts';
import { thisSystem } from '../embedded/system.ts';
import { findTemporalCli } from '../embedded/temporal-binary.ts';
import { run, type Report } from './engine.ts';

/** Something that has to be on this machine is not; the message says what. */
export class MissingToolError extends Error {
  override name = 'MissingToolError';
}

const modules = 'tools/containers/go';
const certificates = '/etc/ssl/certs/ca-certificates.crt';
const debian = 'bookworm';

interface Built {
  /** Folder of the module. */
  dir: string;
  /** Paths of its programs, in the order that was asked for. */
  programs: string[];
}

/**
 * Builds programs of a Go module whose version and hashes `tools/containers/go/<name>` pins; once, kept in the cache.
 * @throws MissingToolError without Go
 */
export async function goBuild(
  name: string,
  module: string,
  packages: readonly string[],
  report: Report,
): Promise<Built> {
  const cwd = join(modules, name);
  const go = await thisSystem.run('go', ['version'], { timeoutMs: 15_000 });
  if (!go.ok) throw new MissingToolError(`Go, which builds ${module}`);
  const hash = createHash('sha256').update(go.output.trim());
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(cwd, file)));
  const folder = join(cacheFolder(), 'containers', `${name}-${hash.digest('hex').slice(0, 12)}`);
  const env = { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
  await run('go', ['mod', 'download', module], { cwd, env });
  const dir = (await run('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd, env })).trim();
  const programs = packages.map((path) => join(folder, path === '.' ? name : path.replaceAll('/', '-')));
  for (const [n, path] of packages.entries()) {
    const program = programs[n] ?? '';
    if (await exists(program)) continue;
    report(`Building ${path === '.' ? `the check of ${name}` : path} with Go, once: some minutes ...`);
    await mkdir(folder, { recursive: true });
    await run('go', ['build', '-trimpath', '-buildvcs=false', '-o', `${program}.new`, path], { cwd, env });
    await rename(`${program}.new`, program);
  }
  return { dir, programs };
}

/**
 * The folder that `DOCKER_CONFIG` names, so that `docker compose` is there: the installed one, or one built with Go.
 * @returns undefined where nothing has to be named
 */
export async function composePlugin(report: Report): Promise<string | undefined> {
  const installed = await thisSystem.run('docker', ['compose', 'version'], { timeoutMs: 15_000 });
  if (installed.ok) return undefined;
  const { programs } = await goBuild(
    'compose',
    'github.com/docker/compose/v2',
    ['github.com/docker/compose/v2/cmd'],
    report,
  );
  const folder = join(cacheFolder(), 'containers', 'docker-config');
  const plugin = join(folder, 'cli-plugins', 'docker-compose');
  await mkdir(dirname(plugin), { recursive: true });
  await copyFile(programs[0] ?? '', `${plugin}.new`);
  await chmod(`${plugin}.new`, 0o755);
  await rename(`${plugin}.new`, plugin);
  return folder;
}

/**
 * The image that the Dockerfile is built on: the one that it names, or, where no registry is reached, one of the same
 * Node on the same Debian, made with debootstrap and npm.
 * @returns its name
 * @throws MissingToolError
 */
export async function nodeImage(report: Report): Promise<string> {
  const named = /^ARG NODE_IMAGE=(\S+)$/m.exec(await readFile('Dockerfile', 'utf8'))?.[1] ?? '';
  if (await hasImage(named)) return named;
  const pulled = await thisSystem.run('docker', ['pull', '--quiet', named], { timeoutMs: 10 * 60_000 });
  if (pulled.ok) return named;
  const own = `live-chat-stand-in:${named.replaceAll(/[:/]/g, '-')}`;
  if (await hasImage(own)) return own;
  if ((await thisSystem.findOnPath('debootstrap')) === undefined) {
    throw new MissingToolError(`debootstrap, which makes a base image where ${named} cannot be pulled`);
  }
  report(`${named} cannot be pulled: making an image of the same Node on Debian ${debian}, once ...`);
  const folder = await mkdtemp(join(tmpdir(), 'live-chat-base-'));
  try {
    const root = join(folder, 'root');
    await run('debootstrap', ['--variant=minbase', '--include=ca-certificates', debian, root]);
    await cp('tools/embedded/node', join(folder, 'node'), {
      recursive: true,
      filter: (path) => !path.includes('_modules'),
    });
    await run('npm', ['ci', '--prefix', join(folder, 'node'), '--no-audit', '--no-fund']);
    const node = join(folder, 'node', 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
    await cp(node, join(root, 'usr/local/bin/node'));
    const npm = dirname(dirname(await realpath((await thisSystem.findOnPath('npm')) ?? '')));
    await cp(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
    for (const name of ['npm', 'npx']) {
      await run('ln', ['-s', `../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name)]);
    }
    // This machine's, in which its own way to the registries may have an authority.
    await copyFile(certificates, join(root, certificates));
    await run('chroot', [root, 'useradd', '--create-home', '--uid', '1000', 'node']);
    await run('sh', [
      '-c',
      'tar -C "$0" -c . | docker import --change "ENV NODE_EXTRA_CA_CERTS=$1" - "$2"',
      root,
      certificates,
      own,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return own;
}

/** Builds the app's image by the repository's own Dockerfile. */
export async function buildApp(tag: string, base: string, signal: AbortSignal): Promise<void> {
  await build(['--build-arg', `NODE_IMAGE=${base}`, '--tag', tag, '.'], signal);
}

/** The next version of the app for a rolling update: the same program in another image. */
export async function buildNext(tag: string, from: string, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'live-chat-next-'));
  await writeFile(join(folder, 'Dockerfile'), `FROM ${from}\nLABEL org.opencontainers.image.version=next\n`);
  await build(['--tag', tag, folder], signal);
  await rm(folder, { recursive: true, force: true });
}

/** Builds what stands in for the images of a registry: deploy/test/stand-ins.Dockerfile. */
export async function buildStandIns(app: string, base: string, report: Report, signal: AbortSignal): Promise<void> {
  const temporal = await goBuild(
    'temporal',
    'go.temporal.io/server',
    ['go.temporal.io/server/cmd/server', 'go.temporal.io/server/cmd/tools/sql'],
    report,
  );
  const ui = await goBuild(
    'temporal-ui',
    'github.com/temporalio/ui-server/v2',
    ['github.com/temporalio/ui-server/v2/cmd/server'],
    report,
  );
  const caddy = await goBuild(
    'caddy',
    'github.com/caddyserver/caddy/v2',
    ['github.com/caddyserver/caddy/v2/cmd/caddy'],
    report,
  );
  const ferretdb = await findMongoServer(report, thisSystem, 'ferretdb');
  const files: Record<string, string> = {
    'temporal-server': temporal.programs[0] ?? '',
    'temporal-sql-tool': temporal.programs[1] ?? '',
    'temporal-entrypoint.sh': join(temporal.dir, 'docker/scripts/sh/entrypoint.sh'),
    'temporal-schema': join(temporal.dir, 'schema'),
    temporal: await findTemporalCli(report),
    'ui-server': ui.programs[0] ?? '',
    'ui-server.yaml': join(ui.dir, 'config/docker.yaml'),
    caddy: caddy.programs[0] ?? '',
    ferretdb: ferretdb.path,
  };
  const context = await mkdtemp(join(tmpdir(), 'live-chat-stand-ins-'));
  try {
    await cp('deploy/test/stand-ins', context, { recursive: true });
    for (const [name, from] of Object.entries(files)) {
      await run('cp', ['-r', '--no-preserve=mode,ownership', from, join(context, name)]);
      if (!/\.(sh|yaml)$|schema/.test(name)) await chmod(join(context, name), 0o755);
    }
    const args = ['--build-arg', `NODE_IMAGE=${base}`, '--build-arg', `APP_IMAGE=${app}`];
    const file = ['--file', 'deploy/test/stand-ins.Dockerfile'];
    for (const target of ['postgresql', 'mongodb', 'temporal', 'temporal-admin-tools', 'temporal-ui', 'proxy']) {
      report(`Building the stand-in for ${target} ...`);
      await build([...args, ...file, '--target', target, '--tag', `live-chat-stand-in:${target}`, context], signal);
    }
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** With this machine's network, by which it reaches the registries of packages; without BuildKit where it lacks. */
async function build(args: readonly string[], signal: AbortSignal): Promise<void> {
  const buildx = await thisSystem.run('docker', ['buildx', 'version'], { timeoutMs: 15_000 });
  const env: Record<string, string> = buildx.ok ? {} : { DOCKER_BUILDKIT: '0' };
  await run('docker', ['build', '--network', 'host', ...args], { env, signal });
}

async function hasImage(name: string): Promise<boolean> {
  return (await thisSystem.run('docker', ['image', 'inspect', name], { timeoutMs: 15_000 })).ok;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
