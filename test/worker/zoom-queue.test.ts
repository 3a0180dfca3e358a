import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../config/logger.ts';
import { findTemporalCli } from '../../tools/embedded/temporal-binary.ts';
import { testTemporal } from '../../tools/embedded/test-servers.ts';
import { quietRuntime } from '../workflows/harness.ts';
import { configureZoomQueue } from '../../worker/zoom-queue.ts';

let address: string;
let connection: Connection;
let client: Client;
let cli: string;
beforeAll(async () => {
  quietRuntime();
  address = await testTemporal();
  cli = await findTemporalCli(() => undefined);
  connection = await Connection.connect({ address });
  client = new Client({ connection });
}, 120_000);
afterAll(() => connection.close());

/** What an operator does on the command line. */
async function taskQueueConfig(command: 'get' | 'set', taskQueue: string, ...more: string[]): Promise<string> {
  const queue = ['--task-queue', taskQueue, '--task-queue-type', 'activity', '--address', address];
  return (await promisify(execFile)(cli, ['task-queue', 'config', command, ...queue, ...more, '-o', 'json'])).stdout;
}

/** A worker's start on a task queue of its own. */
function queue() {
  const taskQueue = `zoom-${randomUUID()}`;
  const lines: string[] = [];
  const log = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  const start = (perSecond: number | undefined) => configureZoomQueue(client, perSecond, log, taskQueue);
  const rate = async () => {
    const config = JSON.parse(await taskQueueConfig('get', taskQueue)) as {
      fairnessKeysRateLimitDefault?: { rateLimit?: { requestsPerSecond: number } };
      fairnessWeightOverrides?: Record<string, number>;
    };
    const perSecond = config.fairnessKeysRateLimitDefault?.rateLimit?.requestsPerSecond;
    return { perSecond: perSecond && Number(perSecond.toFixed(3)), weights: config.fairnessWeightOverrides };
  };
  return { taskQueue, lines, start, rate };
}

describe('the rate of the Zoom queue', () => {
  test('is set at a worker’s start, again when the plan is another one, and taken away for none', async () => {
    const { start, rate, lines } = queue();
    await start(1.7);
    expect(await rate()).toMatchObject({ perSecond: 1.7 });
    await start(1.7);
    expect(lines).toHaveLength(1);
    await start(17);
    expect(await rate()).toMatchObject({ perSecond: 17 });
    await start(undefined);
    expect((await rate()).perSecond).toBeUndefined();
  });

  test('is left as an operator has set it, or taken it away', async () => {
    const { taskQueue, start, rate, lines } = queue();
    await start(17);
    await taskQueueConfig('set', taskQueue, '--fairness-key-rps-limit-default', '5');
    await start(17);
    expect(await rate()).toMatchObject({ perSecond: 5 });
    expect(lines.at(-1)).toContain('is an operator’s');
    await taskQueueConfig('set', taskQueue, '--fairness-key-rps-limit-default', 'default');
    await start(17);
    expect((await rate()).perSecond).toBeUndefined();
    // How an operator gives it back.
    const giveBack = ['--fairness-key-rps-limit-default', '1', '--identity', 'live-chat-worker'];
    await taskQueueConfig('set', taskQueue, ...giveBack);
    await start(17);
    expect(await rate()).toMatchObject({ perSecond: 17 });
  });

  test('leaves the weights that operators give to accounts', async () => {
    const { taskQueue, start, rate } = queue();
    await taskQueueConfig('set', taskQueue, '--fairness-key-weight', 'large-account=3');
    await start(17);
    expect(await rate()).toEqual({ perSecond: 17, weights: { 'large-account': 3 } });
  });

  test('is not kept by a server that does not know of it: the worker starts, and says so', async () => {
    const { lines } = queue();
    const unimplemented = Object.assign(new Error('12 UNIMPLEMENTED'), { code: 12, details: '', metadata: {} });
    const old = {
      options: { namespace: 'default' },
      workflowService: { describeTaskQueue: () => Promise.reject(unimplemented) },
    } as unknown as Client;
    const log = createLogger('test', 'info', { write: (line) => void lines.push(line) });
    await configureZoomQueue(old, 17, log, 'any');
    expect(lines).toEqual([expect.stringContaining('Temporal 1.29 or newer')]);
  });

  test('is kept for each account by itself, by its weight: a quiet one does not wait behind a flood', async () => {
    const { taskQueue, start } = queue();
    const [perSecond, calls] = [10, 50];
    await start(perSecond);
    await taskQueueConfig('set', taskQueue, '--fairness-key-weight', 'large=3');
    const started: Record<string, number[]> = { flood: [], large: [], quiet: [] };
    const call = async (account: string) => void started[account]?.push(Date.now());
    const nativeConnection = await NativeConnection.connect({ address });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: new URL('./calls-workflow.ts', import.meta.url).pathname,
      logger: new DefaultLogger('WARN'),
    });
    const workflows = `calls-${randomUUID()}`;
    const workers = [
      await Worker.create({ connection: nativeConnection, taskQueue: workflows, workflowBundle }),
      await Worker.create({ connection: nativeConnection, taskQueue, activities: { call } }),
    ];
    const run = (account: string, input: { calls: number; pauseMs: number }) =>
      client.workflow.execute('calls', {
        workflowId: randomUUID(),
        taskQueue: workflows,
        args: [{ ...input, account, taskQueue }],
        priority: { fairnessKey: account },
      });
    const running = workers.map((worker) => worker.run());
    const floods = ['flood', 'large'].map((account) => run(account, { calls, pauseMs: 0 }));
    const waited = (await run('quiet', { calls: 8, pauseMs: 300 })) as number[];
    await Promise.all(floods);
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await nativeConnection.close();

    const tookSeconds = (account: string) => {
      const times = started[account] ?? [];
      expect(times).toHaveLength(calls);
      return ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
    };
    // Up to two seconds' worth is let through at first.
    expect(tookSeconds('flood')).toBeGreaterThan(calls / perSecond - 2);
    expect(tookSeconds('large')).toBeLessThan(tookSeconds('flood') - 1);
    // Behind the flood it would be seconds.
    expect(waited.sort((one, other) => one - other)[4]).toBeLessThan(400);
  }, 60_000);
});
