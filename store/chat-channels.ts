import { LRUCache } from 'lru-cache';
import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { insertedNow } from './errors.ts';
import { text } from './fields.ts';

const definition = {
  /** The Zoom channel's id. */
  _id: text,
  chatId: text,
  accountId: text,
} as const;
const schema = new Schema(definition, { collection: 'chat_channels', versionKey: false });
schema.index({ chatId: 1 });

/** Which chat a Zoom channel belongs to. Written once, before anybody can write in the channel. */
export type ChatChannel = InferRawDocType<typeof definition>;

/** The chats of all chat channels there ever were: every message from Zoom is looked up here, by key. */
export function chatChannelStore(connection: Connection) {
  const model = connection.model('ChatChannel', schema);
  /** What was found once stays so: whose a channel is never changes. */
  const known = new LRUCache<string, ChatChannel>({ max: 10_000 });
  return {
    model,
    /** Say whose channel this is. Saying it again changes nothing. */
    async assign(channel: ChatChannel): Promise<void> {
      await insertedNow(model.insertOne(channel));
    },
    async get(channelId: string): Promise<ChatChannel | null> {
      const remembered = known.get(channelId);
      if (remembered) return remembered;
      const found = await model.findById(channelId).lean();
      if (found) known.set(channelId, found);
      return found;
    },
    /** Which of these Zoom channels belong to single chats. */
    async among(channelIds: readonly string[]): Promise<Set<string>> {
      const found = await model.find({ _id: { $in: channelIds } }, { _id: 1 }).lean();
      return new Set(found.map(({ _id }) => _id));
    },
    async deleteOf(chatIds: readonly string[]): Promise<void> {
      await model.deleteMany({ chatId: { $in: chatIds } });
    },
  };
}
