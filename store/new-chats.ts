import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { insertedNow } from './errors.ts';
import { date, text } from './fields.ts';

const definition = {
  /** The chat id. */
  _id: text,
  accountId: text,
  widgetId: text,
  /** The visitor's network under a secret key: their address itself is kept nowhere. */
  network: text,
  at: date,
} as const;
const schema = new Schema(definition, { collection: 'new_chats', versionKey: false });
schema.index({ network: 1, at: -1 });
schema.index({ widgetId: 1, at: -1 });
schema.index({ accountId: 1, at: -1 });
schema.index({ at: 1 });

/** That a chat was begun, kept as long as limits on new chats count it. */
export type NewChat = InferRawDocType<typeof definition>;

/** By what new chats are counted. */
export type NewChatKey = 'network' | 'widgetId' | 'accountId';

/**
 * The chats that were begun lately, for limits that all api processes share. A document for each, in place of counters:
 * every write is an insert under a unique key, and a first message that is sent again counts once.
 */
export function newChatStore(connection: Connection) {
  const model = connection.model('NewChat', schema);
  return {
    model,
    /** The newest ones since `since`, newest first, at most `limit`. */
    async recent(key: NewChatKey, value: string, since: Date, limit: number): Promise<Pick<NewChat, '_id' | 'at'>[]> {
      return model
        .find({ [key]: value, at: { $gt: since } }, { at: 1 })
        .sort({ at: -1 })
        .limit(limit)
        .lean();
    },
    /** Count a chat. Again is harmless. */
    async add(chat: NewChat): Promise<void> {
      await insertedNow(model.insertOne(chat));
    },
    /** Forget those that no limit counts any more. */
    async forgetBefore(before: Date): Promise<void> {
      await model.deleteMany({ at: { $lt: before } });
    },
  };
}
