import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createChatsClient } from '../../api/temporal/chats.ts';
import { createInstallsClient } from '../../api/temporal/installs.ts';
import { EncryptionCodec } from '../../codec/payload-codec.ts';
import { taskQueues, workflowIds } from '../../domain/workflow-ids.ts';
import { endChatUpdate, reassignChatUpdate } from '../../workflows/chat/messages.ts';
import { getInstallProgressQuery } from '../../workflows/install/messages.ts';
import { testPayloadKeys } from '../support/payload-keys.ts';
import { fakeInstallActivities } from '../workflows/fake-install-side.ts';
import { fakeChatActivities } from '../workflows/fake-zoom-side.ts';
import { testWorker, devServer } from '../workflows/harness.ts';
import { historyAsJson } from '../workflows/stored-history.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await devServer();
}, 120_000);
afterAll(() => env.teardown());

/** Words that are nowhere else: what the visitor and the agent write, who they are, and what failures say. */
const words = [
  'Xanthippe',
  'Quixotic',
  'Zymurgy',
  'Vexillology',
  'Kerfuffle',
  'Borborygm',
  'Snollygoster',
  'Taradiddle',
];
const [name, email, title, said, answered, failed, agentName, refused] = words as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

/** Every text in a JSON value, as it is and decoded from base64. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value, Buffer.from(value, 'base64').toString('latin1')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...texts(inner)]);
}

/** Every payload in a JSON history, opened with the key. */
async function openedPayloads(value: unknown): Promise<string[]> {
  if (typeof value !== 'object' || value === null) return [];
  if ('metadata' in value && 'data' in value && typeof value.data === 'string') {
    const metadata = Object.fromEntries(
      Object.entries(value.metadata as Record<string, string>).map(([key, text]) => [key, Buffer.from(text, 'base64')]),
    );
    const codec = new EncryptionCodec(testPayloadKeys);
    const [opened] = await codec.decode([{ metadata, data: Buffer.from(value.data, 'base64') }]);
    return [Buffer.from(opened?.data ?? []).toString()];
  }
  return (await Promise.all(Object.values(value).map(openedPayloads))).flat();
}

test('a chat’s raw history shows nobody’s words, names or failures, and the key opens them all', async () => {
  const fake = fakeChatActivities({
    async readChannel() {
      throw ApplicationFailure.nonRetryable(`cannot read ${failed}`, 'ZoomRefused');
    },
    async updateInboundCard() {
      throw ApplicationFailure.nonRetryable(`cannot edit ${failed}`, 'MessageGone');
    },
    async findAgent({ userId }) {
      if (userId.startsWith(refused)) throw ApplicationFailure.nonRetryable(`no ${refused}`, 'UserGone');
      return { id: userId, name: agentName, email: `${agentName}@example.com` };
    },
  });
  const chatId = randomUUID().slice(0, 12);
  const chats = createChatsClient(env.client);
  const worker = await testWorker(env, fake.activities, taskQueues.main);
  const history = await worker.runUntil(async () => {
    await chats.sendMessage(
      {
        chatId,
        accountId: 'account-1',
        widgetId: 'widget-1',
        visitor: { name, email: `${email}@example.org` },
        page: { url: `https://example.com/${title}`, title },
        timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0 },
      },
      { kind: 'message', clientId: 'client-0', text: said, at: 1 },
    );
    await chats.signalZoom(chatId, { kind: 'joinPressed', user: { id: 'jill', name: agentName } });
    const answer = { kind: 'message' as const, messageId: 'z1', userId: 'jill', text: answered, at: 2 };
    await vi.waitFor(() => expect(fake.seen.posts).toHaveLength(2), { timeout: 10_000 });
    await chats.signalZoom(chatId, answer);
    const handle = env.client.workflow.getHandle(workflowIds.chat({ chatId }));
    // What an operator types, and is refused for, is kept no more openly than the rest.
    await expect(
      handle.executeUpdate(reassignChatUpdate, { args: [{ to: `${refused}@example.com` }] }),
    ).rejects.toThrow();
    await handle.executeUpdate(endChatUpdate, { args: [{ by: 'operator' }] });
    await handle.result();
    return historyAsJson(await handle.fetchHistory());
  });

  const readable = texts(history).join('\n');
  for (const word of words) expect(readable.toLowerCase()).not.toContain(word.toLowerCase());
  // What is left readable is what an operator needs: types, ids and states.
  expect(readable).toContain('createChatChannel');
  expect(readable).toContain('Encoded failure');
  // What Temporal UI does not decrypt: the sentence of a refused Update, in our words.
  expect(readable).toContain('The new agent was not found: Zoom knows no active member');

  // The words are there, for whoever has the key: the search above looks where they are.
  const opened = (await openedPayloads(history)).join('\n');
  for (const word of words) expect(opened).toContain(word);
});

test('an install’s raw history shows nobody’s name or address, in its failure neither', async () => {
  const fake = fakeInstallActivities({
    async fetchUser() {
      return { name, email: `${email}@example.com` };
    },
    async sendWelcomeMessage() {
      throw ApplicationFailure.nonRetryable(`cannot reach ${failed}`, 'ZoomRefused');
    },
  });
  const zoomUserId = randomUUID();
  const worker = await testWorker(env, fake.activities, taskQueues.main);
  const history = await worker.runUntil(async () => {
    const person = { zoomUserId, accountId: 'account-1', name, email: `${email}@example.com` };
    await createInstallsClient(env.client).start(person);
    const handle = env.client.workflow.getHandle(workflowIds.install({ zoomUserId }));
    await vi.waitFor(async () => expect((await handle.query(getInstallProgressQuery)).status).toBe('failed'), {
      timeout: 10_000,
    });
    return historyAsJson(await handle.fetchHistory());
  });
  const readable = texts(history).join('\n');
  const opened = (await openedPayloads(history)).join('\n');
  for (const word of [name, email, failed]) {
    expect(readable.toLowerCase()).not.toContain(word.toLowerCase());
    expect(opened).toContain(word);
  }
});
