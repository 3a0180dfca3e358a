import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { chatStatuses, type ChatStatus } from '../domain/transcript.ts';
import { folded } from '../domain/visitor.ts';
import { insertedNow } from './errors.ts';
import { date, nullableDate, number, optionalChannel, optionalText, text } from './fields.ts';
import { startOf, startOfWord } from './search.ts';

const definition = {
  _id: text,
  accountId: text,
  widgetId: text,
  /** `id` is the browser's, see `Visitor`. */
  visitor: { type: { name: text, email: optionalText, id: optionalText }, _id: false, required: true },
  page: { type: { url: text, title: optionalText }, _id: false, allowNull: false },
  status: { type: String, enum: chatStatuses, required: true },
  agents: { type: [new Schema({ id: text, name: text }, { _id: false })], required: true },
  /** Everybody who was ever in. */
  answeredBy: { type: [new Schema({ id: text, name: text }, { _id: false })], required: true },
  createdAt: date,
  /** Since when it has been asking for an agent; null or missing while it is not. */
  waitingSince: nullableDate,
  /** Null or missing while the chat is open. */
  endedAt: nullableDate,
  /** Until then a chat that has ended can go on; null or missing otherwise. */
  reopenUntil: nullableDate,
  /** The failure that keeps the chat waiting for Zoom, as a `FailureType`; null or missing when nothing does. */
  waitsFor: String,
  /** So much waits for the team that the chat takes no more for now. */
  isFull: { type: Boolean, allowNull: false },
  /** Zoom has taken all visitor messages up to this `seq`. */
  deliveredSeq: number,
  /** The chat channel, once an agent has joined. */
  channel: optionalChannel,
  /** It was deleted or archived in Zoom. */
  channelIsGone: { type: Boolean, allowNull: false },
  /** The card in the inbound channel. */
  card: { type: { messageId: text, channelId: text, channelJid: text }, _id: false, allowNull: false },
  /** Where the card was last tried to be posted: the settings may name another channel by the next try. */
  cardPostedTo: optionalChannel,
} as const;
/** What the visitor is searched by, whatever its capitals: in the database alone, and part of no {@link ChatRecord}. */
const searched = {
  /** The name from each of its words on: it is found by the start of any. */
  searchedNames: { type: [String], select: false },
  searchedEmail: { ...optionalText, select: false },
} as const;
const schema = new Schema({ ...definition, ...searched }, { collection: 'chats', versionKey: false });
schema.index({ accountId: 1, createdAt: -1 });
schema.index({ accountId: 1, endedAt: 1 });
schema.index({ accountId: 1, status: 1 });
schema.index({ accountId: 1, waitsFor: 1 });
schema.index({ status: 1, createdAt: 1 });
schema.index({ accountId: 1, 'visitor.id': 1, createdAt: -1 });
schema.index({ accountId: 1, searchedEmail: 1, createdAt: -1 });
schema.index({ searchedNames: 1 });
schema.index({ searchedEmail: 1 });

/** One chat as the dashboard, the webhooks and a reconnecting visitor need it. Written by its chat workflow alone. */
export type ChatRecord = InferRawDocType<typeof definition>;

/** What the chat workflow may set on its record. */
export type ChatChanges = Partial<
  Pick<
    ChatRecord,
    | 'status'
    | 'agents'
    | 'answeredBy'
    | 'waitingSince'
    | 'endedAt'
    | 'reopenUntil'
    | 'waitsFor'
    | 'isFull'
    | 'deliveredSeq'
    | 'channel'
    | 'channelIsGone'
    | 'card'
    | 'cardPostedTo'
  >
>;

/** Chats that are counted as waiting; more is a number that nobody needs. */
const mostAsking = 1_000;

const openStatuses = chatStatuses.filter((status) => status !== 'ended');

/** Reads and writes of chat records. */
export function chatStore(connection: Connection) {
  const model = connection.model('Chat', schema);

  /** How many of the chats that match are in each state. */
  async function counted(match: object): Promise<Partial<Record<ChatStatus, number>>> {
    const rows = await model.aggregate<{ _id: ChatStatus; count: number }>([
      { $match: match },
      { $group: { _id: '$status', count: { $sum: 1 } } },
    ]);
    return Object.fromEntries(rows.map(({ _id, count }) => [_id, count]));
  }

  async function newest(match: object, limit: number): Promise<ChatRecord[]> {
    return model.find(match).sort({ createdAt: -1 }).limit(limit).lean();
  }

  return {
    model,
    /** Create the record unless it exists. */
    async begin(chat: ChatRecord): Promise<void> {
      const { name, email } = chat.visitor;
      const byEmail = email === undefined ? {} : { searchedEmail: folded(email) };
      await insertedNow(model.insertOne({ ...chat, searchedNames: endsOf(folded(name)), ...byEmail }));
    },
    async get(chatId: string): Promise<ChatRecord | null> {
      return model.findById(chatId).lean();
    },
    async set(chatId: string, changes: ChatChanges): Promise<void> {
      await model.updateOne({ _id: chatId }, { $set: changes });
    },
    /** The newest chats of an account, newest first. */
    async recent(accountId: string, limit: number): Promise<ChatRecord[]> {
      return model.find({ accountId }).sort({ createdAt: -1 }).limit(limit).lean();
    },
    /**
     * Chats by words that a person knows them by, whatever their capitals: the start of any word in the name of the
     * visitor, an agent or the chat channel, the start of the visitor's e-mail address, or the last six or more
     * characters of the id. Newest first. Reads the whole collection for all but the visitor: for an operator who looks
     * for something, never for a busy path.
     */
    async named(words: string, limit: number): Promise<ChatRecord[]> {
      const named = { $regex: startOfWord(words), $options: 'i' };
      const idEnd = /^[\w-]{6,40}$/.test(words) ? [{ _id: { $regex: `${words}$` } }] : [];
      const found = await Promise.all([
        newest({ searchedNames: { $regex: startOf(folded(words)) } }, limit),
        newest({ searchedEmail: { $regex: startOf(folded(words)) } }, limit),
        newest({ $or: [{ 'channel.name': named }, { 'answeredBy.name': named }, ...idEnd] }, limit),
      ]);
      return newestOf(found.flat(), limit);
    },
    /** Chats that the same visitor, by browser or e-mail address, began in the account before it; newest first. */
    async earlierOf(
      { accountId, chatId, id, email }: { accountId: string; chatId: string; id?: string; email?: string },
      before: Date,
      limit: number,
    ): Promise<ChatRecord[]> {
      const same = [
        ...(id === undefined ? [] : [{ 'visitor.id': id }]),
        ...(email === undefined ? [] : [{ searchedEmail: folded(email) }]),
      ];
      const found = await Promise.all(
        same.map((by) => newest({ accountId, ...by, createdAt: { $lte: before }, _id: { $ne: chatId } }, limit)),
      );
      return newestOf(found.flat(), limit);
    },
    /** How many chats of an account are in each state. */
    async countByStatus(accountId: string): Promise<Partial<Record<ChatStatus, number>>> {
      return counted({ accountId });
    },
    /** How many open chats of all accounts are in each state. */
    async openByStatus(): Promise<Partial<Record<ChatStatus, number>>> {
      return counted({ status: { $in: openStatuses } });
    },
    /** The chats of these widgets that ask for an agent, in no order: since when. */
    async askingForAgent(accountId: string, widgetIds: readonly string[]): Promise<{ since: Date }[]> {
      const statuses: ChatStatus[] = ['waiting', 'missed'];
      const asking = model.find(
        { accountId, status: { $in: statuses }, widgetId: { $in: [...widgetIds] } },
        { createdAt: 1, waitingSince: 1 },
      );
      const found = await asking.limit(mostAsking).lean();
      return found.map(({ createdAt, waitingSince }) => ({ since: waitingSince ?? createdAt }));
    },
    /** When the chat began that waits longest for a first agent; undefined when none waits. */
    async oldestWaiting(): Promise<Date | undefined> {
      const oldest = await model.findOne({ status: 'waiting' }, { createdAt: 1 }).sort({ createdAt: 1 }).lean();
      return oldest?.createdAt;
    },
    /**
     * Ids of the account's chats that something is still to be done for: the open ones, and ended ones that Zoom keeps
     * waiting.
     */
    async unfinished(accountId: string): Promise<string[]> {
      const open = { status: { $in: openStatuses } };
      return idsOf(await model.find({ accountId, $or: [open, { waitsFor: { $type: 'string' } }] }, { _id: 1 }).lean());
    },
    /** Ids of chats of the account that ended before `before`, the oldest first. */
    async endedBefore(accountId: string, before: Date, limit: number): Promise<string[]> {
      const ended = model.find({ accountId, endedAt: { $lt: before } }, { _id: 1 });
      return idsOf(await ended.sort({ endedAt: 1 }).limit(limit).lean());
    },
    /** Open chats of all accounts that began before `before`, the oldest first. */
    async openSince(before: Date, limit: number): Promise<ChatRecord[]> {
      const open = model.find({ status: { $in: openStatuses }, createdAt: { $lt: before } });
      return open.sort({ createdAt: 1 }).limit(limit).lean();
    },
    /** Chats of the account's visitors with this e-mail address, whatever its capitals, open ones too. */
    async ofVisitor(accountId: string, email: string): Promise<ChatRecord[]> {
      return model.find({ accountId, searchedEmail: folded(email) }).lean();
    },
    async delete(chatIds: readonly string[]): Promise<void> {
      await model.deleteMany({ _id: { $in: chatIds } });
    },
  };
}

/** Each once, the newest first. */
function newestOf(found: readonly ChatRecord[], limit: number): ChatRecord[] {
  const chats = new Map(found.map((chat) => [chat._id, chat]));
  return [...chats.values()].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime()).slice(0, limit);
}

function idsOf(found: readonly { _id: string }[]): string[] {
  return found.map(({ _id }) => _id);
}

/** A text from each of its words on: `jane doe` and `doe`. */
function endsOf(text: string): string[] {
  return [...text.matchAll(/(?<!\S)\S/gu)].map(({ index }) => text.slice(index));
}

/** Where a chat's channel opens in Zoom, as long as there is one. */
export function channelUrlOf({
  channel,
  channelIsGone,
}: Pick<ChatRecord, 'channel' | 'channelIsGone'>): string | undefined {
  return channelIsGone ? undefined : channel?.url;
}
