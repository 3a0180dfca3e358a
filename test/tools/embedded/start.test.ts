import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../../../tools/embedded/ports.ts';
import { endMarked, processesMarked } from '../../../tools/embedded/marked-processes.ts';
import { startTable } from '../../../tools/embedded/start-table.ts';
import { testMongoUri, testTemporal } from '../../../tools/embedded/test-servers.ts';
import { tempFolder } from './temp-folder.ts';

vi.setConfig({ testTimeout: 60_000 });

const script = fileURLToPath(new URL('programs/start.ts', import.meta.url));

interface Running {
  child: ChildProcess;
  output: () => string;
  exited: Promise<number | null>;
  /** Processes of this run, the supervisor included. */
  processes: () => number;
  env: Record<string, string>;
}

/** Runs `npm start` with stand-ins, every process of it marked. `through` puts a shell in between, as npm does. */
async function run(env: Record<string, string> = {}, through: 'node' | 'sh' = 'node'): Promise<Running> {
  const ports = {
    PORT: '0',
    SANDBOX_PORT: '0',
    SANDBOX_SMTP_PORT: '0',
    TEMPORAL_PORT: '0',
    TEMPORAL_UI_PORT: '0',
    MONGODB_PORT: '0',
  };
  const mark = `${process.pid}-${String(Math.random())}`;
  const all = { ...ports, DATA_DIR: env['DATA_DIR'] ?? (await tempFolder()), START_TEST: mark, ...env };
  const command = [process.execPath, '--import', 'tsx', script];
  const [file = '', ...args] = through === 'node' ? command : ['sh', '-c', `${command.join(' ')}; exit $?`];
  const child = spawn(file, args, {
    env: { ...process.env, ...all },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onTestFinished(async () => {
    await endMarked('START_TEST', mark, 0);
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    child,
    env: all,
    exited,
    output: () => output,
    processes: () => processesMarked('START_TEST', mark).length,
  };
}

/** The servers that the test run shares, for what is not about servers: quicker than new ones. */
const sharedServers = async () => ({ TEMPORAL_ADDRESS: await testTemporal(), MONGODB_URI: await testMongoUri() });

const ready = (running: Running): Promise<void> =>
  expect.poll(running.output, { timeout: 30_000 }).toContain('Ctrl-C stops.');

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops everything within seconds, exit code 0', async (signal) => {
  const running = await run();
  await ready(running);
  expect(running.output()).toMatch(/Ready in \d+\.\d s\./);
  running.child.kill(signal);
  expect(await running.exited).toBe(0);
  expect(running.output()).toMatch(/Stopped in \d\.\d s\./);
  await expect.poll(running.processes, { timeout: 5_000 }).toBe(0);
});

test('what it keeps is readable by this user alone, also what was open before', async () => {
  const dataDir = join(await tempFolder(), 'data');
  await mkdir(dataDir, { mode: 0o755 });
  await writeFile(join(dataDir, 'secrets.json'), '{}', { mode: 0o600 });
  const running = await run({ DATA_DIR: dataDir });
  await ready(running);
  const names = ['', ...(await readdir(dataDir, { recursive: true }))];
  expect(names.filter((name) => /\.(db|sqlite|log)$/.test(name)).length).toBeGreaterThan(3);
  for (const name of names) expect((await stat(join(dataDir, name))).mode & 0o077, name).toBe(0);
});

test("a terminal's Ctrl-C, which goes to the whole group, does not reach the programs", async () => {
  const events = join(await tempFolder(), 'events');
  const running = await run({ EVENTS: events, ...(await sharedServers()) });
  await ready(running);
  process.kill(-(running.child.pid ?? 0), 'SIGINT');
  expect(await running.exited).toBe(0);
  expect((await readFile(events, 'utf8')).trim().split('\n').slice(-3)).toEqual([
    'api down',
    'worker down',
    'sandbox down',
  ]);
});

test('a second Ctrl-C forces the end', async () => {
  const running = await run({ IGNORE_TERM: 'api', ...(await sharedServers()) });
  await ready(running);
  running.child.kill('SIGINT');
  await expect.poll(running.output).toContain('Stopping (SIGINT)');
  await new Promise((resolve) => setTimeout(resolve, 700));
  running.child.kill('SIGINT');
  expect(await running.exited).toBe(130);
  await expect.poll(running.processes, { timeout: 8_000 }).toBe(0);
});

test('Ctrl-C while starting stops too', async () => {
  const running = await run();
  await expect.poll(running.output, { timeout: 10_000 }).toContain('Starting live chat');
  running.child.kill('SIGINT');
  expect(await running.exited).toBe(0);
  await expect.poll(running.processes, { timeout: 5_000 }).toBe(0);
});

test('when the supervisor is killed its processes end by themselves, and the next start goes on', async () => {
  const running = await run();
  await ready(running);
  running.child.kill('SIGKILL');
  await expect.poll(running.processes, { timeout: 8_000 }).toBe(0);
  const { DATA_DIR = '' } = running.env;
  const again = await run({ DATA_DIR });
  await ready(again);
});

test('when npm and its shell are gone the supervisor stops', async () => {
  const running = await run({ npm_lifecycle_event: 'start', ...(await sharedServers()) }, 'sh');
  await ready(running);
  running.child.kill('SIGKILL');
  await expect.poll(running.processes, { timeout: 10_000 }).toBe(0);
  expect(running.output()).toContain('Stopping (npm has ended)');
});

test('a fault in the environment ends it with code 1 and words', async () => {
  const faulty = await run({ PORT: 'abc' });
  expect(await faulty.exited).toBe(1);
  expect(faulty.output()).toBe('Please correct one setting:\n  PORT must be a port number from 0 to 65535\n');
});

test('a port in use ends it with code 1, the port and the variable', async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const running = await run({ PORT: String(port) });
  expect(await running.exited).toBe(1);
  expect(running.output()).toContain(
    `Port ${port}, wanted for the app, is already in use or not allowed: end what uses it or set PORT.`,
  );
});

test('a program that cannot start ends it with code 1 and its last words, and nothing is left', async () => {
  const failing = await run({ FAIL_AT_START: 'api', ...(await sharedServers()) });
  expect(await failing.exited).toBe(1);
  expect(failing.output()).toContain('api cannot start: the moon is full');
  await expect.poll(failing.processes, { timeout: 5_000 }).toBe(0);
});

test('the table is aligned and hides passwords', () => {
  const table = startTable(
    {
      urls: {
        app: 'http://localhost:3000',
        public: 'http://localhost:3000',
        sandbox: 'http://localhost:3100',
        temporalUi: 'http://localhost:8233',
        temporal: '127.0.0.1:7233',
        mongodb: 'mongodb://ada:hush@db.example/live_chat',
        apiMetrics: 'http://127.0.0.1:9464/metrics',
        workerMetrics: 'http://127.0.0.1:9465/metrics',
      },
      env: { TEMPORAL_NAMESPACE: 'default' },
    },
    2.345,
    './.data',
  );
  expect(table).toContain('Ready in 2.3 s.');
  expect(table).toContain('mongodb://***@db.example/live_chat');
  expect(table).not.toContain('hush');
  const columns = table
    .split('\n')
    .filter((line) => /localhost|127\.0\.0\.1/.test(line))
    .map((line) => line.search(/http|127/));
  expect(new Set(columns).size).toBe(1);
});
