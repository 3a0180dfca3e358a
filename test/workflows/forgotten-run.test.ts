import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTemporalGateway } from '../../api/temporal-gateway.ts';
import { taskQueues, workflowIds } from '../../domain/workflow-ids.ts';
import { getChatQuery, type ChatInput } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { devServer, testWorker } from './harness.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await devServer();
}, 120_000);
afterAll(() => env.teardown());

const jill = { id: 'jill', name: 'Jill' };
const connection = { connectionId: 'socket-1', instanceId: 'api-1', url: 'http://127.0.0.1:1' };
const name = 'Jane Doe of the Department of Long Names';

/** An active chat on the short way, whose worker stops when `meanwhile` begins and is another one after it. */
async function twoRuns(
  meanwhile: (chat: ReturnType<typeof chatOf>) => Promise<void>,
  second: (fake: ReturnType<typeof fakeChatActivities>) => void = () => undefined,
) {
  const fake = fakeChatActivities();
  const chat = chatOf(fake);
  const worker = () => testWorker(env, { ...fake.activities, ...fake.shortWay }, taskQueues.main);
  await (
    await worker()
  ).runUntil(async () => {
    await chat.says('Hello');
    await chat.joins(jill);
    await chat.through();
  });
  await meanwhile(chat);
  second(fake);
  await (await worker()).runUntil(() => chat.through());
  return fake.seen.posts.map((post) => post.replace(`${name}: `, ''));
}

function chatOf(fake: ReturnType<typeof fakeChatActivities>) {
  const gateway = createTemporalGateway(env.client);
  const chatId = randomUUID().slice(0, 12);
  const handle = env.client.workflow.getHandle(workflowIds.chat({ chatId }));
  const input: ChatInput = {
    chatId,
    accountId: 'account-1',
    widgetId: 'widget-1',
    visitor: { name },
    timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
    shortWay: true,
  };
  let written = 0;
  const message = (text: string) => ({ kind: 'message' as const, clientId: `m${written}`, text, at: 1 });
  return {
    async says(text: string) {
      written += 1;
      await gateway.visitorMessage(input, { ...message(text), connection }, written > 1);
    },
    joins: (user: { id: string; name: string }) => gateway.signalZoom(chatId, { kind: 'joinPressed', user }),
    answers: (text: string) =>
      gateway.signalZoom(chatId, { kind: 'message', messageId: text, userId: 'jill', text, at: 2 }),
    /** The same, posted by a run of its task on the short way, whose worker was killed before Temporal knew. */
    async saysToForgottenRun(text: string) {
      await this.says(text);
      const lastSeq = fake.seen.recorded.length + 1;
      await fake.shortWay.relayNow({
        chatId,
        accountId: 'account-1',
        channel: { id: 'channel-1', jid: 'j', name: 'n', url: 'u' },
        ownerUserId: 'owner',
        visitorName: name,
        content: { kind: 'visitorLines', text, lastSeq },
        as: 'bot',
        entries: [{ ...message(text), kind: 'visitorMessage', seq: lastSeq }],
        lastSeq,
        routes: [],
      });
    },
    through: () =>
      vi.waitFor(
        async () => {
          const { waitingForZoom, lastSeq, recordedSeq, status } = await handle.query(getChatQuery);
          expect({ waitingForZoom, status, recordedSeq }).toEqual({
            waitingForZoom: 0,
            status: 'active',
            recordedSeq: lastSeq,
          });
        },
        { timeout: 20_000, interval: 25 },
      ),
  };
}

describe('what a run of the short way had posted that nobody remembers is not posted again', () => {
  test('when the next run finds nothing but that line', async () => {
    const posts = await twoRuns((chat) => chat.saysToForgottenRun('Again?'));
    expect(posts.slice(1)).toEqual(['Hello', 'Again?']);
  });

  test('when Join Chat was pressed in between, which comes first', async () => {
    const posts = await twoRuns(async (chat) => {
      await chat.saysToForgottenRun('Again?');
      await chat.joins({ id: 'sam', name: 'Sam' });
    });
    expect(posts.slice(1)).toEqual(['Hello', 'Again?']);
  });

  test('when more was written in between than the short way takes', async () => {
    const more = 'x'.repeat(990);
    const posts = await twoRuns(async (chat) => {
      await chat.saysToForgottenRun('Again?');
      await chat.says(more);
    });
    expect(posts.slice(1)).toEqual(['Hello', 'Again?', more]);
  });

  test.each([
    ['is held back by the account’s rate', async () => undefined],
    ['is held back, and what the agent answers has the line recorded', (chat) => chat.answers('Yes')],
  ] satisfies [string, (chat: ReturnType<typeof chatOf>) => Promise<unknown>][])(
    'when the next run %s',
    async (_what, then) => {
      const posts = await twoRuns(
        async (chat) => {
          await chat.saysToForgottenRun('Again?');
          await then(chat);
        },
        (fake) => {
          const { relayNow } = fake.shortWay;
          let held = false;
          fake.shortWay.relayNow = async (relay) => {
            if (held) return relayNow(relay);
            held = true;
            return { outcome: 'heldBack', tryAgainInMs: 300 };
          };
        },
      );
      expect(posts.slice(1)).toEqual(['Hello', 'Again?']);
    },
  );
});
