import { Schema, type Connection } from 'mongoose';
import { timelineEntrySchema, type TimelineEntry } from '../domain/timeline.ts';
import { isDuplicateKey } from './errors.ts';

interface TimelineDocument {
  /** `<chatId>/<seq>`. */
  _id: string;
  chatId: string;
  seq: number;
  entry: TimelineEntry;
}

const schema = new Schema<TimelineDocument>(
  { _id: String, chatId: String, seq: Number, entry: Schema.Types.Mixed },
  { collection: 'timeline', versionKey: false },
);
schema.index({ chatId: 1, seq: 1 }, { unique: true });

/** The recorded timelines of all chats. */
export function timelineStore(connection: Connection) {
  const model = connection.model('TimelineEntry', schema);
  return {
    model,
    /** Record entries under their keys; entries recorded before are left as they are. */
    async append(chatId: string, entries: readonly TimelineEntry[]): Promise<void> {
      if (entries.length === 0) return;
      const documents = entries.map((entry) => ({ _id: `${chatId}/${entry.seq}`, chatId, seq: entry.seq, entry }));
      try {
        await model.collection.insertMany(documents as never[], { ordered: false });
      } catch (error) {
        // With `ordered: false` every other entry has been written; the duplicates were there already.
        if (!isDuplicateKey(error)) throw error;
      }
    },
    /** Entries with a `seq` above `afterSeq`, in order, at most `limit`. */
    async after(chatId: string, afterSeq: number, limit: number): Promise<TimelineEntry[]> {
      const found = await model
        .find({ chatId, seq: { $gt: afterSeq } })
        .sort({ seq: 1 })
        .limit(limit)
        .lean<TimelineDocument[]>();
      return found.map((document) => timelineEntrySchema.parse(document.entry));
    },
    /** Highest recorded `seq` of the chat, 0 for none. */
    async lastSeq(chatId: string): Promise<number> {
      const last = await model.findOne({ chatId }).sort({ seq: -1 }).lean<TimelineDocument>();
      return last?.seq ?? 0;
    },
  };
}
