import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker, type WorkerOptions, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTemporalGateway } from '../../api/temporal-gateway.ts';
import { taskQueues, workflowIds } from '../../domain/workflow-ids.ts';
import { getChatQuery, type ChatInput } from '../../workflows/chat/messages.ts';
import { storedBundle } from '../versions/stored-bundle.ts';
import { dataConverter, devServer, workflowBundle } from './harness.ts';
import { manyFakes } from './many-fakes.ts';
import { readHistory, storedHistories, type History } from './stored-history.ts';

/** The last version without the short way: see test/versions/README.md. */
const before = '8522c14';
const { EventType } = proto.temporal.api.enums.v1;

type Version = 'old' | 'new';

let env: TestWorkflowEnvironment;
let bundles: Record<Version, WorkflowBundle>;
beforeAll(async () => {
  env = await devServer();
  bundles = { old: await storedBundle(before), new: await workflowBundle() };
}, 120_000);
afterAll(() => env.teardown());

let fakes: ReturnType<typeof manyFakes>;
let running: Map<Version | 'instance', { worker: Worker; done: Promise<void> }>;
/** An api instance of the version before: reached by its queue, not directly. */
let instanceId: string;
beforeEach(async () => {
  fakes = manyFakes();
  running = new Map();
  instanceId = randomUUID();
  const taskQueue = taskQueues.visitorDelivery({ instanceId });
  await run('instance', { taskQueue, activities: fakes.instance });
});
afterEach(async () => {
  for (const name of running.keys()) await stop(name);
});

/** Each on a connection of its own, as processes are: one connection takes one worker a queue. */
async function run(name: Version | 'instance', options: Omit<WorkerOptions, 'connection'>): Promise<void> {
  const connection = await NativeConnection.connect({ address: env.address });
  const worker = await Worker.create({ ...options, connection, dataConverter });
  const done = worker.run().finally(() => connection.close());
  running.set(name, { worker, done });
}

/**
 * A worker of that version. Without a cache: every task can go to either, and is worked off from the whole history.
 *
 * For chats with the short way it needs one: the SDK throws a run without a cache away while results of its local
 * activities are still on their way (https://github.com/temporalio/sdk-rust/pull/1482), which has nothing to do with versions.
 */
async function start(version: Version, { cached = 0 } = {}): Promise<void> {
  await run(version, {
    taskQueue: taskQueues.main,
    identity: `${version}-worker`,
    workflowBundle: bundles[version],
    activities: version === 'old' ? fakes.activities : { ...fakes.activities, ...fakes.shortWay },
    maxCachedWorkflows: cached,
  });
}

async function stop(name: Version | 'instance'): Promise<void> {
  const known = running.get(name);
  if (!known) return;
  known.worker.shutdown();
  await known.done;
  running.delete(name);
}

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 25 });

/** A chat as an api starts it and signals it. */
function chatOf(version: Version) {
  const gateway = createTemporalGateway(env.client);
  const chatId = randomUUID().slice(0, 12);
  const workflowId = workflowIds.chat({ chatId });
  const handle = env.client.workflow.getHandle(workflowId);
  const { seen } = fakes.of(chatId);
  const input: ChatInput = {
    chatId,
    accountId: 'account-1',
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe' },
    timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
    ...(version === 'new' ? { shortWay: true } : {}),
  };
  const written = { visitor: [] as string[], agent: [] as string[] };
  const arrived = () => ({
    visitor: seen.posts.flatMap((post) => (post.startsWith('Jane Doe: ') ? post.slice(10).split('\n') : [])),
    agent: seen.recorded.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : [])),
  });
  return {
    seen,
    written,
    arrived,
    async begin() {
      await this.visitorSays('Hello');
      const url = version === 'new' ? { url: 'http://api.example' } : {};
      const connection = { connectionId: 'c1', instanceId, ...url };
      await gateway.signalVisitor(chatId, { kind: 'connected', connection });
      await gateway.signalZoom(chatId, { kind: 'joinPressed', user: { id: 'jill', name: 'Jill' } });
      await eventually(async () => expect(await handle.query(getChatQuery)).toMatchObject({ status: 'active' }));
    },
    async visitorSays(text: string) {
      written.visitor.push(text);
      await gateway.visitorMessage(input, { kind: 'message', clientId: text, text, at: 1 });
    },
    async agentSays(text: string) {
      written.agent.push(text);
      await gateway.signalZoom(chatId, { kind: 'message', messageId: text, userId: 'jill', text, at: 2 });
    },
    relayed: () => eventually(() => expect(arrived()).toEqual(written)),
    async end() {
      await gateway.signalVisitor(chatId, { kind: 'ended' });
      expect(await handle.result()).toMatchObject({ status: 'ended' });
    },
    history: () => handle.fetchHistory(),
    /** How often the task that is due has failed. */
    async failures(): Promise<number> {
      const { raw } = await handle.describe();
      return (raw.pendingWorkflowTask?.attempt ?? 1) - 1;
    },
  };
}
type ChatOnTest = ReturnType<typeof chatOf>;

/** Messages both ways in all chats at once, while `meanwhile` happens; until everything has arrived. */
async function talk(chats: readonly ChatOnTest[], about: string, meanwhile: () => Promise<void>): Promise<void> {
  const each = Array.from({ length: 8 }, (_, n) => `${about} ${n}`);
  const sides = chats.flatMap((chat) => [
    async () => {
      for (const text of each) await chat.visitorSays(`v ${text}`);
    },
    async () => {
      for (const text of each) await chat.agentSays(`a ${text}`);
    },
  ]);
  await Promise.all([...sides.map((side) => side()), meanwhile()]);
  for (const chat of chats) await chat.relayed();
}

const kinds = (history: History, type: proto.temporal.api.enums.v1.EventType) =>
  (history.events ?? []).filter(({ eventType }) => eventType === type);
const failedTasks = (history: History) => kinds(history, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED);
/** Which workers completed tasks of the chat. */
const workersOf = (history: History) =>
  new Set(
    kinds(history, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED).map(
      (event) => event.workflowTaskCompletedEventAttributes?.identity,
    ),
  );

function expectWhole({ seen, written, arrived }: ChatOnTest): void {
  expect(arrived()).toEqual(written);
  expect(seen.recorded.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(seen.recorded.map((_, n) => n + 1));
  expect(seen.begun).toHaveLength(1);
  expect(seen.opened).toHaveLength(1);
}

describe('the stored workflow code', () => {
  test.each(['chat-ended-by-visitor.v1.json', 'chat-paced.v1.json', 'install-done.v1.json'])(
    'is that of its time: it continues %s',
    async (file) => {
      const { workflowId = '' } = (await storedHistories()).find((stored) => stored.file === file) ?? {};
      await Worker.runReplayHistory(
        { workflowBundle: bundles.old, dataConverter },
        await readHistory(file),
        workflowId,
      );
    },
  );
});

describe('an update under running chats', () => {
  test('loses, repeats and reorders nothing while workers of both versions share the chats, nor after it', async () => {
    const chats = [chatOf('old'), chatOf('old'), chatOf('old')];
    await start('old');
    await Promise.all(chats.map((chat) => chat.begin()));
    await talk(chats, 'with the old worker', async () => {});
    await talk(chats, 'as the new one comes', () => start('new'));
    await talk(chats, 'with both', async () => {});
    await talk(chats, 'as the old one goes', () => stop('old'));
    await talk(chats, 'as the new one goes', async () => {
      await start('old');
      await stop('new');
    });
    await talk(chats, 'as it comes back', () => start('new'));
    await talk(chats, 'as the old one goes for good', () => stop('old'));

    // The workers are all new: now the apis may be.
    await stop('new');
    await start('new', { cached: 100 });
    const fresh = [chatOf('new'), chatOf('new')];
    await Promise.all(fresh.map((chat) => chat.begin()));
    await talk([...chats, ...fresh], 'side by side', async () => {});
    await Promise.all([...chats, ...fresh].map((chat) => chat.end()));

    for (const chat of [...chats, ...fresh]) {
      expectWhole(chat);
      expect(failedTasks(await chat.history())).toEqual([]);
    }
    for (const chat of chats) expect(workersOf(await chat.history())).toEqual(new Set(['old-worker', 'new-worker']));
  }, 180_000);

  test('that leaves an old worker running makes chats with the short way wait for a new one, and loses nothing', async () => {
    const chat = chatOf('new');
    await start('new', { cached: 100 });
    await chat.begin();
    await talk([chat], 'with the new worker', async () => {});
    await stop('new');
    await start('old');
    await chat.visitorSays('v to the old worker');
    await chat.agentSays('a to the old worker');
    await eventually(async () => expect(await chat.failures()).toBeGreaterThan(0));
    await stop('old');
    await start('new', { cached: 100 });
    await chat.relayed();
    await chat.end();
    expectWhole(chat);
    expect(failedTasks(await chat.history()).length).toBeGreaterThan(0);
  }, 120_000);

  test('that starts with the apis makes chats which only an old worker can go on with: they wait for it, and lose nothing', async () => {
    const chat = chatOf('new');
    await start('old');
    await chat.begin();
    await talk([chat], 'with the old worker', async () => {});
    await stop('old');
    await start('new');
    await chat.visitorSays('v to the new worker');
    await eventually(async () => expect(await chat.failures()).toBeGreaterThan(0));
    await stop('new');
    await start('old');
    await chat.relayed();
    await chat.end();
    expectWhole(chat);
  }, 120_000);
});
