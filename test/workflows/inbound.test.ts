import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCardSlotActivities } from '../../activities/card-slot.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  tryAgainSignal,
  visitorSignal,
  type VisitorConnection,
  type VisitorEvent,
} from '../../workflows/chat/messages.ts';
import type { chat } from '../../workflows/chat/workflow.ts';
import { getInboundQuery } from '../../workflows/inbound/messages.ts';
import { fakeChatActivities, type FakeChatActivities } from './fake-zoom-side.ts';
import { testWorker, timeSkipping } from './harness.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
}, 120_000);
afterAll(() => env.teardown());

/** Chats and the queue of their inbound channel, over fakes of everything else. */
class Hall {
  readonly fake: FakeChatActivities;
  readonly handles: WorkflowHandle<typeof chat>[] = [];
  /** When each card was posted, ms. */
  readonly cardTimes: number[] = [];
  readonly taskQueue = `inbound-test-${randomUUID()}`;
  /** The inbound channel that the widget has now. */
  channelId = `inbound-${randomUUID()}`;
  /** How many chats each reminder was for. */
  readonly reminders: number[] = [];
  remindAfterMs: number[] = [];
  #chats = 0;

  constructor() {
    const channel = () => ({
      id: this.channelId,
      jid: `${this.channelId}@zoom`,
      name: 'Inbound',
      url: 'https://zoom.us',
    });
    const slots = createCardSlotActivities({
      store: { widgets: { get: async () => ({ inboundChannel: channel() }) as never } },
      client: env.client,
      isPaced: true,
      taskQueue: this.taskQueue,
    });
    this.fake = fakeChatActivities(slots);
    const { postInboundCard } = this.fake.activities;
    this.fake.activities.postReminder = async () => {
      this.reminders.push(this.#chats);
      return { count: this.#chats };
    };
    this.fake.activities.postInboundCard = async (input) => {
      this.cardTimes.push(await env.currentTimeMs());
      return postInboundCard(input);
    };
  }

  get queue() {
    return env.client.workflow.getHandle(workflowIds.inbound({ channelId: this.channelId }));
  }

  /** Visitors' words in the order in which their cards were posted. */
  get cards(): string[] {
    return this.fake.seen.cards.map(({ content }) => content.words);
  }

  async run(story: () => Promise<void>): Promise<void> {
    const worker = await testWorker(env, this.fake.activities, this.taskQueue);
    await worker.runUntil(async () => {
      await story();
      await Promise.all(this.handles.map((handle) => handle.signal(visitorSignal, { kind: 'ended' }).catch(() => {})));
      // One after the other: each wait lets time pass, and the server counts who does.
      for (const handle of this.handles) await handle.result();
      // The queue ends by itself.
      await env.sleep('30 minutes');
    });
  }

  /** A visitor who is connected writes. */
  async begin(text: string): Promise<{ handle: WorkflowHandle<typeof chat>; connection: VisitorConnection }> {
    const chatId = `${randomUUID().slice(0, 8)}-${(this.#chats += 1)}`;
    const connection = { connectionId: `of-${chatId}`, instanceId: 'api-1', url: 'http://api.example' };
    const handle = await env.client.workflow.signalWithStart<typeof chat, [VisitorEvent]>('chat', {
      workflowId: workflowIds.chat({ chatId }),
      taskQueue: this.taskQueue,
      args: [
        {
          chatId,
          accountId: 'account-1',
          widgetId: 'widget-1',
          visitor: { name: 'Jane Doe' },
          timings: { remindAfterMs: this.remindAfterMs, missedAfterMs: 3_600_000, idleEndMs: 86_400_000, reopenMs: 0 },
        },
      ],
      signal: visitorSignal,
      signalArgs: [{ kind: 'message', clientId: `id-${chatId}`, text, at: 1, connection }],
    });
    this.handles.push(handle);
    return { handle, connection };
  }

  async beginMany(count: number, from = 1): Promise<void> {
    for (let n = from; n < from + count; n += 1) {
      await this.begin(`chat ${n}`);
      // One after the other by the server's clock as well.
      await env.sleep('50 ms');
    }
  }
}

/** Dozens of chats begin at once: a busy machine needs its time for that. */
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

const names = (count: number) => Array.from({ length: count }, (_, n) => `chat ${n + 1}`);

/**
 * The longest waiting come first; those who get their slots at the same moment post side by side. Of the first cards
 * nothing is said: there are slots while the chats still begin.
 */
function expectInOrder(cards: string[], count: number): void {
  expect([...cards].sort()).toEqual(names(count).sort());
  const later = cards.slice(30).map((card) => Number(card.replace('chat ', '')));
  for (const [place, number] of later.toSorted((a, b) => a - b).entries()) {
    expect(Math.abs(later.indexOf(number) - place), `chat ${number}`).toBeLessThan(20);
  }
}

describe('the cards of an inbound channel', { timeout: 60_000 }, () => {
  test('are posted at once as long as Zoom takes them, without another word', async () => {
    const hall = new Hall();
    await hall.run(async () => {
      await hall.beginMany(3);
      await eventually(() => expect(hall.cards).toHaveLength(3));
    });
    expect(hall.fake.seen.queueCards).toEqual([]);
  });

  test('come in order and at the pace that Zoom’s limits on a channel ask, with one card for those that wait', async () => {
    const hall = new Hall();
    await hall.run(async () => {
      await hall.beginMany(70);
      for (let n = 0; n < 40 && hall.cards.length < 70; n += 1) await env.sleep('10 seconds');
      expect(hall.cards).toHaveLength(70);
      await env.sleep('30 seconds');
    });
    expectInOrder(hall.cards, 70);
    // The queue alone says when there is a slot: a busy machine posts some cards later, and so closer to the next ones.
    const lateMs = 3_000;
    for (const [ms, most] of [
      [10_000 - lateMs, 30],
      [100_000 - lateMs, 60],
    ] as const) {
      for (const at of hall.cardTimes) {
        expect(hall.cardTimes.filter((other) => other > at - ms && other <= at).length).toBeLessThanOrEqual(most);
      }
    }
    const counts = hall.fake.seen.queueCards;
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts.at(-1)).toBe(0);
    // It grows while chats begin, and then falls.
    const falling = counts.slice(counts.indexOf(Math.max(...counts)));
    expect(falling).toEqual(falling.toSorted((a, b) => b - a));
  });

  test('leave out a visitor who has gone before their turn, until they are back', async () => {
    const hall = new Hall();
    await hall.run(async () => {
      await hall.beginMany(55);
      const gone = await hall.begin('gone');
      const ended = await hall.begin('ended');
      await hall.beginMany(2, 56);
      await gone.handle.signal(visitorSignal, { kind: 'disconnected', connectionId: gone.connection.connectionId });
      await ended.handle.signal(visitorSignal, { kind: 'ended' });
      expect(await ended.handle.result()).toMatchObject({ status: 'ended' });
      for (let n = 0; n < 40 && hall.cards.length < 57; n += 1) await env.sleep('10 seconds');
      expectInOrder(hall.cards, 57);
      await gone.handle.signal(visitorSignal, { kind: 'connected', connection: gone.connection });
      for (let n = 0; n < 40 && hall.cards.length < 58; n += 1) await env.sleep('10 seconds');
      expect(hall.cards.at(-1)).toBe('gone');
    });
    expect(hall.cards).not.toContain('ended');
  });

  test('are asked for again when the queue was lost', async () => {
    const hall = new Hall();
    await hall.run(async () => {
      await hall.beginMany(60);
      await env.sleep('6 seconds');
      // The time-skipping server lets no more time pass once a workflow has closed with an activity under way.
      await eventually(async () => {
        expect(hall.fake.seen.queueCards).not.toEqual([]);
        expect((await hall.queue.describe()).raw.pendingActivities ?? []).toEqual([]);
      });
      const { waiting } = await hall.queue.query(getInboundQuery);
      expect(waiting.length).toBeGreaterThan(0);
      await hall.queue.cancel();
      for (let n = 0; n < 40 && hall.cards.length < 60; n += 1) await env.sleep('10 seconds');
      expect([...hall.cards].sort()).toEqual(names(60).sort());
    });
  });

  test('go to the channel that the settings name by then', async () => {
    const hall = new Hall();
    await hall.run(async () => {
      await hall.beginMany(60);
      await eventually(() => expect(hall.cards.length).toBeGreaterThanOrEqual(8));
      const before = hall.queue;
      hall.channelId = `inbound-${randomUUID()}`;
      await Promise.all(hall.handles.map((handle) => handle.signal(tryAgainSignal)));
      for (let n = 0; n < 40 && hall.cards.length < 60; n += 1) await env.sleep('10 seconds');
      expect(hall.cards).toHaveLength(60);
      expect((await before.query(getInboundQuery)).waiting).toEqual([]);
    });
  });

  test('queue again when Zoom takes no more posts into the channel', async () => {
    const hall = new Hall();
    const { postInboundCard } = hall.fake.activities;
    let refusals = 0;
    hall.fake.activities.postInboundCard = async (input) => {
      if (refusals < 8) {
        refusals += 1;
        throw ApplicationFailure.create({
          message: 'throttled',
          type: 'ZoomUnavailable',
          nonRetryable: true,
          details: [{ tryAgainInMs: 30_000, nothingDone: true }],
        });
      }
      return postInboundCard(input);
    };
    await hall.run(async () => {
      await hall.beginMany(8);
      for (let n = 0; n < 40 && hall.cards.length < 8; n += 1) await env.sleep('10 seconds');
      expect([...hall.cards].sort()).toEqual(names(8).sort());
    });
  });

  test('are followed by one reminder for all who have waited for as long as set', async () => {
    const hall = new Hall();
    hall.remindAfterMs = [120_000, 300_000];
    await hall.run(async () => {
      await hall.beginMany(5);
      await eventually(() => expect(hall.cards).toHaveLength(5));
      await env.sleep('3 minutes');
      expect(hall.reminders).toEqual([5]);
      await env.sleep('3 minutes');
      expect(hall.reminders).toEqual([5, 5]);
    });
  });

  test('need a queue that ends when nobody asks, and begins again with the next chat', async () => {
    const hall = new Hall();
    await hall.run(async () => {
      const first = await hall.begin('first');
      await eventually(() => expect(hall.cards).toEqual(['first']));
      const run = await hall.queue.describe();
      await env.sleep('30 minutes');
      expect(await hall.queue.describe()).toMatchObject({ runId: run.runId, status: { name: 'COMPLETED' } });
      await first.handle.signal(visitorSignal, { kind: 'ended' });
      await hall.begin('second');
      await eventually(() => expect(hall.cards).toEqual(['first', 'second']));
    });
  });
});
