import { Schema, type Connection } from 'mongoose';
import { transcriptEntrySchema, type TranscriptEntry } from '../domain/transcript.ts';
import { isDuplicateKey } from './errors.ts';
import { number, text } from './fields.ts';

/** An entry under its key, beside the fields that its kind has (domain/transcript.ts). */
const schema = new Schema(
  {
    /** `<chatId>/<seq>`. */
    _id: text,
    chatId: text,
    seq: number,
  },
  { collection: 'transcript', versionKey: false },
);
schema.index({ chatId: 1, seq: 1 });

/** The recorded transcripts of all chats. */
export function transcriptStore(connection: Connection) {
  const model = connection.model('TranscriptEntry', schema);
  return {
    model,
    /** Record entries under their keys; entries recorded before are left as they are. */
    async append(chatId: string, entries: readonly TranscriptEntry[]): Promise<void> {
      const documents = entries.map((entry) => ({ _id: `${chatId}/${entry.seq}`, chatId, ...entry }));
      const [first, ...more] = documents;
      if (!first) return;
      try {
        // A bulk write costs the driver several times what a single insert does, and most often there is one. Written
        // by the driver, since mongoose knows only the fields that all kinds have.
        if (more.length === 0) await model.collection.insertOne(first as never);
        else await model.collection.insertMany(documents as never[], { ordered: false });
      } catch (error) {
        // With `ordered: false` every other entry has been written; the duplicates were there already.
        if (!isDuplicateKey(error)) throw error;
      }
    },
    /** Entries that follow `afterSeq` without a gap, in order, at most `limit`. */
    async after(chatId: string, afterSeq: number, limit: number): Promise<TranscriptEntry[]> {
      const found = await model
        .find({ chatId, seq: { $gt: afterSeq } })
        .sort({ seq: 1 })
        .limit(limit)
        .lean();
      const gap = found.findIndex(({ seq }, n) => seq !== afterSeq + 1 + n);
      return found.slice(0, gap === -1 ? found.length : gap).map((entry) => transcriptEntrySchema.parse(entry));
    },
    /** Highest recorded `seq` of the chat, 0 for none. */
    async lastSeq(chatId: string): Promise<number> {
      const last = await model.findOne({ chatId }, { seq: 1 }).sort({ seq: -1 }).lean();
      return last?.seq ?? 0;
    },
    async deleteOf(chatIds: readonly string[]): Promise<void> {
      await model.deleteMany({ chatId: { $in: chatIds } });
    },
  };
}
