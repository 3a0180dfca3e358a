import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTemporalGateway } from '../../api/temporal-gateway.ts';
import { taskQueues, workflowIds } from '../../domain/workflow-ids.ts';
import { getChatQuery, type ChatInput } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { testWorker, timeSkipping } from './harness.ts';

const { EventType } = proto.temporal.api.enums.v1;

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
}, 120_000);
afterAll(() => env.teardown());

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 25 });

/** What a chat has cost so far: activities by name, and events by type. */
interface Cost {
  activities: Record<string, number>;
  events: Record<string, number>;
}

/** What was added, without what was not. */
const added = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(after)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count !== 0),
  );

interface ChatOnTest {
  gateway: ReturnType<typeof createTemporalGateway>;
  chatId: string;
  /** Nothing is under way any more, in this state. */
  settled(status: string): Promise<void>;
  cost(): Promise<Cost>;
}

/** A chat with its first words said and its card posted. Three days of silence end it. */
async function chatting(story: (chat: ChatOnTest) => Promise<void>): Promise<void> {
  const fake = fakeChatActivities();
  const ran: Record<string, number> = {};
  // Each activity of a chat is a call of Zoom's or a write in MongoDB, or a few of them.
  const counted = Object.fromEntries(
    Object.entries({ ...fake.activities, ...fake.shortWay }).map(([name, activity]) => [
      name,
      (input: never) => {
        ran[name] = (ran[name] ?? 0) + 1;
        return activity(input);
      },
    ]),
  );
  const worker = await testWorker(env, counted, taskQueues.main);
  const gateway = createTemporalGateway(env.client);
  const chatId = randomUUID().slice(0, 12);
  const handle = env.client.workflow.getHandle(workflowIds.chat({ chatId }));
  const input: ChatInput = {
    chatId,
    accountId: 'account-1',
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe' },
    timings: { missedAfterMs: 300_000, idleEndMs: 3 * 86_400_000 },
    shortWay: true,
  };
  await worker.runUntil(async () => {
    await gateway.visitorMessage(input, { kind: 'message', clientId: 'c0', text: 'Hello', at: 1 });
    await story({
      gateway,
      chatId,
      async settled(status) {
        let last = -1;
        await eventually(async () => {
          expect(await handle.query(getChatQuery)).toMatchObject({ status });
          const { historyLength, raw } = await handle.describe();
          const before = last;
          last = historyLength;
          expect(raw.pendingActivities ?? []).toEqual([]);
          expect(raw.pendingWorkflowTask ?? undefined).toBeUndefined();
          expect(historyLength).toBe(before);
        });
      },
      async cost() {
        const events: Record<string, number> = {};
        for (const { eventType } of (await handle.fetchHistory()).events ?? []) {
          const name = String(EventType[eventType ?? 0]).replace('EVENT_TYPE_', '');
          events[name] = (events[name] ?? 0) + 1;
        }
        return { activities: { ...ran }, events };
      },
    });
    await gateway.signalVisitor(chatId, { kind: 'ended' });
    await handle.result();
  });
}

const join = ({ gateway, chatId }: ChatOnTest) =>
  gateway.signalZoom(chatId, { kind: 'joinPressed', user: { id: 'jill', name: 'Jill' } });

/** A timer runs out, the channel is read, the next timer is set; each step is a workflow task. */
const threeLooks = {
  TIMER_FIRED: 3,
  TIMER_STARTED: 3,
  ACTIVITY_TASK_SCHEDULED: 3,
  ACTIVITY_TASK_STARTED: 3,
  ACTIVITY_TASK_COMPLETED: 3,
  WORKFLOW_TASK_SCHEDULED: 6,
  WORKFLOW_TASK_STARTED: 6,
  WORKFLOW_TASK_COMPLETED: 6,
};

/** What a day adds in which nobody does anything. */
async function aDay(chat: ChatOnTest): Promise<Cost> {
  const before = await chat.cost();
  await env.sleep('1 day');
  const after = await chat.cost();
  return { activities: added(before.activities, after.activities), events: added(before.events, after.events) };
}

describe('a day in which nobody says anything', () => {
  test('costs an open chat three looks at its channel, and no write', async () => {
    await chatting(async (chat) => {
      await join(chat);
      await chat.settled('active');
      expect(await aDay(chat)).toEqual({ activities: { readChannelBack: 3 }, events: threeLooks });
      expect(await aDay(chat), 'the second day').toEqual({ activities: {}, events: {} });
    });
  });

  test('costs one whose visitor has the page open just as much', async () => {
    await chatting(async (chat) => {
      const connection = { connectionId: 'c1', instanceId: 'instance-1', url: 'http://api.example' };
      await chat.gateway.signalVisitor(chat.chatId, { kind: 'connected', connection });
      await join(chat);
      await chat.settled('active');
      expect(await aDay(chat)).toEqual({ activities: { readChannelBack: 3 }, events: threeLooks });
    });
  });

  test('costs one that nobody joins the news of it, on the card and in the record, and then nothing', async () => {
    await chatting(async (chat) => {
      await chat.settled('waiting');
      const { activities } = await aDay(chat);
      expect(activities).toEqual({ tell: 1, updateInboundCard: 1 });
      await chat.settled('missed');
      expect(await aDay(chat), 'the second day').toEqual({ activities: {}, events: {} });
    });
  });
});
