import { randomUUID } from 'node:crypto';
import type { WorkflowHandleWithSignaledRunId } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { taskQueues } from '../../domain/workflow-ids.ts';
import type { chat } from '../../workflows/chat/workflow.ts';
import {
  endChatUpdate,
  getChatQuery,
  visitorSignal,
  zoomSignal,
  type ChatInput,
} from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { dataConverter, testWorker, timeSkipping } from './harness.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
}, 120_000);
afterAll(() => env.teardown());

const jill = { id: 'jill', name: 'Jill' };
const sam = { id: 'sam', name: 'Sam' };

interface Running {
  handle: WorkflowHandleWithSignaledRunId<typeof chat>;
  say(text: string, clientId?: string): Promise<void>;
  agentSays(text: string, messageId?: string, userId?: string): Promise<void>;
  join(user: { id: string; name: string }): Promise<void>;
}

async function running(
  fake: ReturnType<typeof fakeChatActivities>,
  story: (chat: Running) => Promise<void>,
  input: Partial<ChatInput> = {},
): Promise<void> {
  const taskQueue = `chat-test-${randomUUID()}`;
  const worker = await testWorker(env, fake.activities, taskQueue);
  const chatId = randomUUID().slice(0, 12);
  await worker.runUntil(async () => {
    const handle = await env.client.workflow.signalWithStart<
      typeof chat,
      [Parameters<Running['say']>[0] extends string ? never : never]
    >('chat', {
      workflowId: `chat/${chatId}`,
      taskQueue,
      args: [
        {
          chatId,
          accountId: 'account-1',
          widgetId: 'widget-1',
          visitor: { name: 'Jane Doe' },
          page: { url: 'https://example.com/pricing', title: 'Pricing' },
          timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
          ...input,
        },
      ],
      signal: visitorSignal as never,
      signalArgs: [{ kind: 'message', clientId: 'client-0', text: 'Hello', at: 1 }] as never,
    });
    let ids = 0;
    await story({
      handle,
      say: (text, clientId = `client-${(ids += 1)}`) =>
        handle.signal(visitorSignal, { kind: 'message', clientId, text, at: 1 }),
      agentSays: (text, messageId = `zoom-${(ids += 1)}`, userId = 'jill') =>
        handle.signal(zoomSignal, { kind: 'message', messageId, userId, text, at: 2 }),
      join: (user) => handle.signal(zoomSignal, { kind: 'joinPressed', user }),
    });
  });
}

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 25 });

// The time-skipping server has, once in a hundred runs of all tests, stopped to skip for some seconds: not for a reason of ours
// that could be found, and what is waited for then does not come. What is wrong in a chat is wrong each time.
describe('a chat', { retry: 2 }, () => {
  test('goes from the card through joining and relaying both ways to the end', async () => {
    const fake = fakeChatActivities();
    await running(fake, async ({ handle, say, agentSays, join }) => {
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      expect(fake.seen.cards[0]).toMatchObject({
        visitorName: 'Jane Doe',
        firstWords: 'Hello',
        face: { status: 'waiting' },
      });
      await say('Anybody there?');
      await join(jill);
      await eventually(() => expect(fake.seen.posts).toHaveLength(2));
      expect(fake.seen.posts[1]).toBe('Jane Doe: Hello\nAnybody there?');
      await agentSays('Hi Jane');
      await say('Do you ship to Norway?');
      await eventually(() => expect(fake.seen.posts.at(-1)).toBe('Jane Doe: Do you ship to Norway?'));
      expect(await handle.query(getChatQuery)).toMatchObject({
        status: 'active',
        waitingForZoom: 0,
        agents: [{ id: 'jill' }],
      });
      await handle.signal(zoomSignal, { kind: 'endPressed', user: jill });
      expect(await handle.result()).toMatchObject({ status: 'ended' });
    });
    expect(fake.seen.recorded.map((entry) => entry.kind)).toEqual([
      'visitorMessage',
      'visitorMessage',
      'agentJoined',
      'agentMessage',
      'visitorMessage',
      'ended',
    ]);
    expect(fake.seen.recorded.map((entry) => entry.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fake.seen.cardEdits.at(-1)?.face).toMatchObject({ status: 'ended', endedBy: 'agent' });
    expect(fake.seen.states.at(-1)).toMatchObject({ status: 'ended' });
    expect(fake.seen.posts.at(-1)).toContain('ended');
  });

  test('takes two agents who press Join at once into one channel', async () => {
    const fake = fakeChatActivities();
    await running(fake, async ({ handle, join }) => {
      await Promise.all([join(jill), join(sam)]);
      await eventually(async () => expect((await handle.query(getChatQuery)).agents).toHaveLength(2));
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    });
    expect(fake.seen.opened).toHaveLength(1);
    expect(fake.seen.invited.map(({ channelId }) => channelId)).toEqual(['channel-1']);
  });

  test('shows a repeated client id and a repeated webhook once', async () => {
    const fake = fakeChatActivities();
    await running(fake, async ({ handle, say, agentSays, join }) => {
      await say('again', 'client-0');
      await say('once', 'same-id');
      await say('once', 'same-id');
      await join(jill);
      await agentSays('one answer', 'zoom-x');
      await agentSays('one answer', 'zoom-x');
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    });
    expect(fake.seen.recorded.filter((entry) => entry.kind === 'visitorMessage').map((entry) => entry.text)).toEqual([
      'Hello',
      'once',
    ]);
    expect(fake.seen.recorded.filter((entry) => entry.kind === 'agentMessage')).toHaveLength(1);
  });

  test('tells the visitor after the time that nobody has joined, and still lets an agent in', async () => {
    const fake = fakeChatActivities();
    await running(fake, async ({ handle, join }) => {
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      await env.sleep('6 minutes');
      await eventually(() => expect(fake.seen.recorded.map((entry) => entry.kind)).toContain('missed'));
      expect(fake.seen.cardEdits.at(-1)?.face.status).toBe('missed');
      await join(jill);
      await eventually(async () => expect((await handle.query(getChatQuery)).status).toBe('active'));
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    });
  });

  test('ends by itself after the idle time, and a day of silence costs next to no history', async () => {
    const fake = fakeChatActivities();
    let events = 0;
    await running(fake, async ({ handle, join }) => {
      await join(jill);
      await eventually(async () => expect((await handle.query(getChatQuery)).status).toBe('active'));
      const before = (await handle.describe()).historyLength;
      expect(await handle.result()).toMatchObject({ status: 'ended' });
      events = (await handle.describe()).historyLength - before;
    });
    expect(fake.seen.recorded.at(-1)).toMatchObject({ kind: 'ended', by: 'idle' });
    expect(events).toBeLessThan(80);
  });

  test('reads the channel back when a visitor message stays unanswered, and takes in what a lost webhook held', async () => {
    const fake = fakeChatActivities({
      async readChannelBack() {
        return [{ messageId: 'lost', userId: 'jill', text: 'My answer', files: [], at: 5 }];
      },
    });
    await running(fake, async ({ handle, join }) => {
      await join(jill);
      await eventually(async () => expect((await handle.query(getChatQuery)).status).toBe('active'));
      await env.sleep('2 minutes');
      await eventually(() =>
        expect(fake.seen.recorded).toContainEqual(expect.objectContaining({ kind: 'agentMessage', text: 'My answer' })),
      );
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    });
  });

  test('continues as new without losing, repeating or reordering a message', async () => {
    const fake = fakeChatActivities();
    const texts = Array.from({ length: 30 }, (_, n) => `message ${n + 1}`);
    await running(
      fake,
      async ({ handle, say, join }) => {
        await join(jill);
        const first = (await handle.describe()).runId;
        for (const text of texts) await say(text);
        await eventually(() => {
          expect(fake.seen.posts.join('\n')).toContain('message 30');
          expect(fake.seen.recorded).toHaveLength(32);
        });
        await eventually(async () =>
          expect((await env.client.workflow.getHandle(handle.workflowId).describe()).runId).not.toBe(first),
        );
        await env.client.workflow.getHandle(handle.workflowId).signal(visitorSignal, { kind: 'ended' });
        await env.client.workflow.getHandle(handle.workflowId).result();
      },
      { continueAfterEvents: 30 },
    );
    const relayed = fake.seen.posts
      .filter((post) => post.startsWith('Jane Doe: '))
      .flatMap((post) => post.slice(10).split('\n'));
    expect(relayed).toEqual(['Hello', ...texts]);
    expect(fake.seen.recorded.map((entry) => entry.seq)).toEqual(
      Array.from({ length: fake.seen.recorded.length }, (_, n) => n + 1),
    );
    expect(fake.seen.begun).toHaveLength(1);
  });

  test('asks for an agent again when the channel vanishes with a message unrelayed', async () => {
    let gone = false;
    const fake = fakeChatActivities();
    const { postToChatChannel } = fake.activities;
    fake.activities.postToChatChannel = async (input) => {
      if (gone && input.channel.id === 'channel-1') throw ApplicationFailure.nonRetryable('gone', 'ChannelGone');
      return postToChatChannel(input);
    };
    await running(fake, async ({ handle, say, join }) => {
      await join(jill);
      await eventually(async () =>
        expect(await handle.query(getChatQuery)).toMatchObject({ status: 'active', waitingForZoom: 0 }),
      );
      gone = true;
      await say('Are you still there?');
      await eventually(() => expect(fake.seen.cards).toHaveLength(2));
      expect(fake.seen.cards[1]).toMatchObject({ firstWords: 'Are you still there?', face: { status: 'waiting' } });
      await join(sam);
      await eventually(() => expect(fake.seen.posts.at(-1)).toBe('Jane Doe: Are you still there?'));
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    });
  });

  test('waits two days for Zoom, at little cost, and then fails with what Zoom said', async () => {
    const threeHours = 3 * 3_600_000;
    const fake = fakeChatActivities({
      async postToChatChannel() {
        throw ApplicationFailure.create({
          message: 'Zoom asks to wait.',
          type: 'ZoomUnavailable',
          nextRetryDelay: threeHours,
          details: [{ tryAgainInMs: threeHours }],
        });
      },
    });
    await running(fake, async ({ handle, join }) => {
      await join(jill);
      const failure: unknown = await handle.result().catch((error: unknown) => error);
      expect(failure).toMatchObject({ cause: { cause: { type: 'ZoomUnavailable', message: 'Zoom asks to wait.' } } });
      const { startTime, closeTime, historyLength } = await handle.describe();
      const waitedHours = ((closeTime?.getTime() ?? 0) - startTime.getTime()) / 3_600_000;
      expect(waitedHours).toBeGreaterThan(48);
      expect(waitedHours).toBeLessThan(54);
      expect(historyLength).toBeLessThan(500);
    });
  });

  test('is delivered by the api instance that holds the socket, and recorded by the worker when that instance is gone', async () => {
    const fake = fakeChatActivities();
    const instanceId = randomUUID();
    const instance = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: taskQueues.visitorDelivery({ instanceId }),
      dataConverter,
      activities: fake.instance,
    });
    await running(fake, async ({ handle, agentSays, join }) => {
      await instance.runUntil(async () => {
        await handle.signal(visitorSignal, { kind: 'connected', connection: { connectionId: 'c1', instanceId } });
        await join(jill);
        await agentSays('Hi');
        await eventually(() => expect(fake.deliveries.flatMap((d) => d.entries).at(-1)).toMatchObject({ text: 'Hi' }));
        await eventually(() => expect(fake.deliveries.at(-1)?.deliveredSeq).toBe(1));
      });
      await agentSays('Still there?');
      await eventually(() => expect(fake.seen.recorded.at(-1)).toMatchObject({ text: 'Still there?' }));
      await eventually(async () => expect((await handle.query(getChatQuery)).openSockets).toBe(0));
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    });
  });

  test('refuses to be ended twice by an operator', async () => {
    const fake = fakeChatActivities({
      // Holds the chat open while it is closing.
      async updateInboundCard() {
        await new Promise((resolve) => setTimeout(resolve, 300));
      },
    });
    await running(fake, async ({ handle }) => {
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      expect(await handle.executeUpdate(endChatUpdate, { args: [{ by: 'operator' }] })).toMatchObject({
        status: 'ended',
      });
      await expect(handle.executeUpdate(endChatUpdate, { args: [{ by: 'operator' }] })).rejects.toThrow();
      await handle.result();
    });
    expect(fake.seen.recorded.filter((entry) => entry.kind === 'ended')).toHaveLength(1);
  });

  test('goes on when somebody unknown to Zoom presses Join', async () => {
    const fake = fakeChatActivities();
    await running(fake, async ({ handle, join }) => {
      await join({ id: 'nobody', name: '?' });
      await join(jill);
      await eventually(async () =>
        expect((await handle.query(getChatQuery)).agents).toEqual([{ id: 'jill', name: 'Agent jill' }]),
      );
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    });
  });
});
