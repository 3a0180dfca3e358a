import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { endChatUpdate, reassignChatUpdate, retryNowUpdate, zoomSignal } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { devServer } from './harness.ts';
import { currentDetails, eventually, jill, refusal, runningChat } from './running-chat.ts';

/** In real time: what is tried again, cut short and cancelled is the server's work, and must be the real server's. */
let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await devServer();
}, 120_000);
afterAll(() => env.teardown());

const owner = { id: 'owner', name: 'Owner' };

describe('what an operator types', { timeout: 60_000 }, () => {
  test('is refused in a sentence that says what is wrong and what would do', async () => {
    await runningChat(env, fakeChatActivities(), async ({ handle, snapshot }) => {
      const send = (name: string, input?: unknown) => refusal(handle.executeUpdate(name, { args: [input] }));
      expect(await send('reassignChat')).toBe('reassignChat takes {"to":"jill@example.com"}. the input: is an object.');
      expect(await send('reassignChat', { to: 'two words' })).toContain(
        '“to”: is a Zoom user id or an e-mail address of a member of the account.',
      );
      expect(await send('reassignChat', { to: 'jill', too: 1 })).toContain('it has no field “too”.');
      expect(await send('reassignChat', { to: 'jill', by: 'me' })).toContain('“by”: ');
      expect(await send('endChat', 'now')).toContain('endChat takes {"by":"operator"}.');
      expect(await send('retryNow', { what: 'all' })).toContain('it has no field “what”.');
      expect((await snapshot()).status).toBe('waiting');
    });
  });

  test('may be nothing, where nothing is needed', async () => {
    await runningChat(env, fakeChatActivities(), async ({ handle }) => {
      expect(await handle.executeUpdate('endChat')).toMatchObject({ status: 'ended' });
    });
  });

  test('is described in Temporal UI', async () => {
    await runningChat(env, fakeChatActivities(), async ({ handle }) => {
      const { definition } = await handle.query<{
        definition: { updateDefinitions: { name: string; description: string }[] };
      }>('__temporal_workflow_metadata');
      expect(definition.updateDefinitions.map(({ name }) => name)).toEqual(['endChat', 'reassignChat', 'retryNow']);
      for (const { description } of definition.updateDefinitions) expect(description).toContain('Input: ');
    });
  });
});

describe('reassignChat', { timeout: 60_000 }, () => {
  test('lets the new agent in, takes the others out, and says so to the visitor and on the card', async () => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async ({ handle, joined }) => {
      await joined(jill);
      const updateId = randomUUID();
      const reassign = () => handle.executeUpdate(reassignChatUpdate, { updateId, args: [{ to: 'sam@example.com' }] });
      const sam = { id: 'sam', name: 'Agent sam' };
      const done = { outcome: 'done', agent: sam, left: [{ id: 'jill', name: 'Agent jill' }], stillInChannel: [] };
      expect(await reassign()).toEqual(done);
      // The same request again is answered, not done again.
      expect(await reassign()).toEqual(done);
      expect(fake.seen.invited.map(({ agent }) => agent.id)).toEqual(['jill', 'sam']);
      expect(fake.seen.removed.map(({ agentId }) => agentId)).toEqual(['jill']);
      await eventually(() => {
        expect(fake.seen.recorded.slice(-2)).toMatchObject([
          { kind: 'agentJoined', agent: sam },
          { kind: 'agentLeft', agent: { id: 'jill' } },
        ]);
        expect(fake.seen.cardEdits.at(-1)?.content).toMatchObject({ status: 'active', agents: ['Agent sam'] });
      });
    });
  });

  test('does not bring back whom it took off when Zoom says late what they wrote', async () => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async ({ handle, joined, agentSays, snapshot }) => {
      await joined(jill);
      await handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] });
      await handle.signal(zoomSignal, { kind: 'agentLeft', userId: 'jill', at: 3 });
      await agentSays('Hold on');
      await eventually(() =>
        expect(fake.seen.recorded.at(-1)).toMatchObject({
          kind: 'agentMessage',
          agent: { id: 'jill', name: 'Agent jill' },
        }),
      );
      expect((await snapshot()).agents.map(({ id }) => id)).toEqual(['sam']);
      expect(fake.seen.recorded.filter(({ kind }) => kind === 'agentLeft')).toHaveLength(1);
      expect(await currentDetails(handle)).toContain('Taken off by an operator: `jill`');
    });
  });

  test('says that a channel’s owner stays a member', async () => {
    await runningChat(env, fakeChatActivities(), async ({ handle, joined }) => {
      await joined(owner);
      const { left, stillInChannel } = await handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] });
      expect(left.map(({ id }) => id)).toEqual(['owner']);
      expect(stillInChannel).toMatchObject([
        { agent: { id: 'owner' }, why: expect.stringContaining('owner') as string },
      ]);
    });
  });

  test('of a chat that waits is a join, and has the channel created', async () => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async ({ handle, snapshot }) => {
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      expect(await handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] })).toMatchObject({
        outcome: 'done',
        agent: { id: 'sam' },
        left: [],
      });
      expect(fake.seen.channels).toHaveLength(1);
      expect((await snapshot()).status).toBe('active');
    });
  });

  test('changes nothing when Zoom does not know the new agent, or cannot invite them', async () => {
    let broken = false;
    const fake = fakeChatActivities({
      async inviteAgent() {
        if (broken) throw ApplicationFailure.nonRetryable('Zoom does not allow it.', 'ZoomRefused');
      },
    });
    await runningChat(env, fake, async ({ handle, joined, snapshot }) => {
      await joined(jill);
      broken = true;
      const reassign = (to: string) => handle.executeUpdate(reassignChatUpdate, { args: [{ to }] });
      expect(await refusal(reassign('nobody'))).toBe(
        'The new agent was not found: Zoom knows no active member of the account by that id or e-mail address. ' +
          'Look the person up in Zoom. The chat is as it was.',
      );
      expect(await refusal(reassign('sam'))).toBe(
        'Zoom did not let the new agent into the chat. The chat is as it was.',
      );
      expect((await snapshot()).agents.map(({ id }) => id)).toEqual(['jill']);
      expect(fake.seen.removed).toEqual([]);
      broken = false;
      expect(await reassign('sam')).toMatchObject({ outcome: 'done' });
    });
  });
});

describe('retryNow', { timeout: 60_000 }, () => {
  test('tries at once what Zoom has put off, saying since when, and the message arrives once', async () => {
    const fake = fakeChatActivities();
    const { postToChannel } = fake.activities;
    const tries: (number | undefined)[] = [];
    let down = true;
    fake.activities.postToChannel = async (input) => {
      if (input.post.kind !== 'visitorLines') return postToChannel(input);
      tries.push(input.firstTriedAt);
      if (!down) return postToChannel(input);
      const details = [{ tryAgainInMs: 3_600_000 }];
      throw ApplicationFailure.create({
        message: 'Zoom asks to wait.',
        type: 'ZoomUnavailable',
        nonRetryable: true,
        details,
      });
    };
    await runningChat(env, fake, async ({ handle, join, snapshot }) => {
      const what = 'a post to the chat channel';
      const why = { type: 'ZoomUnavailable', message: 'Zoom asks to wait.' };
      await join(jill);
      await eventually(async () => expect((await snapshot()).waits).toMatchObject([{ what, why, tries: 1 }]));
      await eventually(async () =>
        expect(await currentDetails(handle)).toMatch(
          /Waits for a post to the chat channel\*\* since .*again at \d{4}-/s,
        ),
      );
      await eventually(async () => {
        expect((await handle.describe()).typedSearchAttributes.get(searchAttributes.waitsFor)).toBe('ZoomUnavailable');
      });

      expect(await refusal(handle.executeUpdate(retryNowUpdate, { args: [undefined] }))).toBe(
        `Tried at once, and still waiting for ${what}: Zoom is away, overloaded, or asks to wait. ` +
          'Nothing need be done: it is tried again by itself.',
      );
      down = false;
      expect(await handle.executeUpdate(retryNowUpdate, { args: [{ by: 'operator' }] })).toEqual({ waits: [] });
      await eventually(async () => {
        expect((await handle.describe()).typedSearchAttributes.get(searchAttributes.waitsFor)).toBeUndefined();
        expect((await snapshot()).waits).toBeUndefined();
      });
      expect(await refusal(handle.executeUpdate(retryNowUpdate, { args: [undefined] }))).toBe(
        'This chat waits for nothing in Zoom just now.',
      );
    });
    expect(fake.visitorLines()).toEqual(['Hello']);
    expect(tries).toEqual([undefined, expect.any(Number), tries[1]]);
  });
});

describe('Temporal UI’s own “Request Cancellation”', { timeout: 60_000 }, () => {
  test('ends the chat, with a word to both sides', async () => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async ({ handle, joined }) => {
      await joined(jill);
      await handle.cancel();
      expect(await handle.result()).toMatchObject({ status: 'ended' });
    });
    expect(fake.seen.recorded.at(-1)).toMatchObject({ kind: 'ended', by: 'operator' });
    expect(fake.posts().at(-1)).toContain('An operator ended this chat.');
  });
});

describe('an ended chat', { timeout: 60_000 }, () => {
  test('refuses everything', async () => {
    const closing = new AbortController();
    const fake = fakeChatActivities();
    const { updateInboundCard } = fake.activities;
    fake.activities.updateInboundCard = async (input) => {
      if (!closing.signal.aborted) await once(closing.signal, 'abort');
      return updateInboundCard(input);
    };
    await runningChat(env, fake, async ({ handle }) => {
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      await handle.executeUpdate(endChatUpdate, { args: [undefined] });
      const refused = 'This chat has ended already.';
      expect(await refusal(handle.executeUpdate(endChatUpdate, { args: [undefined] }))).toBe(refused);
      expect(await refusal(handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam' }] }))).toBe(refused);
      closing.abort();
    });
  });
});
