import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTemporalGateway } from '../../api/temporal-gateway.ts';
import { limits } from '../../domain/limits.ts';
import { taskQueues, workflowIds } from '../../domain/workflow-ids.ts';
import type { ChatInput } from '../../workflows/chat/messages.ts';
import { Chat } from '../../workflows/chat/state.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { testWorker, timeSkipping } from './harness.ts';

const input: ChatInput = {
  chatId: 'c1',
  accountId: 'account-1',
  widgetId: 'widget-1',
  visitor: { name: 'Jane Doe' },
  timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
  shortWay: true,
};

/** As long as Temporal's limit on one payload, bytes. */
const temporalTakes = 2_000_000;

describe('the memory of a chat', () => {
  test.each([
    ['many short words', 'x'],
    ['long ones', 'x'.repeat(limits.visitorMessageLength)],
    ['text that JSON makes longest', '\u0001'.repeat(limits.visitorMessageLength)],
  ])('is handed over only while it is small enough for Temporal: %s', (_what, text) => {
    const chat = Chat.begin(input, 0);
    let last = '';
    for (let n = 0; chat.portable; n += 1) {
      if (n % 20 === 0) last = JSON.stringify(chat.state);
      chat.onVisitor({ kind: 'message', clientId: String(n).padStart(64, '0'), text, at: 1_764_000_000_000 }, 1);
    }
    expect(last.length).toBeLessThan(temporalTakes);
    expect(chat.state.waitingLines.length).toBeGreaterThan(20);
  });
});

describe('a chat with more words waiting than Temporal takes in one piece', () => {
  let env: TestWorkflowEnvironment;
  beforeAll(async () => {
    env = await timeSkipping();
  }, 120_000);
  afterAll(() => env.teardown());

  test('goes on in the same run, and is handed over once they have gone out, in order', async () => {
    const fake = fakeChatActivities();
    const worker = await testWorker(env, { ...fake.activities, ...fake.shortWay }, taskQueues.main);
    const gateway = createTemporalGateway(env.client);
    const chatId = randomUUID().slice(0, 12);
    const handle = env.client.workflow.getHandle(workflowIds.chat({ chatId }));
    const texts = Array.from({ length: 120 }, (_, n) => `${n} `.padEnd(limits.visitorMessageLength, 'x'));
    await worker.runUntil(async () => {
      for (const [n, text] of texts.entries())
        await gateway.visitorMessage(
          { ...input, chatId, continueAfterEvents: 20 },
          { kind: 'message', clientId: `${n}`, text, at: 1 },
          n > 0,
        );
      await vi.waitFor(() => expect(fake.seen.recorded).toHaveLength(texts.length), 20_000);
      // The first runs are short; the one that holds too much is not.
      const { runId, historyLength } = await handle.describe();
      expect(historyLength).toBeGreaterThan(100);
      await gateway.signalZoom(chatId, { kind: 'joinPressed', user: { id: 'jill', name: 'Jill' } });
      // Posts wait for the pace that a channel allows: in this server's time.
      for (let waits = 0; fake.seen.posts.length <= texts.length && waits < 100; waits += 1)
        await env.sleep('30 seconds');
      await vi.waitFor(async () => expect((await handle.describe()).runId).not.toBe(runId), 20_000);
      await gateway.signalVisitor(chatId, { kind: 'ended' });
      await handle.result();
    });
    expect(fake.seen.posts.filter((post) => post.startsWith('Jane Doe: '))).toEqual(
      texts.map((text) => `Jane Doe: ${text}`),
    );
  }, 120_000);
});
