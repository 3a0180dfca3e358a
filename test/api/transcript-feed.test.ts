import { expect, test } from 'vitest';
import { TranscriptFeed } from '../../api/visitor/transcript-feed.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';

const entry = (seq: number): TranscriptEntry => ({ seq, at: seq, kind: 'missed' });
const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));

function feedOver(recorded: TranscriptEntry[], sentSeq = 0, pageSize = 3) {
  const sent: number[][] = [];
  const reads: number[] = [];
  const feed = new TranscriptFeed(sentSeq, {
    pageSize,
    read: async (afterSeq, limit) => {
      reads.push(afterSeq);
      const following = recorded.filter(({ seq }) => seq > afterSeq).slice(0, limit);
      return following.filter(({ seq }, n) => seq === afterSeq + 1 + n);
    },
    send: (news) => sent.push(news.map(({ seq }) => seq)),
  });
  return { feed, sent, reads, flat: () => sent.flat() };
}

test('a replay comes in pages, from after what the visitor has', async () => {
  const { feed, sent } = feedOver(entries(1, 9), 2);
  expect(await feed.catchUp()).toBe(7);
  expect(sent).toEqual([[3, 4, 5], [6, 7, 8], [9]]);
  expect(feed.sentSeq).toBe(9);
});

test('a push that follows on what was sent needs no read', async () => {
  const { feed, sent, reads } = feedOver([], 4);
  await feed.push(entries(5, 6), 6);
  expect(sent).toEqual([[5, 6]]);
  expect(reads).toEqual([]);
});

test('repeats are sent once', async () => {
  const { feed, flat } = feedOver(entries(1, 6));
  await feed.push(entries(1, 3), 3);
  await feed.push(entries(2, 4), 4);
  await feed.push(entries(1, 4), 4);
  await feed.catchUp();
  expect(flat()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a gap before a push is read from the record', async () => {
  const { feed, flat } = feedOver(entries(1, 5));
  await feed.push([entry(5)], 5);
  expect(flat()).toEqual([1, 2, 3, 4, 5]);
});

test('a push without entries brings what is recorded', async () => {
  const { feed, flat } = feedOver(entries(1, 5), 1);
  await feed.push([], 5);
  expect(flat()).toEqual([2, 3, 4, 5]);
});

test('nothing is sent past an entry that is not recorded yet; its own push brings the rest', async () => {
  const { feed, flat } = feedOver([entry(1), entry(3), entry(4)]);
  await feed.push([entry(4)], 4);
  expect(flat()).toEqual([1]);
  await feed.push([entry(2)], 4);
  expect(flat()).toEqual([1, 2, 3, 4]);
});

test('whatever order pushes come in, what is sent has no gap and no repeat', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    let random = seed;
    const next = (below: number) => (random = (random * 48_271) % 2_147_483_647) % below;
    const recorded: TranscriptEntry[] = [];
    const { feed, flat } = feedOver(recorded, 0, 1 + next(4));
    const pushes = entries(1, 12).sort(() => next(3) - 1);
    for (const one of pushes) {
      recorded.push(one);
      recorded.sort((a, b) => a.seq - b.seq);
      await feed.push(next(4) === 0 ? [] : [one], one.seq);
      if (next(5) === 0) await feed.catchUp();
    }
    await feed.catchUp();
    expect(flat()).toEqual(entries(1, 12).map(({ seq }) => seq));
  }
});

test('a failed read fails its call only', async () => {
  const recorded = entries(1, 2);
  let broken = true;
  const sent: number[] = [];
  const feed = new TranscriptFeed(0, {
    pageSize: 10,
    read: async (afterSeq) => {
      if (broken) throw new Error('away');
      return recorded.filter(({ seq }) => seq > afterSeq);
    },
    send: (news) => sent.push(...news.map(({ seq }) => seq)),
  });
  await expect(feed.catchUp()).rejects.toThrow('away');
  broken = false;
  await feed.catchUp();
  expect(sent).toEqual([1, 2]);
});
