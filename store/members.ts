import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';

/** One Zoom user who added the app. `_id` is the Zoom user id. */
export interface Member {
  _id: string;
  accountId: string;
  name: string;
  email: string;
  jid: string;
  createdAt: Date;
  /**
   * `connected`: the grant works; `needsReconnect`: Zoom no longer accepts it; `removed`: the user removed the app.
   * Set by the grant workflow and by the OAuth callback that stores a new grant.
   */
  status: 'connected' | 'needsReconnect' | 'removed';
  /** The welcome message to this user, once sent. */
  welcomeMessageId?: string;
  /** "I'm Done" was pressed. */
  onboardedAt?: Date;
}

const schema = new Schema<Member>(
  {
    _id: String,
    accountId: String,
    name: String,
    email: String,
    jid: String,
    createdAt: Date,
    status: String,
    welcomeMessageId: String,
    onboardedAt: Date,
  },
  { collection: 'members', versionKey: false },
);
schema.index({ accountId: 1 });

/** Reads and writes of members. */
export function memberStore(connection: Connection) {
  const model = connection.model('Member', schema);
  return {
    model,
    async get(zoomUserId: string): Promise<Member | null> {
      return model.findById(zoomUserId).lean<Member>();
    },
    async ofAccount(accountId: string): Promise<Member[]> {
      return model.find({ accountId }).sort({ createdAt: 1 }).lean<Member[]>();
    },
    /** People by name or e-mail address. Reads the whole collection: for operators only. */
    async named(words: string, limit: number): Promise<Member[]> {
      return model
        .find({ $or: [{ name: words }, { email: words }, { email: words.toLowerCase() }] })
        .limit(limit)
        .lean<Member[]>();
    },
    /** Create or refresh the record after a grant; what the install flow has done for this user stays. */
    async connect(person: Pick<Member, '_id' | 'accountId' | 'name' | 'email' | 'jid'>): Promise<void> {
      const { _id, ...rest } = person;
      const created = await insertedNow(
        model.insertOne({ ...person, createdAt: new Date(), status: 'connected' as const }),
      );
      if (!created) await model.updateOne({ _id }, { $set: { ...rest, status: 'connected' } });
    },
    async setStatus(zoomUserId: string, status: Member['status']): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { status } });
    },
    async setWelcomeMessage(zoomUserId: string, welcomeMessageId: string): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { welcomeMessageId } });
    },
    async setOnboarded(zoomUserId: string, onboardedAt: Date): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { onboardedAt } });
    },
  };
}
