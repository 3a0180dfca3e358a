import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startOf } from '../../../tools/embedded/process-info.mjs';
import { startStack, type Stack, type StackOptions } from '../../../tools/embedded/supervisor.ts';
import { testMongoUri, testTemporal } from '../../../tools/embedded/test-servers.ts';
import { standIns } from './programs/index.ts';
import { tempFolder } from './temp-folder.ts';

vi.setConfig({ testTimeout: 60_000 });

interface Started {
  stack: Stack;
  dataDir: string;
  /** What the stand-ins noted, in order. */
  events: () => Promise<string[]>;
}

/** The servers that the test run shares, for what is not about servers: quicker than new ones. */
const sharedServers = async () => ({ temporalAddress: await testTemporal(), mongodbUri: await testMongoUri() });

async function start(options: Partial<StackOptions> = {}): Promise<Started> {
  const dataDir = options.dataDir ?? (await tempFolder());
  const eventsFile = join(dataDir, 'events');
  const stack = await startStack({
    dataDir,
    programs: standIns,
    temporalUi: false,
    ...options,
    env: { EVENTS: eventsFile, ...options.env },
  });
  onTestFinished(() => stack.stop());
  const events = async (): Promise<string[]> => (await readFile(eventsFile, 'utf8')).trim().split('\n');
  return { stack, dataDir, events };
}

const envOf = async (url: string): Promise<Record<string, string>> =>
  (await (await fetch(`${url}/env`)).json()) as Record<string, string>;

test('a stack comes up ready, with the environment each program needs, and stops in order with nothing left', async () => {
  const { stack, dataDir, events } = await start();
  const { urls, ports, processes } = stack;
  const pids = Object.values(processes).map((process) => process?.pid ?? 0);
  expect(pids.every((pid) => pid > 0)).toBe(true);
  expect(await processes.api.rssBytes()).toBeGreaterThan(1_000_000);

  const api = await envOf(urls.app);
  expect(api).toMatchObject({
    NODE_ENV: 'development',
    PORT: String(ports.app),
    PUBLIC_URL: urls.app,
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
    TEMPORAL_NAMESPACE: 'default',
    MONGODB_URI: `mongodb://127.0.0.1:${ports.mongo}/live_chat`,
    ZOOM_API_URL: `${urls.sandbox ?? ''}/v2`,
    ZOOM_OAUTH_URL: `${urls.sandbox ?? ''}/oauth`,
    HOST: '127.0.0.1',
  });
  const secrets = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8')) as Record<string, string>;
  expect(api).toMatchObject(secrets);
  expect(await envOf(urls.sandbox ?? '')).toMatchObject({
    SANDBOX_DATA_DIR: join(dataDir, 'sandbox'),
    SANDBOX_CLIENT_ID: secrets['ZOOM_CLIENT_ID'],
    SANDBOX_CLIENT_SECRET: secrets['ZOOM_CLIENT_SECRET'],
    SANDBOX_WEBHOOK_SECRET_TOKEN: secrets['ZOOM_WEBHOOK_SECRET_TOKEN'],
    SANDBOX_BOT_JID: secrets['ZOOM_BOT_JID'],
    SANDBOX_REDIRECT_URIS: `${urls.app}/oauth/callback`,
    SANDBOX_BOT_ENDPOINT_URL: `${urls.app}/webhooks/zoom/bot`,
    SANDBOX_EVENT_ENDPOINT_URL: `${urls.app}/webhooks/zoom/events`,
    SANDBOX_PUBLIC_URL: urls.sandbox,
  });

  await expect(startStack({ dataDir, programs: standIns })).rejects.toThrow('already running');
  await stack.stop();
  await stack.stop();
  expect((await events()).slice(-3)).toEqual(['api down', 'worker down', 'sandbox down']);
  for (const pid of pids) expect(startOf(pid)).toBeUndefined();
});

test('the worker gets none of the secrets that only the api needs, and nothing of what is set for another Temporal', async () => {
  const envFile = join(await tempFolder(), 'env');
  vi.stubEnv('TEMPORAL_API_KEY', 'of another server');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { stack } = await start({ mongodbUri: await testMongoUri(), programEnv: { worker: { ENV_FILE: envFile } } });
  const worker = JSON.parse(await readFile(envFile, 'utf8')) as Record<string, string>;
  expect(worker).toMatchObject({ TEMPORAL_ADDRESS: stack.urls.temporal, TEMPORAL_API_KEY: '' });
  for (const name of ['SESSION_SECRET', 'OPERATOR_PASSWORD', 'ZOOM_WEBHOOK_SECRET_TOKEN']) {
    expect(worker).not.toHaveProperty(name);
    expect(await envOf(stack.urls.app)).toHaveProperty(name);
  }
});

test('a process that is killed comes back by itself, Temporal and MongoDB included', async () => {
  const lines: string[] = [];
  const { stack } = await start({ report: (line) => lines.push(line) });
  for (const name of ['api', 'worker', 'sandbox', 'temporal', 'mongo'] as const) {
    const process = stack.process(name);
    const before = process.pid;
    await process.kill();
    await expect.poll(() => process.pid, { timeout: 15_000 }).not.toBeOneOf([undefined, before]);
  }
  expect((await fetch(`${stack.urls.app}/readyz`)).status).toBe(200);
  expect(lines).toContainEqual('api ended unasked (signal SIGKILL), starting it again ...');
  expect(lines.some((line) => /info listening on \d+/.test(line))).toBe(true);
  expect(lines.some((line) => /^Temporal runs again \(\d+\.\d s\)\.$/.test(line))).toBe(true);
});

test('without automatic restarts a killed process stays down until it is started; a stopped one too', async () => {
  const { stack } = await start({ autoRestart: false, ...(await sharedServers()) });
  const { api, worker } = stack.processes;
  const first = api.pid;
  await api.kill();
  await expect(fetch(`${stack.urls.app}/readyz`)).rejects.toThrow();
  expect(api.pid).toBeUndefined();
  await api.start();
  expect(api.pid).not.toBe(first);
  expect((await fetch(`${stack.urls.app}/readyz`)).status).toBe(200);
  await worker.stop();
  expect(worker.pid).toBeUndefined();
  await worker.restart();
  expect(worker.pid).toBeDefined();
});

test('a paused process is neither ended nor restarted', async () => {
  const { stack } = await start(await sharedServers());
  const { worker } = stack.processes;
  const { pid } = worker;
  await worker.kill('SIGSTOP');
  await worker.kill('SIGCONT');
  expect(worker.pid).toBe(pid);
});

test('more workers and apis can be added, and stop with the stack', async () => {
  const { stack } = await start(await sharedServers());
  const second = await stack.add('worker', 'worker-2');
  expect(second.pid).not.toBe(stack.processes.worker.pid);
  const pid = second.pid ?? 0;
  await stack.stop();
  expect(startOf(pid)).toBeUndefined();
});

test('when a program cannot start, all is stopped and the reason given', async () => {
  const dataDir = await tempFolder();
  const starting = startStack({
    dataDir,
    programs: standIns,
    env: { FAIL_AT_START: 'api' },
    ...(await sharedServers()),
  });
  await expect(starting).rejects.toThrow(
    'api ended while starting (exit code 3). Its last lines: api cannot start: the moon is full',
  );
  await expect(readFile(join(dataDir, 'running.json'))).rejects.toThrow('ENOENT');
});

test('a start can be given up at any moment, with nothing left', async () => {
  for (const afterMs of [0, 300, 900]) {
    const dataDir = await tempFolder();
    const abort = new AbortController();
    const starting = startStack({ dataDir, programs: standIns, temporalUi: false, signal: abort.signal });
    setTimeout(() => {
      abort.abort(new Error('enough'));
    }, afterMs);
    await expect(starting).rejects.toThrow('enough');
    await expect(readFile(join(dataDir, 'running.json'))).rejects.toThrow('ENOENT');
  }
});

test('warnings of a program reach the console in readable form; all lines are in its log', async () => {
  const shown: string[] = [];
  const { stack, dataDir } = await start({ ...(await sharedServers()), console: (line) => shown.push(line) });
  await fetch(`${stack.urls.app}/warn`);
  await expect.poll(() => shown).toEqual([expect.stringMatching(/^api: \d\d:\d\d:\d\d WARN something is odd$/)]);
  await stack.stop();
  const log = await readFile(join(dataDir, 'logs', 'api.log'), 'utf8');
  expect(log).toContain('"msg":"something is odd"');
  expect(log).toContain('listening on');
});

test('with credentials of a real Zoom app there is no sandbox', async () => {
  const zoom = {
    ZOOM_CLIENT_ID: 'real',
    ZOOM_CLIENT_SECRET: 'real-secret',
    ZOOM_WEBHOOK_SECRET_TOKEN: 'real-token',
    ZOOM_BOT_JID: 'v1real@xmpp.zoom.us',
  };
  const { stack } = await start({ ...(await sharedServers()), zoom, publicUrl: 'https://chat.example.com' });
  expect(stack.processes.sandbox).toBeUndefined();
  const env = await envOf(stack.urls.app);
  expect(env).toMatchObject({ ...zoom, PUBLIC_URL: 'https://chat.example.com' });
  expect(env['ZOOM_API_URL']).toBeUndefined();
});

test('servers from outside are used and not stopped; one that does not answer is named', async () => {
  const outside = await sharedServers();
  const { stack } = await start(outside);
  expect(stack.processes.temporal).toBeUndefined();
  expect(stack.urls).toMatchObject({ temporal: outside.temporalAddress, mongodb: outside.mongodbUri });
  await stack.stop();
  await (await start(outside)).stack.stop();

  await expect(start({ ...outside, temporalAddress: '127.0.0.1:9' })).rejects.toThrow(/check TEMPORAL_ADDRESS/);
  await expect(start({ ...outside, mongodbUri: 'mongodb://127.0.0.1:9/x' })).rejects.toThrow(/check MONGODB_URI/);
});
