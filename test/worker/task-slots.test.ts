import { describe, expect, test } from 'vitest';
import { TaskSlots } from '../../worker/task-slots.ts';

const replay = { isSticky: false };
const inMemory = { isSticky: true };
const never = new AbortController().signal;
const pending = Symbol('pending');
const settled = (promise: Promise<unknown>) =>
  Promise.race([promise, new Promise((done) => setImmediate(done, pending))]);

describe('the slots of a worker', () => {
  test('are few for chats that are led through their history, and given on as they come free', async () => {
    const slots = new TaskSlots(2);
    const first = await slots.reserveSlot(replay, never);
    await slots.reserveSlot(replay, never);
    const third = slots.reserveSlot(replay, never);
    const fourth = slots.reserveSlot(replay, never);
    expect(await settled(third)).toBe(pending);
    slots.releaseSlot({ permit: first });
    const permit = await third;
    expect(await settled(fourth)).toBe(pending);
    // Once is once.
    slots.releaseSlot({ permit: first });
    expect(await settled(fourth)).toBe(pending);
    slots.releaseSlot({ permit });
    await fourth;
  });

  test('are as many as needed for chats in memory, whatever else there is to do', async () => {
    const slots = new TaskSlots(1);
    await slots.reserveSlot(replay, never);
    const permits = await Promise.all(Array.from({ length: 500 }, () => slots.reserveSlot(inMemory, never)));
    for (const permit of permits) slots.releaseSlot({ permit });
    expect(slots.tryReserveSlot(replay)).toBeNull();
  });

  test('are given on when what came free was taken by somebody who did not wait', async () => {
    const slots = new TaskSlots(1);
    const first = await slots.reserveSlot(replay, never);
    const waiting = slots.reserveSlot(replay, never);
    slots.releaseSlot({ permit: first });
    const quick = slots.tryReserveSlot(replay);
    expect(await settled(waiting)).toBe(pending);
    slots.releaseSlot({ permit: quick ?? {} });
    await waiting;
  });

  test('are not kept for a poller that is no longer there', async () => {
    const slots = new TaskSlots(1);
    const first = await slots.reserveSlot(replay, never);
    const gone = new AbortController();
    const given = slots.reserveSlot(replay, gone.signal);
    const reason = new Error('no longer needed');
    gone.abort(reason);
    await expect(given).rejects.toBe(reason);
    const next = slots.reserveSlot(replay, never);
    slots.releaseSlot({ permit: first });
    await next;
    await expect(slots.reserveSlot(replay, gone.signal)).rejects.toBe(reason);
  });
});
