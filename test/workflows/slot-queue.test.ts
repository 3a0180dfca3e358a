import { describe, expect, test } from 'vitest';
import { SlotQueue } from '../../workflows/inbound/slot-queue.ts';

const asked = (chatId: string, since: number) => ({ kind: 'asked', chatId, since }) as const;

/** Everything that gets a slot until nobody waits, with the times at which it does. */
function served(queue: SlotQueue, from: number): { chatId: string; at: number }[] {
  const all: { chatId: string; at: number }[] = [];
  let now = from;
  while (!queue.isEmpty) {
    all.push(...queue.take(now).map((chatId) => ({ chatId, at: now })));
    now += Math.max(1, queue.delay(now));
  }
  return all;
}

describe('the slots of an inbound channel', () => {
  test('go to the chat that waits longest, each once, however often it asks', () => {
    const queue = new SlotQueue(0);
    for (const chatId of ['c', 'a', 'b', 'a']) queue.onEvent(asked(chatId, { a: 1, b: 2, c: 3 }[chatId] ?? 0), 10);
    queue.onEvent(asked('d', 2), 11);
    expect(queue.take(20)).toEqual(['a', 'b', 'd', 'c']);
    expect(queue.take(20)).toEqual([]);
  });

  test('come no faster than Zoom takes posts into one channel', () => {
    const queue = new SlotQueue(0);
    for (let n = 0; n < 500; n += 1) queue.onEvent(asked(`chat-${n}`, n), 0);
    const times = served(queue, 0).map(({ at }) => at);
    expect(times).toHaveLength(500);
    for (const [ms, most] of [
      [1_000, 10],
      [10_000, 30],
      [100_000, 60],
      [1_000_000, 450],
    ] as const) {
      for (const at of times) expect(times.filter((other) => other > at - ms && other <= at).length).toBeLessThan(most);
    }
  });

  test('are not kept for a chat that has withdrawn, and a slot that is given back is free again', () => {
    const queue = new SlotQueue(0);
    for (let n = 0; n < 10; n += 1) queue.onEvent(asked(`chat-${n}`, n), 0);
    queue.onEvent({ kind: 'withdrawn', chatId: 'chat-1' }, 0);
    expect(queue.take(0)).toEqual(['chat-0', ...[2, 3, 4, 5, 6, 7, 8].map((n) => `chat-${n}`)]);
    expect(queue.delay(0)).toBe(1_000);
    queue.givenBack(0);
    expect(queue.take(0)).toEqual(['chat-9']);
  });

  test('are remembered for as long as Zoom counts posts', () => {
    const queue = new SlotQueue(0);
    queue.onEvent(asked('a', 0), 5_000);
    queue.take(6_000);
    expect(queue.isIdle(1_005_999)).toBe(false);
    expect(queue.isIdle(1_006_000)).toBe(true);
  });

  test('are short once a chat has to wait, and then a card says so until it says that nobody waits', () => {
    const queue = new SlotQueue(0);
    queue.onEvent(asked('a', 0), 0);
    expect(queue.cardIsDue(0)).toBe(false);
    for (let n = 0; n < 10; n += 1) queue.onEvent(asked(`chat-${n}`, n), 0);
    queue.take(0);
    expect(queue.cardIsDue(0)).toBe(true);
    queue.state.card = { mark: 'm', shown: { ref: { messageId: '1', channelId: 'i', channelJid: 'j' }, count: 3 } };
    expect(queue.cardIsDue(0)).toBe(false);
    queue.take(2_000);
    expect(queue.cardIsDue(2_000)).toBe(true);
    expect(queue.isIdle(9e9)).toBe(false);
  });
});
