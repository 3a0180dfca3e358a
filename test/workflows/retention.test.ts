import { randomUUID } from 'node:crypto';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RetentionActivities } from '../../activities/retention.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { ensureRetentionSchedule } from '../../worker/retention-schedule.ts';
import type { EraseInput } from '../../workflows/retention/messages.ts';
import type { erase, retention } from '../../workflows/retention/workflow.ts';
import { devServer, testWorker, timeSkipping } from './harness.ts';

let env: TestWorkflowEnvironment;
let skipping: TestWorkflowEnvironment;
beforeAll(async () => {
  [env, skipping] = await Promise.all([devServer({ 'limit.historyCount.suggestContinueAsNew': 60 }), timeSkipping()]);
}, 120_000);
afterAll(() => Promise.all([env.teardown(), skipping.teardown()]));

/** The activities over accounts with so many expired chats each. Typed as the real ones. */
function fakeRetention(expired: Record<string, number>) {
  const left = new Map(Object.entries(expired));
  const seen = { prepared: [] as string[], erased: [] as string[][] };
  const activities: RetentionActivities = {
    closeAbandonedChats: async () => void seen.prepared.push('abandoned'),
    forgetOldRecords: async () => void seen.prepared.push('old records'),
    nextAccounts: async ({ afterAccountId }) => [...left.keys()].filter((id) => id > afterAccountId).slice(0, 2),
    eraseExpired: async ({ accountId }) => {
      const erased = Math.min(left.get(accountId) ?? 0, 10);
      left.set(accountId, (left.get(accountId) ?? 0) - erased);
      return { erased, more: erased === 10 };
    },
    findChats: async (input) => {
      if ('chatId' in input) return { chatIds: [], open: [] };
      const chatIds = Array.from({ length: 70 }, (_, n) => `chat-${n}`);
      return { chatIds, open: input.email.startsWith('open') ? ['chat-3'] : [] };
    },
    eraseChats: async ({ chatIds }) => void seen.erased.push(chatIds),
  };
  return { activities, seen, left };
}

const start = () => ({ workflowId: randomUUID(), taskQueue: `retention-test-${randomUUID()}` });

describe('retention', () => {
  test('erases what has expired in every account, and then is done', async () => {
    const { activities, seen, left } = fakeRetention({ a: 25, b: 0, c: 10, d: 3, e: 1 });
    const options = start();
    const worker = await testWorker(skipping, activities, options.taskQueue);
    const result = await worker.runUntil(() =>
      skipping.client.workflow.execute<typeof retention>('retention', options),
    );
    expect(result).toEqual({ erased: 39 });
    expect([...left.values()]).toEqual([0, 0, 0, 0, 0]);
    expect(seen.prepared).toEqual(['abandoned', 'old records']);
  });

  test('goes on in a new run when there is much to erase, and erases all of it', async () => {
    const { activities, seen, left } = fakeRetention({ a: 100, b: 250, c: 5 });
    const options = start();
    const worker = await testWorker(env, activities, options.taskQueue);
    const first = await env.client.workflow.start<typeof retention>('retention', options);
    expect(await worker.runUntil(() => first.result())).toEqual({ erased: 355 });
    expect((await env.client.workflow.getHandle(options.workflowId).describe()).runId).not.toBe(
      first.firstExecutionRunId,
    );
    expect([...left.values()]).toEqual([0, 0, 0]);
    expect(seen.prepared).toHaveLength(2);
  });

  test('is started by a schedule, which is made once and then left to operators', async () => {
    await ensureRetentionSchedule(env.client);
    const schedule = env.client.schedule.getHandle(workflowIds.retention());
    expect((await schedule.describe()).policies.overlap).toBe(ScheduleOverlapPolicy.SKIP);
    await schedule.pause('not now');
    await ensureRetentionSchedule(env.client);
    expect((await schedule.describe()).state).toMatchObject({ paused: true, note: 'not now' });
    await schedule.unpause();
    const { activities, seen } = fakeRetention({ a: 1 });
    const worker = await testWorker(env, activities, 'live-chat');
    await worker.runUntil(async () => {
      await schedule.trigger();
      await expect.poll(() => seen.prepared, { timeout: 10_000 }).toEqual(['abandoned', 'old records']);
    });
    await schedule.delete();
  });
});

describe('erasing', () => {
  async function erasing(input: unknown) {
    const { activities, seen } = fakeRetention({});
    const options = start();
    const worker = await testWorker(skipping, activities, options.taskQueue);
    const run = () =>
      skipping.client.workflow.execute<typeof erase>('erase', { ...options, args: [input as EraseInput] });
    return { result: await worker.runUntil(run), seen };
  }
  const refusalOf = (input: unknown) =>
    erasing(input).then(
      () => 'not refused',
      (error: unknown) => ((error as Error).cause as Error).message,
    );

  test('erases all chats of a visitor, so many at a time', async () => {
    const { result, seen } = await erasing({ accountId: 'a', email: 'jane@example.org' });
    expect(result).toEqual({ erased: 70 });
    expect(seen.erased.map(({ length }) => length)).toEqual([50, 20]);
  });

  test('is refused while one of them is open, and says which', async () => {
    expect(await refusalOf({ accountId: 'a', email: 'open@example.org' })).toBe(
      'End these chats first, by their update endChat: chat-3.',
    );
  });

  test('says when there is nothing to erase', async () => {
    expect(await refusalOf({ chatId: 'nowhere' })).toBe('There is no such chat, or it has been erased.');
  });

  test.each([[undefined], [{}], [{ email: 'jane@example.org' }], [{ chatId: 7 }], ['chat-1'], [{ chat: 'chat-1' }]])(
    'does not take %j, and says what it takes',
    async (input) => {
      expect(await refusalOf(input)).toContain('erase takes {"chatId":"…"} or {"accountId":"…","email":"…"}.');
    },
  );
});
