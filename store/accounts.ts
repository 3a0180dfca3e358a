import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { insertedNow } from './errors.ts';
import { date, number, text } from './fields.ts';
import { startOfWord } from './search.ts';

const definition = {
  /** The Zoom account id. */
  _id: text,
  name: text,
  /** The user who installed first: owns the channels that the app creates. */
  ownerUserId: text,
  createdAt: date,
  trialEndsAt: date,
  /** A chat is erased so many days after its end. */
  retentionDays: number,
  /** What people of other accounts write in a chat channel reaches the visitor, under their own name. */
  outsidersMayAnswer: { type: Boolean, allowNull: false },
  /** The welcome card of the install, once posted. */
  welcomeCard: { type: { messageId: text, channelId: text }, _id: false, allowNull: false },
} as const;
const schema = new Schema(definition, { collection: 'accounts', versionKey: false });

/** One Zoom account (tenant): trial and settings. */
export type Account = InferRawDocType<typeof definition>;

/** Reads and writes of accounts. Every write is an insert under a unique key or a `$set` by key. */
export function accountStore(connection: Connection) {
  const model = connection.model('Account', schema);
  return {
    model,
    /** Create the account unless it exists: true if this call created it. */
    async provision(account: Account): Promise<boolean> {
      return insertedNow(model.insertOne(account));
    },
    async get(accountId: string): Promise<Account | null> {
      return model.findById(accountId).lean();
    },
    /**
     * Accounts by the start of any word of their name, whatever its capitals. Reads the whole collection: for operators
     * only.
     */
    async named(words: string, limit: number): Promise<Account[]> {
      return model
        .find({ name: { $regex: startOfWord(words), $options: 'i' } })
        .limit(limit)
        .lean();
    },
    /** Ids of accounts, ordered, from the first one after `afterId`. */
    async idsAfter(afterId: string, limit: number): Promise<string[]> {
      const found = await model
        .find({ _id: { $gt: afterId } }, { _id: 1 })
        .sort({ _id: 1 })
        .limit(limit)
        .lean();
      return found.map(({ _id }) => _id);
    },
    async delete(accountId: string): Promise<void> {
      await model.deleteOne({ _id: accountId });
    },
    async setOutsidersMayAnswer(accountId: string, outsidersMayAnswer: boolean): Promise<void> {
      await model.updateOne({ _id: accountId }, { $set: { outsidersMayAnswer } });
    },
    async setWelcomeCard(accountId: string, welcomeCard: NonNullable<Account['welcomeCard']>): Promise<void> {
      await model.updateOne({ _id: accountId }, { $set: { welcomeCard } });
    },
  };
}
