import { expect, test } from 'vitest';
import { connectMongo } from '../../../store/index.ts';
import { testMongoUri } from '../../../tools/embedded/test-servers.ts';

/** Of so many documents a search through all of them takes some fifty times what a small collection takes. */
const many = 20_000;
const batch = 1_000;

test('a read by key or by chat does not take longer the more there is', { timeout: 120_000 }, async () => {
  const connection = await connectMongo(await testMongoUri());
  try {
    const [small, large] = ['small', 'large'].map((name) =>
      connection.collection<{ _id: string; chatId: string; seq: number; words?: string }>(name),
    );
    if (!small || !large) throw new Error('No collections.');
    await Promise.all([small, large].map((collection) => collection.createIndex({ chatId: 1, seq: 1 }, {}, {})));
    await small.insertOne({ _id: 'one', chatId: 'one', seq: 1 });
    const entry = (n: number) => ({ _id: `${n}`, chatId: `chat-${n % 2_000}`, seq: n, words: 'word '.repeat(20) });
    for (let from = 0; from < many; from += batch) {
      await large.insertMany(Array.from({ length: batch }, (_, n) => entry(from + n)));
    }
    type Collection = typeof small;
    // Missing keys: a search for one that is there may be lucky.
    const byKey = async (collection: Collection, n: number) => {
      expect(await collection.findOne({ _id: `missing-${n}` })).toBeNull();
    };
    const byChat = async (collection: Collection, n: number) => {
      const found = collection.find({ chatId: `missing-${n}`, seq: { $gt: 5 } }).sort({ seq: 1 });
      expect(await found.limit(50).toArray()).toEqual([]);
    };
    const median = async (read: typeof byKey, collection: Collection) => {
      const took = [];
      for (let n = 0; n < 31; n += 1) {
        const begun = performance.now();
        await read(collection, n);
        took.push(performance.now() - begun);
      }
      return took.sort((a, b) => a - b)[15] ?? NaN;
    };
    for (const read of [byKey, byChat]) {
      const [ofSmall, ofLarge] = [await median(read, small), await median(read, large)];
      expect(ofLarge, read.name).toBeLessThan(10 * ofSmall);
    }
    expect(
      (
        await large
          .find({ chatId: 'chat-7', seq: { $gt: 7 } })
          .sort({ seq: 1 })
          .toArray()
      ).map(({ seq }) => seq),
    ).toEqual([2_007, 4_007, 6_007, 8_007, 10_007, 12_007, 14_007, 16_007, 18_007]);
    expect(await large.aggregate([{ $count: 'n' }]).toArray()).toEqual([{ n: many }]);
    // The indexes follow what is changed and removed.
    await large.deleteOne({ _id: '7' });
    expect(await large.findOne({ _id: '7' })).toBeNull();
    await large.updateOne({ _id: '8' }, { $set: { words: 'other' } });
    expect(await large.findOne({ chatId: 'chat-8', seq: 8 })).toMatchObject({ words: 'other' });
  } finally {
    await connection.close();
  }
});
