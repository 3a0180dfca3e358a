import { expect, test } from 'vitest';
import { testMongoUri } from '../../../tools/embedded/test-servers.ts';
import { connectMongo } from '../../../store/index.ts';

/** Of so many documents a search through all of them takes some fifty times what a small collection takes. */
const many = 20_000;

test('a read by key does not take longer the more there is', { timeout: 120_000 }, async () => {
  const connection = await connectMongo(await testMongoUri());
  try {
    const [small, large] = ['small', 'large'].map((name) => connection.collection<{ _id: string }>(name));
    if (!small || !large) throw new Error('No collections.');
    await small.insertOne({ _id: 'one' });
    for (let from = 0; from < many; from += 1_000) {
      await large.insertMany(
        Array.from({ length: 1_000 }, (_, n) => ({ _id: `${from + n}`, words: 'word '.repeat(20) })),
      );
    }
    // Missing keys: a search for one that is there may be lucky.
    const median = async (collection: typeof small) => {
      const took = [];
      for (let n = 0; n < 31; n += 1) {
        const begun = performance.now();
        expect(await collection.findOne({ _id: `missing-${n}` })).toBeNull();
        took.push(performance.now() - begun);
      }
      return took.sort((a, b) => a - b)[15] ?? NaN;
    };
    const [ofSmall, ofLarge] = [await median(small), await median(large)];
    expect(ofLarge).toBeLessThan(10 * ofSmall);
    // The index follows what is changed and removed.
    await large.deleteOne({ _id: '7' });
    expect(await large.findOne({ _id: '7' })).toBeNull();
    await large.updateOne({ _id: '8' }, { $set: { words: 'other' } });
    expect(await large.findOne({ _id: '8' })).toMatchObject({ words: 'other' });
  } finally {
    await connection.close();
  }
});
