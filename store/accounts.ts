import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';

/** A Zoom channel as the account's settings keep it. */
export interface ChannelRef {
  id: string;
  jid: string;
  name: string;
  /** Opens the channel in Zoom. */
  url: string;
}

/** One Zoom account (tenant): trial and settings. `_id` is the Zoom account id. */
export interface Account {
  _id: string;
  name: string;
  /** The user who installed first: owns the channels that the app creates. */
  ownerUserId: string;
  /** Public id in the embed snippet; not a secret. */
  widgetId: string;
  createdAt: Date;
  trialEndsAt: Date;
  /** The inbound channel: where new chats appear. Absent until the install has found or created it. */
  channel?: ChannelRef;
  /** The welcome card of the install, once posted. */
  welcomeCard?: { messageId: string; channelId: string };
}

const channelSchema = new Schema<ChannelRef>({ id: String, jid: String, name: String, url: String }, { _id: false });
const schema = new Schema<Account>(
  {
    _id: String,
    name: String,
    ownerUserId: String,
    widgetId: String,
    createdAt: Date,
    trialEndsAt: Date,
    channel: channelSchema,
    welcomeCard: new Schema({ messageId: String, channelId: String }, { _id: false }),
  },
  { collection: 'accounts', versionKey: false },
);
schema.index({ widgetId: 1 }, { unique: true });

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
      return model.findById(accountId).lean<Account>();
    },
    async byWidget(widgetId: string): Promise<Account | null> {
      return model.findOne({ widgetId }).lean<Account>();
    },
    /** Accounts by name. Reads the whole collection: for operators only. */
    async named(words: string, limit: number): Promise<Account[]> {
      return model.find({ name: words }).limit(limit).lean<Account[]>();
    },
    async setChannel(accountId: string, channel: ChannelRef): Promise<void> {
      await model.updateOne({ _id: accountId }, { $set: { channel } });
    },
    async setWelcomeCard(accountId: string, welcomeCard: { messageId: string; channelId: string }): Promise<void> {
      await model.updateOne({ _id: accountId }, { $set: { welcomeCard } });
    },
  };
}
