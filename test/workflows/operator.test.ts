import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { activityInfo } from '@temporalio/activity';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { earlierAttemptsActed } from '../../activities/zoom-turns.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  endChatUpdate,
  getChatQuery,
  reassignChatUpdate,
  retryNowUpdate,
  visitorSignal,
  zoomSignal,
  type ChatInput,
} from '../../workflows/chat/messages.ts';
import type { chat } from '../../workflows/chat/workflow.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { devServer, testWorker, workflowBundle } from './harness.ts';

/** In real time: what is tried again, cut short and cancelled is the server's work, and must be the real server's. */
let env: TestWorkflowEnvironment;
beforeAll(async () => {
  [env] = await Promise.all([devServer(), workflowBundle()]);
}, 120_000);
afterAll(() => env.teardown());

type Fake = ReturnType<typeof fakeChatActivities>;
type Handle = WorkflowHandle<typeof chat>;

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 25 });
const snapshot = (handle: Handle) => handle.query(getChatQuery);
const join = (handle: Handle, id: string) => handle.signal(zoomSignal, { kind: 'joinPressed', user: { id, name: id } });
const say = (handle: Handle, text: string) =>
  handle.signal(visitorSignal, { kind: 'message', clientId: randomUUID(), text, at: 1 });
const active = async (handle: Handle, id: string) => {
  await join(handle, id);
  await eventually(async () => {
    expect(await snapshot(handle)).toMatchObject({ status: 'active', waitingForZoom: 0 });
    expect((await snapshot(handle)).agents).toContainEqual(expect.objectContaining({ id }));
  });
};

/** A chat that has been started and whose card is being posted. */
async function running(fake: Fake, story: (handle: Handle) => Promise<void>): Promise<void> {
  const taskQueue = `operator-test-${randomUUID()}`;
  const worker = await testWorker(env, fake.activities, taskQueue);
  const chatId = randomUUID().slice(0, 12);
  const input: ChatInput = {
    chatId,
    accountId: 'account-1',
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe' },
    timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
  };
  await worker.runUntil(async () => {
    const handle = await env.client.workflow.start<typeof chat>('chat', {
      workflowId: workflowIds.chat({ chatId }),
      taskQueue,
      args: [input],
    });
    await say(handle, 'Hello');
    await story(handle);
    const { status } = await handle.describe();
    if (status.name === 'RUNNING') {
      await handle.signal(visitorSignal, { kind: 'ended' });
      await handle.result();
    }
  });
}

/** What an operator reads when an Update is refused or fails. */
async function refusal(update: Promise<unknown>): Promise<string> {
  const error: unknown = await update.then(
    () => new Error('It was not refused.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw error as Error;
  return error.cause?.message ?? '';
}

const shown = async (handle: Handle): Promise<string> => {
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return currentDetails ?? '';
};

describe.concurrent('what an operator types', { timeout: 60_000 }, () => {
  test('is refused in a sentence that says what is wrong and what would do', async () => {
    await running(fakeChatActivities(), async (handle) => {
      const send = (name: string, input?: unknown) => refusal(handle.executeUpdate(name, { args: [input] }));
      expect(await send('reassignChat')).toBe('reassignChat takes {"to":"jill@example.com"}. the input: is an object.');
      expect(await send('reassignChat', { to: 'two words' })).toContain(
        '“to”: is a Zoom user id or an e-mail address of a member of the account.',
      );
      expect(await send('reassignChat', { to: 'jill', too: 1 })).toContain('it has no field “too”.');
      expect(await send('reassignChat', { to: 'jill', by: 'me' })).toContain('“by”: ');
      expect(await send('endChat', 'now')).toContain('endChat takes {"by":"operator"}.');
      expect(await send('retryNow', { what: 'all' })).toContain('it has no field “what”.');
      expect((await snapshot(handle)).status).toBe('waiting');
    });
  });

  test('may be nothing, where nothing is needed', async () => {
    await running(fakeChatActivities(), async (handle) => {
      expect(await handle.executeUpdate('endChat')).toMatchObject({ status: 'ended' });
    });
  });

  test('is described in Temporal UI', async () => {
    await running(fakeChatActivities(), async (handle) => {
      const { definition } = await handle.query<{
        definition: { updateDefinitions: { name: string; description: string }[] };
      }>('__temporal_workflow_metadata');
      expect(definition.updateDefinitions.map(({ name }) => name)).toEqual(['endChat', 'reassignChat', 'retryNow']);
      for (const { description } of definition.updateDefinitions) expect(description).toContain('Input: ');
    });
  });
});

describe.concurrent('reassignChat', { timeout: 60_000 }, () => {
  test('lets the new agent in, takes the others out, and tells the visitor and the card', async () => {
    const fake = fakeChatActivities();
    await running(fake, async (handle) => {
      await active(handle, 'jill');
      const updateId = randomUUID();
      const reassign = () => handle.executeUpdate(reassignChatUpdate, { updateId, args: [{ to: 'sam' }] });
      const sam = { id: 'sam', name: 'Agent sam' };
      expect(await reassign()).toEqual({
        outcome: 'done',
        agent: sam,
        left: [{ id: 'jill', name: 'Agent jill' }],
        stillInChannel: [],
      });
      // The same request again is answered, not done again.
      expect(await reassign()).toMatchObject({ outcome: 'done', agent: sam });
      expect(fake.seen.invited.map(({ channelId, agent }) => [channelId, agent.id])).toEqual([['channel-1', 'sam']]);
      expect(fake.seen.removed).toHaveLength(1);
      await eventually(() => {
        expect(fake.seen.recorded.slice(-2)).toMatchObject([
          { kind: 'agentJoined', agent: sam },
          { kind: 'agentLeft', agent: { id: 'jill' } },
        ]);
        expect(fake.seen.cardEdits.at(-1)?.face).toMatchObject({ status: 'active', agents: ['Agent sam'] });
      });
    });
  });

  test('does not bring back whom it took off when Zoom tells late what they wrote', async () => {
    const fake = fakeChatActivities();
    await running(fake, async (handle) => {
      await active(handle, 'jill');
      await handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] });
      await handle.signal(zoomSignal, { kind: 'agentLeft', userId: 'jill', at: 3 });
      await handle.signal(zoomSignal, { kind: 'message', messageId: 'z1', userId: 'jill', text: 'Hold on', at: 2 });
      await eventually(() =>
        expect(fake.seen.recorded.at(-1)).toMatchObject({
          kind: 'agentMessage',
          agent: { id: 'jill', name: 'Agent jill' },
        }),
      );
      expect((await snapshot(handle)).agents.map(({ id }) => id)).toEqual(['sam']);
      expect(fake.seen.recorded.filter(({ kind }) => kind === 'agentLeft')).toHaveLength(1);
      expect(await shown(handle)).toContain('Taken off by an operator: Agent jill');
    });
  });

  test('says that a channel’s owner stays a member', async () => {
    await running(fakeChatActivities(), async (handle) => {
      await active(handle, 'owner');
      const { left, stillInChannel } = await handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] });
      expect(left.map(({ id }) => id)).toEqual(['owner']);
      expect(stillInChannel).toMatchObject([
        { agent: { id: 'owner' }, why: expect.stringContaining('owner') as string },
      ]);
    });
  });

  test('of a chat that waits is a join, and opens the channel', async () => {
    const fake = fakeChatActivities();
    await running(fake, async (handle) => {
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      expect(await handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] })).toMatchObject({
        outcome: 'done',
        agent: { id: 'sam' },
        left: [],
      });
      expect(fake.seen.opened).toHaveLength(1);
      expect((await snapshot(handle)).status).toBe('active');
    });
  });

  test('changes nothing when Zoom does not know the new agent, or cannot invite them', async () => {
    let broken = true;
    const fake = fakeChatActivities({
      async inviteAgent() {
        if (broken) throw ApplicationFailure.nonRetryable('Zoom does not allow it.', 'ZoomRefused');
      },
    });
    await running(fake, async (handle) => {
      await active(handle, 'jill');
      const reassign = (to: string) => handle.executeUpdate(reassignChatUpdate, { args: [{ to }] });
      expect(await refusal(reassign('nobody'))).toBe(
        'The new agent was not found: Zoom knows no active member of the account by that id or e-mail address. ' +
          'Look the person up in Zoom. The chat is as it was.',
      );
      expect(await refusal(reassign('sam'))).toContain('was not invited into the chat channel: Zoom refuses this.');
      expect((await snapshot(handle)).agents.map(({ id }) => id)).toEqual(['jill']);
      expect(fake.seen.removed).toEqual([]);
      broken = false;
      expect(await reassign('sam')).toMatchObject({ outcome: 'done' });
    });
  });

  test('keeps those as agents whom Zoom could not be asked to remove, and says so', async () => {
    const fake = fakeChatActivities({
      async removeAgents() {
        throw ApplicationFailure.nonRetryable('Zoom is away.', 'ZoomUnavailable');
      },
    });
    await running(fake, async (handle) => {
      await active(handle, 'jill');
      const update = handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] });
      expect(await refusal(update)).toMatch(/^The new agent is in, .*Zoom is away.*Send reassignChat again\.$/);
      expect((await snapshot(handle)).agents.map(({ id }) => id)).toEqual(['jill', 'sam']);
    });
  });
});

describe.concurrent('retryNow', { timeout: 60_000 }, () => {
  /** Zoom asks to wait for an hour as long as `down`; the time between two attempts is then up to whoever asks. */
  function limited(type = 'ZoomUnavailable') {
    const state = { down: true, inputs: [] as unknown[] };
    const fake = fakeChatActivities();
    const { postToChatChannel } = fake.activities;
    fake.activities.postToChatChannel = async (input) => {
      if (input.content.kind === 'visitorLines') state.inputs.push(input);
      if (state.down && input.content.kind === 'visitorLines') {
        throw ApplicationFailure.create({
          message: 'Zoom asks to wait.',
          type,
          nextRetryDelay: 3_600_000,
          details: [{ tryAgainInMs: 3_600_000 }],
        });
      }
      return postToChatChannel(input);
    };
    return { fake, state };
  }

  test('tries at once what Zoom has put off, looking first, and the message arrives once', async () => {
    const { fake, state } = limited();
    await running(fake, async (handle) => {
      await join(handle, 'jill');
      await eventually(async () =>
        expect((await snapshot(handle)).waits).toMatchObject([
          { what: 'a post into the chat channel', why: { type: 'ZoomUnavailable', message: 'Zoom asks to wait.' } },
        ]),
      );
      expect(await shown(handle)).toMatch(/Waits for a post into the chat channel\*\* since .*Next try: \d{4}-/s);
      await eventually(async () => {
        expect((await handle.describe()).typedSearchAttributes.get(searchAttributes.waitsFor)).toBe('ZoomUnavailable');
      });

      expect(await refusal(handle.executeUpdate(retryNowUpdate, { args: [undefined] }))).toBe(
        'Tried at once, and still waiting for a post into the chat channel: Zoom is away, overloaded, or asks to wait. ' +
          'Nothing need be done: it is tried again by itself.',
      );
      state.down = false;
      expect(await handle.executeUpdate(retryNowUpdate, { args: [{ by: 'operator' }] })).toEqual({
        settled: ['a post into the chat channel'],
        waits: [],
      });
      await eventually(async () => {
        expect((await handle.describe()).typedSearchAttributes.get(searchAttributes.waitsFor)).toBeUndefined();
        expect((await snapshot(handle)).waits).toBeUndefined();
      });
      expect(await refusal(handle.executeUpdate(retryNowUpdate, { args: [undefined] }))).toBe(
        'This chat waits for nothing in Zoom just now.',
      );
    });
    expect(fake.seen.posts.filter((text) => text.includes('Hello'))).toHaveLength(1);
    const [first, second, third] = state.inputs;
    expect(first).not.toHaveProperty('lookFirst');
    for (const later of [second, third]) expect(later).toMatchObject({ lookFirst: true });
  });

  test('waits for an attempt that is under way, and takes what it did', async () => {
    const fake = fakeChatActivities();
    const { postInboundCard } = fake.activities;
    const gate = new AbortController();
    fake.activities.postInboundCard = async (input) => {
      if (!gate.signal.aborted) await once(gate.signal, 'abort');
      return postInboundCard(input);
    };
    await running(fake, async (handle) => {
      await eventually(async () =>
        expect((await snapshot(handle)).waits).toMatchObject([{ what: 'the card in the inbound channel' }]),
      );
      const update = await handle.startUpdate(retryNowUpdate, { args: [undefined], waitForStage: 'ACCEPTED' });
      gate.abort();
      expect(await update.result()).toEqual({ settled: ['the card in the inbound channel'], waits: [] });
    });
    expect(fake.seen.cards).toHaveLength(1);
  });
});

describe.concurrent('an activity that somebody resets in Temporal UI', { timeout: 60_000 }, () => {
  test('knows that it is not the first to try, though its attempts are counted anew', async () => {
    const attempts: { attempt: number; first: boolean }[] = [];
    const fake = fakeChatActivities();
    const { postInboundCard } = fake.activities;
    fake.activities.postInboundCard = async (input) => {
      attempts.push({ attempt: activityInfo().attempt, first: !earlierAttemptsActed() });
      if (attempts.length > 1) return postInboundCard(input);
      throw ApplicationFailure.create({ message: 'Later.', type: 'ZoomUnavailable', nextRetryDelay: 25_000 });
    };
    await running(fake, async (handle) => {
      await eventually(() => expect(attempts).toHaveLength(1));
      await env.client.workflowService.resetActivity({
        namespace: env.client.options.namespace,
        execution: { workflowId: handle.workflowId },
        type: 'postInboundCard',
      });
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
    });
    expect(attempts).toEqual([
      { attempt: 1, first: true },
      { attempt: 1, first: false },
    ]);
  });
});

describe.concurrent('Temporal UI’s own “Request Cancellation”', { timeout: 60_000 }, () => {
  test('ends the chat, told to both sides', async () => {
    const fake = fakeChatActivities();
    await running(fake, async (handle) => {
      await active(handle, 'jill');
      await handle.cancel();
      expect(await handle.result()).toMatchObject({ status: 'ended' });
    });
    expect(fake.seen.recorded.at(-1)).toMatchObject({ kind: 'ended', by: 'operator' });
    expect(fake.seen.posts.at(-1)).toBe('An operator ended this chat.');
  });
});

describe.concurrent('an ended chat', { timeout: 60_000 }, () => {
  test('refuses everything', async () => {
    const closing = new AbortController();
    const fake = fakeChatActivities({
      async updateInboundCard() {
        if (!closing.signal.aborted) await once(closing.signal, 'abort');
      },
    });
    await running(fake, async (handle) => {
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      await handle.executeUpdate(endChatUpdate, { args: [undefined] });
      expect(await refusal(handle.executeUpdate(endChatUpdate, { args: [undefined] }))).toBe(
        'This chat has ended already.',
      );
      expect(await refusal(handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] }))).toBe(
        'This chat has ended already.',
      );
      closing.abort();
    });
  });
});
