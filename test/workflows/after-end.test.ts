import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApplicationFailure } from '@temporalio/activity';
import { endChatUpdate, zoomSignal } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { timeSkipping } from './harness.ts';
import { eventually, jill, runningChat, sam } from './running-chat.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
}, 120_000);
afterAll(() => env.teardown());

const hour = 3_600_000;
/** Can go on for a day after its end. */
const reopenable = {
  timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 24 * hour, reopenMs: 24 * hour },
};

type Fake = ReturnType<typeof fakeChatActivities>;
const notes = (fake: Fake) => fake.seen.posts.flatMap(({ post }) => (post.kind === 'note' ? [post.note.about] : []));
const kinds = (fake: Fake) => fake.seen.recorded.map(({ kind }) => kind);
const agentWords = (fake: Fake) =>
  fake.seen.recorded.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : []));

describe('a chat whose last agent leaves', () => {
  test('asks for one again by a new card, and goes on in the same channel with the next', async () => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async (chat) => {
      await chat.joined(jill);
      await chat.handle.signal(zoomSignal, { kind: 'agentLeft', userId: 'jill', at: Date.now() });
      await eventually(() => expect(fake.seen.cards).toHaveLength(2));
      expect(fake.seen.cards[1]?.content).toMatchObject({ number: 2, status: 'waiting', wereIn: ['Agent jill'] });
      await eventually(() => expect(fake.seen.cardEdits.at(-1)?.content).toMatchObject({ isReplaced: true }));
      await chat.say('Are you still there?');
      await eventually(() => expect(fake.seen.cardEdits.at(-1)?.content.words).toContain('still there'));
      await chat.joined(sam);
      expect(fake.seen.channels).toHaveLength(1);
      expect(notes(fake)).toEqual(['nobodyLeft']);
      await eventually(() =>
        expect(fake.seen.standings.at(-1)?.answeredBy).toMatchObject([{ id: 'jill' }, { id: 'sam' }]),
      );
    });
  });

  test('is missed if nobody comes', async () => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async (chat) => {
      await chat.joined(jill);
      await chat.handle.signal(zoomSignal, { kind: 'agentLeft', userId: 'jill', at: Date.now() });
      await eventually(() => expect(kinds(fake)).toContain('agentLeft'));
      await env.sleep('6 minutes');
      await eventually(async () => expect((await chat.snapshot()).status).toBe('missed'));
    });
  });

  test('may have left by a command, and is taken out of the channel', async () => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async (chat) => {
      await chat.joined(jill);
      await chat.agentSays('!transfer');
      await eventually(() => expect(fake.seen.cards).toHaveLength(2));
      expect(fake.seen.removed).toMatchObject([{ agentId: 'jill' }]);
    });
  });
});

test('a card that was deleted comes again, with what was written meanwhile', async () => {
  let more = (): void => undefined;
  const written = new Promise<void>((resolve) => (more = resolve));
  let edits = 0;
  const fake = fakeChatActivities({
    updateInboundCard: async () => {
      edits += 1;
      await written;
      throw ApplicationFailure.nonRetryable('no such message', 'MessageGone');
    },
  });
  await runningChat(env, fake, async (chat) => {
    await eventually(() => expect(fake.seen.cards).toHaveLength(1));
    await chat.say('two');
    await eventually(() => expect(edits).toBe(1));
    await chat.say('three');
    await eventually(() => expect(fake.seen.recorded).toHaveLength(3));
    more();
    await eventually(() => expect(fake.seen.cards[1]?.content.words).toBe('Hello\ntwo\nthree'));
  });
});

describe('a chat that has ended', () => {
  test('goes on with the visitor’s next message, in the same channel, and can end again', async () => {
    const fake = fakeChatActivities();
    await runningChat(
      env,
      fake,
      async (chat) => {
        await chat.joined(jill);
        await chat.visitorEnds();
        await eventually(() => expect(fake.seen.posts.at(-1)?.post).toMatchObject({ kind: 'closing', number: 1 }));
        await eventually(() => expect(fake.seen.heads.at(-1)?.head).toMatchObject({ endedBy: 'visitor' }));
        await env.sleep('20 hours');
        await chat.say('One more thing');
        await eventually(() => expect(fake.visitorLines()).toContain('One more thing'));
        await eventually(() => expect(fake.seen.heads.at(-1)?.head).toEqual({ agents: ['Agent jill'] }));
        await chat.agentSays('!end');
        await eventually(() => expect(fake.seen.posts.at(-1)?.post).toMatchObject({ kind: 'closing', number: 2 }));
        expect(kinds(fake).filter((kind) => kind === 'ended' || kind === 'reopened')).toEqual([
          'ended',
          'reopened',
          'ended',
        ]);
        expect(fake.seen.archived).toEqual([]);
        await env.sleep('25 hours');
        expect(await chat.handle.result()).toMatchObject({ status: 'ended' });
        expect(fake.seen.archived).toEqual(['channel-1']);
      },
      reopenable,
    );
  });

  test('holds back what an agent writes, answers it once, and goes on by Reopen', async () => {
    const fake = fakeChatActivities();
    await runningChat(
      env,
      fake,
      async (chat) => {
        await chat.joined(jill);
        await chat.visitorEnds();
        await eventually(() => expect(fake.seen.posts.at(-1)?.post.kind).toBe('closing'));
        const later = (await env.currentTimeMs()) + 60_000;
        for (const [n, text] of ['Your parcel', 'leaves tomorrow'].entries()) {
          const message = { kind: 'message', messageId: `late-${n}`, userId: 'jill', text, at: later } as const;
          await chat.handle.signal(zoomSignal, message);
        }
        await eventually(() => expect(notes(fake)).toEqual(['ended']));
        await env.sleep('2 minutes');
        await chat.handle.signal(zoomSignal, { kind: 'reopenPressed', user: jill });
        await eventually(async () => expect((await chat.snapshot()).status).toBe('active'));
        const at = (await env.currentTimeMs()) + 1_000;
        await chat.handle.signal(zoomSignal, { kind: 'message', messageId: 'm', userId: 'jill', text: 'Again', at });
        await eventually(() => expect(agentWords(fake)).toEqual(['Again']));
        await chat.handle.executeUpdate(endChatUpdate, { args: [undefined] });
        await chat.handle.result();
      },
      reopenable,
    );
  });

  test('is over although Zoom lets nobody archive its channel', async () => {
    const fake = fakeChatActivities({
      archiveChannel: () => Promise.reject(ApplicationFailure.nonRetryable('no such scope', 'ScopeMissing')),
    });
    await runningChat(env, fake, async (chat) => {
      await chat.joined(jill);
      await chat.visitorEnds();
      expect(await chat.handle.result()).toMatchObject({ status: 'ended' });
    });
  });
});

describe('a join that Zoom is slow with', { timeout: 40_000 }, () => {
  test('is shown on the card, and the agent is told at last', async () => {
    let isDown = true;
    const usual = fakeChatActivities();
    const fake = fakeChatActivities({
      createChatChannel: (input) =>
        isDown
          ? Promise.reject(ApplicationFailure.create({ message: '503', type: 'ZoomUnavailable', nonRetryable: true }))
          : usual.activities.createChatChannel(input),
    });
    await runningChat(env, fake, async (chat) => {
      await chat.join(jill);
      await env.sleep('5 seconds');
      await eventually(() => expect(fake.seen.cardEdits.at(-1)?.content.joining).toEqual(['Jill']));
      expect(fake.seen.slowJoins).toEqual([]);
      await env.sleep('1 minute');
      await eventually(() => expect(fake.seen.slowJoins).toMatchObject([{ userId: 'jill', visitorName: 'Jane Doe' }]));
      isDown = false;
      await env.sleep('2 minutes');
      await eventually(async () => expect((await chat.snapshot()).status).toBe('active'));
      await eventually(() => expect(fake.seen.cardEdits.at(-1)?.content.joining).toEqual([]));
      expect(fake.seen.slowJoins).toHaveLength(1);
    });
  });
});
