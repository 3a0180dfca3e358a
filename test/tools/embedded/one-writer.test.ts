import { expect, test } from 'vitest';
import { testMongoUri } from '../../../tools/embedded/test-servers.ts';
import { connectMongo } from '../../../store/index.ts';

test('two changes of one document at the same time are both kept', { timeout: 120_000 }, async () => {
  const uri = await testMongoUri();
  const [one, other] = await Promise.all([connectMongo(uri), connectMongo(uri)]);
  try {
    const of = (connection: typeof one) => connection.collection<{ _id: number; a?: number; b?: number }>('things');
    for (let _id = 0; _id < 50; _id += 1) {
      await of(one).insertOne({ _id });
      await Promise.all([
        of(one).updateOne({ _id }, { $set: { a: 1 } }),
        of(other).updateOne({ _id }, { $set: { b: 1 } }),
      ]);
    }
    expect(await of(one).countDocuments({ a: 1, b: 1 })).toBe(50);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});
