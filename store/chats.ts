import { Schema, type Connection } from 'mongoose';
import type { Agent, ChatStatus } from '../domain/transcript.ts';
import type { ChannelRef } from './accounts.ts';
import { insertedNow } from './errors.ts';

/** One chat as the dashboard, the webhooks and a reconnecting visitor need it. Written by its chat workflow alone. */
export interface ChatRecord {
  _id: string;
  accountId: string;
  widgetId: string;
  visitor: { name: string; email?: string };
  page?: { url: string; title?: string };
  status: ChatStatus;
  agents: Agent[];
  createdAt: Date;
  endedAt?: Date;
  /** The chat channel, once an agent has joined. */
  channel?: ChannelRef;
  /** The card in the inbound channel. */
  card?: { messageId: string; channelId: string; channelJid: string };
  /** Where the card was last tried to be posted: the settings may name another channel by the next try. */
  cardTriedIn?: ChannelRef;
  /** Zoom has taken all visitor messages up to this `seq`. */
  deliveredSeq: number;
}

const agentSchema = new Schema<Agent>({ id: String, name: String }, { _id: false });
const schema = new Schema<ChatRecord>(
  {
    _id: String,
    accountId: String,
    widgetId: String,
    visitor: new Schema({ name: String, email: String }, { _id: false }),
    page: new Schema({ url: String, title: String }, { _id: false }),
    status: String,
    agents: [agentSchema],
    createdAt: Date,
    endedAt: Date,
    channel: new Schema({ id: String, jid: String, name: String, url: String }, { _id: false }),
    card: new Schema({ messageId: String, channelId: String, channelJid: String }, { _id: false }),
    cardTriedIn: new Schema({ id: String, jid: String, name: String, url: String }, { _id: false }),
    deliveredSeq: Number,
  },
  { collection: 'chats', versionKey: false },
);
schema.index({ accountId: 1, createdAt: -1 });

/** Which chat a Zoom channel belongs to. `_id` is the channel's id; written once, before anybody can write in the channel. */
export interface ChatChannel {
  _id: string;
  chatId: string;
  accountId: string;
}

const channelSchema = new Schema<ChatChannel>(
  { _id: String, chatId: String, accountId: String },
  { collection: 'chat_channels', versionKey: false },
);

/** Channels that a process remembers the chat of. */
const rememberedChannels = 10_000;

/** The chats of all chat channels there ever were: every message from Zoom is looked up here, by key. */
export function chatChannelStore(connection: Connection) {
  const model = connection.model('ChatChannel', channelSchema);
  /** What was found once stays so: whose a channel is never changes. */
  const known = new Map<string, ChatChannel>();
  return {
    model,
    /** Say whose channel this is. Saying it again changes nothing. */
    async assign(channel: ChatChannel): Promise<void> {
      await insertedNow(model.insertOne(channel));
    },
    async get(channelId: string): Promise<ChatChannel | null> {
      const remembered = known.get(channelId);
      if (remembered) return remembered;
      const found = await model.findById(channelId).lean<ChatChannel>();
      if (!found) return null;
      if (known.size >= rememberedChannels) known.clear();
      known.set(channelId, found);
      return found;
    },
    /** Which of these Zoom channels belong to single chats. */
    async among(channelIds: readonly string[]): Promise<Set<string>> {
      const found = await model.find({ _id: { $in: channelIds } }, { _id: 1 }).lean<{ _id: string }[]>();
      return new Set(found.map(({ _id }) => _id));
    },
  };
}

/** What the chat workflow may set on its record. */
export type ChatChanges = Partial<
  Pick<ChatRecord, 'status' | 'agents' | 'endedAt' | 'channel' | 'card' | 'cardTriedIn' | 'deliveredSeq'>
>;

/** Reads and writes of chat records. */
export function chatStore(connection: Connection) {
  const model = connection.model('Chat', schema);
  return {
    model,
    /** Create the record unless it exists. */
    async begin(chat: ChatRecord): Promise<void> {
      await insertedNow(model.insertOne(chat));
    },
    async get(chatId: string): Promise<ChatRecord | null> {
      return model.findById(chatId).lean<ChatRecord>();
    },
    async set(chatId: string, changes: ChatChanges): Promise<void> {
      await model.updateOne({ _id: chatId }, { $set: changes });
    },
    /** The newest chats of an account, newest first. */
    async recent(accountId: string, limit: number): Promise<ChatRecord[]> {
      return model.find({ accountId }).sort({ createdAt: -1 }).limit(limit).lean<ChatRecord[]>();
    },
    /**
     * Chats by words that a person knows them by: the name of the visitor, an agent or the chat channel, the visitor's
     * e-mail address, or the last six or more characters of the id, which end the channel's name. Newest first. Reads the
     * whole collection: for an operator who looks for something, never for a busy path.
     */
    async named(words: string, limit: number): Promise<ChatRecord[]> {
      const names = ['visitor.name', 'visitor.email', 'channel.name', 'agents.name'].map((field) => ({
        [field]: words,
      }));
      const idEnd = /^[\w-]{6,40}$/.test(words) ? [{ _id: { $regex: `${words}$` } }] : [];
      return model
        .find({ $or: [...names, ...idEnd] })
        .sort({ createdAt: -1 })
        .limit(limit)
        .lean<ChatRecord[]>();
    },
    /** How many chats of an account are in each state. */
    async countByStatus(accountId: string): Promise<Partial<Record<ChatStatus, number>>> {
      const rows = await model.aggregate<{ _id: ChatStatus; count: number }>([
        { $match: { accountId } },
        { $group: { _id: '$status', count: { $sum: 1 } } },
      ]);
      return Object.fromEntries(rows.map((row) => [row._id, row.count]));
    },
  };
}
