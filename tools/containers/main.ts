import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lines, Project, run, whyNoEngine } from './engine.ts';
import { checkManifests } from './kubernetes.ts';
import { buildApp, buildNext, buildStandIns, composePlugin, MissingToolError, nodeImage } from './images.ts';
import { scenario } from './scenario.ts';
import { writeSettings } from './settings.ts';

const usage = `npm run containers -- [--registry] [--keep]

Builds the image by the Dockerfile, starts docker-compose.yml with the Zoom sandbox in Zoom's place, and tries it: the
story, two of each, a rolling update, a backup and a restore. The images of databases and Temporal are made on this
machine (deploy/test), or pulled with --registry. --keep leaves everything running afterwards. Before that the manifests
for Kubernetes are read strictly. What this machine has no Docker engine, or no Go, for is left out, with exit code 0.`;

const name = 'zoom-live-chat';
/** Of the images of a run: nobody else's "local" is touched. */
const version = 'containers-run';
const next = 'containers-run-next';

/** `npm run containers`. @returns the exit code: 0 if all held, or if it was left out */
export async function main(args: readonly string[]): Promise<number> {
  const options = { registry: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const begun = Date.now();
  const report = (line: string): void => {
    console.log(`${((Date.now() - begun) / 1_000).toFixed(1).padStart(7)}  ${line}`);
  };
  report(`Kubernetes: ${await checkManifests(report)}.`);
  const left = await whyNoEngine();
  if (left !== undefined) {
    report(`The containers are left out: ${left}.`);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const folder = await mkdtemp(join(tmpdir(), 'live-chat-containers-'));
  let project: Project | undefined;
  try {
    const dockerConfig = await composePlugin(report);
    if (dockerConfig !== undefined) process.env['DOCKER_CONFIG'] = dockerConfig;
    const base = await nodeImage(report);
    report('Building the image ...');
    const from = Date.now();
    await buildApp(`${name}:${version}`, base, stop.signal);
    report(`Built in ${((Date.now() - from) / 1_000).toFixed(0)} s: ${await sizes(`${name}:${version}`, base)}`);
    await buildNext(`${name}:${next}`, `${name}:${version}`, stop.signal);
    if (values.registry !== true) await buildStandIns(`${name}:${version}`, base, report, stop.signal);

    const settings = await writeSettings(folder, base);
    const files = ['docker-compose.yml', 'deploy/https.yml', 'deploy/test/sandbox.yml'];
    if (values.registry !== true) files.push('deploy/test/stand-ins.yml');
    project = new Project(
      {
        COMPOSE_FILE: files.join(':'),
        COMPOSE_ENV_FILES: settings.file,
        COMPOSE_PROJECT_NAME: `live-chat-test-${settings.port}`,
        LIVE_CHAT_VERSION: version,
      },
      stop.signal,
    );
    for (const step of scenario({ project, settings, folder, next, report })) {
      const seen = await step.run();
      report(`ok  ${step.name}: ${seen}`);
    }
    report('All held.');
    return 0;
  } catch (error) {
    if (stop.signal.aborted) {
      report('Stopped.');
      return 130;
    }
    if (error instanceof MissingToolError) {
      report(`The containers are left out: this machine lacks ${error.message}.`);
      return 0;
    }
    report(`FAULT: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    if (project !== undefined) console.log(await lastLines(project));
    return 1;
  } finally {
    if (values.keep === true) console.log(`Everything is left as it is; its settings are in ${folder}.`);
    else {
      await project?.remove();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Of the image, and of what the Dockerfile adds to the one it begins with. */
async function sizes(image: string, base: string): Promise<string> {
  const sizeOf = async (one: string): Promise<number> =>
    Number(await run('docker', ['image', 'inspect', '--format', '{{.Size}}', one])) / 1_000_000;
  const [all, own] = [await sizeOf(image), await sizeOf(base)];
  return `${all.toFixed(0)} MB, of which ${(all - own).toFixed(0)} MB are live chat's`;
}

async function lastLines(project: Project): Promise<string> {
  const log = await project.compose('logs', '--no-color', '--tail', '10').catch(() => '');
  return lines(log).slice(-80).join('\n');
}
