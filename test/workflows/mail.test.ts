import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MailActivities } from '../../activities/mail.ts';
import { visitorSignal, type ChatInput, type VisitorEvent } from '../../workflows/chat/messages.ts';
import { fakeChatActivities, type FakeChatActivities } from './fake-zoom-side.ts';
import { timeSkipping } from './harness.ts';
import { connection, currentDetails, eventually, jill, runningChat, type RunningChat } from './running-chat.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
}, 120_000);
afterAll(() => env.teardown());

const input: Partial<ChatInput> = {
  visitor: { name: 'Jane Doe', email: 'jane@example.com' },
  timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0, mailAfterMs: 120_000 },
};
const failure = (type: string, details: object, nonRetryable = false) =>
  ApplicationFailure.create({ message: type, type, nonRetryable, details: [details] });
/** As time-skipping tests in chat.test.ts are. */
const often = { retry: 2 };

/** A chat that an agent has joined, and whose visitor then goes. */
async function awayChat(
  fake: FakeChatActivities,
  story: (chat: RunningChat & { did: (event: VisitorEvent) => Promise<void> }) => Promise<void>,
  more: Partial<ChatInput> = {},
): Promise<void> {
  await runningChat(
    env,
    fake,
    async (chat) => {
      const did = (event: VisitorEvent) => chat.handle.signal(visitorSignal, event);
      await did({ kind: 'connected', connection });
      await chat.joined(jill);
      await did({ kind: 'disconnected', connectionId: connection.connectionId });
      await eventually(async () => expect((await chat.snapshot()).openSockets).toBe(0));
      await story({ ...chat, did });
    },
    { ...input, ...more },
  );
}

describe('what agents answer while the visitor is away', often, () => {
  test('goes out in one mail after the time, and the rest in another one', async () => {
    const fake = fakeChatActivities();
    await awayChat(fake, async ({ chatId, agentSays, handle }) => {
      await agentSays('Hello Jane');
      await agentSays('It comes in red, too');
      await env.sleep('1 minute');
      expect(fake.seen.mails).toEqual([]);
      await env.sleep('2 minutes');
      await eventually(() => expect(fake.seen.mails).toHaveLength(1));
      const range = { firstSeq: 1, lastSeq: 4 };
      expect(fake.seen.mails[0]).toEqual({ chatId, to: 'jane@example.com', ...range });
      await eventually(async () => expect(await currentDetails(handle)).toContain('E-mail: last '));
      await agentSays('And in blue');
      await env.sleep('10 minutes');
      await eventually(() => expect(fake.seen.mails).toHaveLength(2));
      expect(fake.seen.mails[1]).toMatchObject({ firstSeq: 5, lastSeq: 5 });
    });
  });

  test('is not mailed to a visitor who comes back before', async () => {
    const fake = fakeChatActivities();
    await awayChat(fake, async ({ agentSays, did }) => {
      await agentSays('Hello Jane');
      await env.sleep('1 minute');
      await did({ kind: 'connected', connection });
      await env.sleep('30 minutes');
      // Away again, with nothing new.
      await did({ kind: 'disconnected', connectionId: connection.connectionId });
      await env.sleep('30 minutes');
    });
    expect(fake.seen.mails).toEqual([]);
  });

  test('is mailed to the address that they left last', async () => {
    const fake = fakeChatActivities();
    await awayChat(fake, async ({ agentSays, did }) => {
      await did({ kind: 'email', clientId: 'email-1', email: 'jane@example.org', at: 3 });
      await agentSays('Hello Jane');
      await env.sleep('5 minutes');
      await eventually(() => expect(fake.seen.mails).toHaveLength(1));
    });
    expect(fake.seen.mails[0]?.to).toBe('jane@example.org');
    expect(fake.seen.recorded).toContainEqual(
      expect.objectContaining({ kind: 'emailGiven', email: 'jane@example.org' }),
    );
  });

  test('is mailed after the end, too: the chat waits for that', async () => {
    const fake = fakeChatActivities();
    await awayChat(fake, async ({ agentSays, handle }) => {
      await agentSays('Yes, we do. Bye!');
      await agentSays('!end');
      expect(await handle.result()).toMatchObject({ status: 'ended' });
    });
    expect(fake.seen.mails).toHaveLength(1);
  });

  test('is not mailed where no mail is sent', async () => {
    const fake = fakeChatActivities();
    const timings = { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0 };
    await awayChat(
      fake,
      async ({ agentSays }) => {
        await agentSays('Hello Jane');
        await env.sleep('1 hour');
      },
      { timings },
    );
    expect(fake.seen.mails).toEqual([]);
  });

  test('is not mailed once they want no mails', async () => {
    const fake = fakeChatActivities();
    await awayChat(fake, async ({ agentSays, did, handle }) => {
      await agentSays('Hello Jane');
      await env.sleep('5 minutes');
      await eventually(() => expect(fake.seen.mails).toHaveLength(1));
      await did({ kind: 'mailStopped' });
      await agentSays('One more thing');
      await env.sleep('1 hour');
      await eventually(async () => expect(await currentDetails(handle)).toContain('the visitor wants none'));
    });
    expect(fake.seen.mails).toHaveLength(1);
  });
});

describe('a mail server', often, () => {
  /** Answers in their order; then everything is sent. */
  function answering(...answers: (ApplicationFailure | undefined)[]) {
    const tries: Parameters<MailActivities['sendAnswers']>[0][] = [];
    const fake = fakeChatActivities({
      async sendAnswers(mail) {
        tries.push(mail);
        const answer = answers.shift();
        if (answer) throw answer;
        return { outcome: 'sent' };
      },
    });
    return { fake, tries };
  }

  test('that refuses the address ends it: the agents are told, and it is not tried again', async () => {
    const { fake, tries } = answering(failure('MailRefused', { nothingDone: true }, true));
    await awayChat(fake, async ({ agentSays, handle }) => {
      await agentSays('Hello Jane');
      await env.sleep('5 minutes');
      await eventually(() => expect(fake.posts().join('\n')).toContain('could not be e-mailed'));
      await agentSays('Hello?');
      await env.sleep('1 hour');
      expect(await currentDetails(handle)).toContain('refuses the visitor’s address');
    });
    expect(tries).toHaveLength(1);
    expect(fake.posts().filter((post) => post.includes('could not be e-mailed'))).toHaveLength(1);
  });

  test('that does not answer is tried again, for as long as the visitor is away', async () => {
    const down = Array.from({ length: 8 }, () => failure('MailUnavailable', { nothingDone: true }));
    const { fake, tries } = answering(...down);
    await awayChat(fake, async ({ agentSays }) => {
      await agentSays('Hello Jane');
      await env.sleep('2 hours');
      await eventually(() => expect(tries).toHaveLength(9));
    });
    const back = answering(...down);
    await awayChat(back.fake, async ({ agentSays, did }) => {
      await agentSays('Hello Jane');
      await env.sleep('5 minutes');
      await did({ kind: 'connected', connection });
      await env.sleep('5 hours');
    });
    expect(back.tries.length).toBeLessThanOrEqual(4);
  });

  test('that may have taken a mail gets the same one again, after the chat has continued as new, too', async () => {
    const unknown = Array.from({ length: 4 }, () => failure('MailUnavailable', { nothingDone: false }));
    const { fake, tries } = answering(...unknown);
    await awayChat(
      fake,
      async ({ agentSays }) => {
        await agentSays('Hello Jane');
        await env.sleep('4 minutes');
        for (let n = 0; n < 12; n += 1) await agentSays(`More ${n}`);
        await env.sleep('3 hours');
        await eventually(() => expect(tries.length).toBeGreaterThanOrEqual(6));
      },
      // Not while the agent joins: the test server loses queries that come while a run continues as new.
      { continueAfterEvents: 130 },
    );
    const ranges = tries.map(({ firstSeq, lastSeq }) => `${firstSeq}-${lastSeq}`);
    expect(new Set(ranges.slice(0, 5))).toEqual(new Set(['1-3']));
    expect(ranges[5]).toBe('4-15');
  });
});
