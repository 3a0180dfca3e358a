import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RelayOutcome, ShortWayActivities } from '../../activities/short-way.ts';
import type { chat } from '../../workflows/chat/workflow.ts';
import { getChatQuery, visitorSignal, zoomSignal, type VisitorEvent } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { dataConverter, devServer, testWorker, workflowBundle } from './harness.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await devServer();
}, 120_000);
afterAll(() => env.teardown());

const connection = { connectionId: 'socket-1', instanceId: 'api-1', url: 'http://127.0.0.1:1' };
/** Two of them do not go into one post, nor does one take the short way. */
const long = 'word '.repeat(300).trim();

/** A chat on the short way whose steps take as long as is said. */
async function openChat() {
  const fake = fakeChatActivities();
  const takes = { tellMs: 0, relayMs: 0 };
  const outcomes: RelayOutcome['outcome'][] = [];
  const shortWay: ShortWayActivities = {
    async tell({ entries, routes }) {
      await pause(takes.tellMs);
      await fake.activities.recordTranscript({ chatId: '', entries });
      return { routes: routes.map(() => 'reached' as const) };
    },
    async relayNow(input): Promise<RelayOutcome> {
      await pause(takes.relayMs);
      const outcome = outcomes.shift() ?? 'posted';
      if (outcome === 'heldBack') return { outcome, tryAgainInMs: 300 };
      if (outcome !== 'posted') return { outcome };
      const routes = input.routes.map(() => 'reached' as const);
      return { outcome, routes, ...(await fake.activities.postToChatChannel({ ...input, knownIds: [] })) };
    },
  };
  const taskQueue = `chat-test-${randomUUID()}`;
  const workflowId = `chat/${randomUUID().slice(0, 12)}`;
  const handle = await env.client.workflow.signalWithStart<typeof chat, [VisitorEvent]>('chat', {
    workflowId,
    taskQueue,
    workflowTaskTimeout: '1 second',
    args: [
      {
        chatId: 'chat-1',
        accountId: 'account-1',
        widgetId: 'widget-1',
        visitor: { name: 'Jane Doe' },
        timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
        shortWay: true,
      },
    ],
    signal: visitorSignal,
    signalArgs: [{ kind: 'message', clientId: 'client-0', text: 'Hello', at: 1, connection }],
  });
  let written = 1;
  const it = {
    takes,
    outcomes,
    posts: fake.seen.posts,
    visitor: (text: string) => {
      written += 1;
      return handle.signal(visitorSignal, { kind: 'message', clientId: `client-${written}`, text, at: 1, connection });
    },
    agent: () => {
      written += 1;
      return handle.signal(zoomSignal, {
        kind: 'message',
        messageId: `zoom-${written}`,
        userId: 'jill',
        text: 'ok',
        at: 1,
      });
    },
    /** A worker works until all that was written is through. */
    async through(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
      const worker = await testWorker(env, { ...fake.activities, ...shortWay }, taskQueue);
      await worker.runUntil(async () => {
        await meanwhile();
        const done = { waitingForZoom: 0, recordedSeq: written + 1 };
        await vi.waitFor(async () => expect(await handle.query(getChatQuery)).toMatchObject(done), {
          timeout: 30_000,
          interval: 50,
        });
      });
    },
    /** Each worker after the first has led it again too. @throws when today's code does something else than the history tells. */
    async leadAgain(): Promise<void> {
      const history = await handle.fetchHistory();
      const failures = history.events?.flatMap(
        (event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? [],
      );
      expect(failures).toEqual([]);
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle(), dataConverter }, history, workflowId);
    },
  };
  await handle.signal(zoomSignal, { kind: 'joinPressed', user: { id: 'jill', name: 'Jill' } });
  await it.through();
  return it;
}

describe('a chat on the short way can be led through again from its history', () => {
  // What came in while no worker was there comes at once: both strands have something to do within one task.
  test.each([
    ['telling is through first', 5, 60],
    ['relaying is through first', 60, 5],
  ])(
    'when both sides had written and %s',
    async (_which, tellMs, relayMs) => {
      const chat = await openChat();
      Object.assign(chat.takes, { tellMs, relayMs });
      for (const outcome of ['posted', 'notPosted', 'unknown', 'heldBack'] as const) {
        chat.outcomes.push(outcome);
        await chat.agent();
        await chat.visitor('short');
        await chat.visitor(long);
        await chat.agent();
        await chat.agent();
        await chat.visitor('short again');
        await chat.visitor(long);
        await chat.through();
      }
      await chat.leadAgain();
    },
    60_000,
  );

  test('when a post took longer than a task may, and more was written meanwhile', async () => {
    const chat = await openChat();
    Object.assign(chat.takes, { tellMs: 5, relayMs: 2_500 });
    await chat.through(async () => {
      await chat.visitor('short');
      for (let n = 0; n < 6; n += 1) {
        await pause(400);
        await chat.agent();
        await chat.visitor(n % 2 === 0 ? `line ${n}` : long);
      }
    });
    await chat.leadAgain();
  }, 60_000);
});
