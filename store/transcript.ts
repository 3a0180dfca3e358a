import { Schema, type Connection } from 'mongoose';
import { transcriptEntrySchema, type TranscriptEntry } from '../domain/transcript.ts';
import { isDuplicateKey } from './errors.ts';

interface TranscriptDocument {
  /** `<chatId>/<seq>`. */
  _id: string;
  chatId: string;
  seq: number;
  entry: TranscriptEntry;
}

const schema = new Schema<TranscriptDocument>(
  { _id: String, chatId: String, seq: Number, entry: Schema.Types.Mixed },
  { collection: 'transcript', versionKey: false },
);

/** The recorded transcripts of all chats. */
export function transcriptStore(connection: Connection) {
  const model = connection.model('TranscriptEntry', schema);
  return {
    model,
    /**
     * Record entries under their keys; entries recorded before are left as they are.
     * @returns whether none of them was there before.
     */
    async append(chatId: string, entries: readonly TranscriptEntry[]): Promise<boolean> {
      if (entries.length === 0) return true;
      const documents = entries.map((entry) => ({ _id: `${chatId}/${entry.seq}`, chatId, seq: entry.seq, entry }));
      try {
        const [only, ...more] = documents;
        // A bulk write costs the driver several times what a single insert does, and most often there is one.
        if (only && more.length === 0) await model.collection.insertOne(only as never);
        else await model.collection.insertMany(documents as never[], { ordered: false });
        return true;
      } catch (error) {
        // With `ordered: false` every other entry has been written; the duplicates were there already.
        if (!isDuplicateKey(error)) throw error;
        return false;
      }
    },
    /**
     * Entries that follow `afterSeq` without a gap, in order, at most `limit`. Read by their keys, a growing number at a
     * time: that nothing was missed costs one look, and what others have said costs nothing.
     */
    async after(chatId: string, afterSeq: number, limit: number): Promise<TranscriptEntry[]> {
      const entries: TranscriptEntry[] = [];
      for (let atOnce = 1; entries.length < limit; atOnce = Math.min(atOnce * 4, keyedReadsAtOnce)) {
        const from = afterSeq + entries.length + 1;
        const count = Math.min(atOnce, limit - entries.length);
        const found = await Promise.all(Array.from({ length: count }, (_, n) => entryAt(chatId, from + n)));
        const gap = found.findIndex((entry) => entry === null);
        entries.push(...found.slice(0, gap === -1 ? count : gap).filter((entry) => entry !== null));
        if (gap !== -1) break;
      }
      return entries;
    },
    /**
     * Highest recorded `seq` of the chat, 0 for none: looked for by key, from a guess, in steps that double.
     * @param guess a `seq` that may be near it; any number will do.
     */
    async lastSeq(chatId: string, guess = 0): Promise<number> {
      const there = async (seq: number) => seq === 0 || (await entryAt(chatId, seq)) !== null;
      let low = (await there(guess)) ? guess : 0;
      let step = 1;
      while (await there(low + step)) {
        low += step;
        step *= 2;
      }
      // Between the last that is there and the first that is not.
      let missing = low + step;
      while (missing - low > 1) {
        const middle = Math.floor((low + missing) / 2);
        if (await there(middle)) low = middle;
        else missing = middle;
      }
      return low;
    },
  };

  async function entryAt(chatId: string, seq: number): Promise<TranscriptEntry | null> {
    const found = await model.findById(`${chatId}/${seq}`).lean<TranscriptDocument>();
    return found && transcriptEntrySchema.parse(found.entry);
  }
}

/** How many single entries are read at the same time. */
const keyedReadsAtOnce = 50;
