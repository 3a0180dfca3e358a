import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { memberRoles, type MemberRole } from '../domain/roles.ts';
import { insertedNow } from './errors.ts';
import { date, optionalDate, optionalText, text } from './fields.ts';
import { startOf, startOfWord } from './search.ts';

/** `connected`: the grant works; `needsReconnect`: Zoom no longer accepts it; `removed`: the user removed the app. */
const grantStatuses = ['connected', 'needsReconnect', 'removed'] as const;

const definition = {
  /** The Zoom user id. */
  _id: text,
  accountId: text,
  name: text,
  email: text,
  jid: text,
  /** As Zoom said it last. */
  role: { type: String, enum: memberRoles, required: true },
  createdAt: date,
  /** Set by the grant workflow, and by the OAuth callback that stores a new grant. */
  grantStatus: { type: String, enum: grantStatuses, required: true },
  /** When the user removed the app; absent while they have it. */
  removedAt: optionalDate,
  /** The welcome message to this user, once sent. */
  welcomeMessageId: optionalText,
  /** When "I'm Done" was pressed. */
  onboardedAt: optionalDate,
} as const;
const schema = new Schema(definition, { collection: 'members', versionKey: false });
schema.index({ accountId: 1, createdAt: 1 });

/** One Zoom user who added the app. */
export type Member = InferRawDocType<typeof definition>;
type GrantStatus = Member['grantStatus'];

/** Reads and writes of members. */
export function memberStore(connection: Connection) {
  const model = connection.model('Member', schema);
  return {
    model,
    async get(zoomUserId: string): Promise<Member | null> {
      return model.findById(zoomUserId).lean();
    },
    /** The members of an account, the oldest first. */
    async ofAccount(accountId: string): Promise<Member[]> {
      return model.find({ accountId }).sort({ createdAt: 1 }).lean();
    },
    /**
     * Members by the start of any word of their name, or of their e-mail address, whatever the capitals. Reads the
     * whole collection: for operators only.
     */
    async named(words: string, limit: number): Promise<Member[]> {
      const name = { $regex: startOfWord(words), $options: 'i' };
      const email = { $regex: startOf(words), $options: 'i' };
      return model
        .find({ $or: [{ name }, { email }] })
        .limit(limit)
        .lean();
    },
    /** Create or refresh the record after a grant; what the install flow has done for this user stays. */
    async connect(person: Pick<Member, '_id' | 'accountId' | 'name' | 'email' | 'jid' | 'role'>): Promise<void> {
      const { _id, ...rest } = person;
      const grantStatus = 'connected';
      const created = await insertedNow(model.insertOne({ ...person, createdAt: new Date(), grantStatus }));
      if (!created) await model.updateOne({ _id }, { $set: { ...rest, grantStatus }, $unset: { removedAt: '' } });
    },
    async setGrantStatus(zoomUserId: string, grantStatus: Exclude<GrantStatus, 'removed'>): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { grantStatus }, $unset: { removedAt: '' } });
    },
    async setRemoved(zoomUserId: string, removedAt: Date): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { grantStatus: 'removed', removedAt } });
    },
    async deleteOfAccount(accountId: string): Promise<void> {
      await model.deleteMany({ accountId });
    },
    async setRole(zoomUserId: string, role: MemberRole): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { role } });
    },
    async setWelcomeMessage(zoomUserId: string, welcomeMessageId: string): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { welcomeMessageId } });
    },
    async setOnboarded(zoomUserId: string, onboardedAt: Date): Promise<void> {
      await model.updateOne({ _id: zoomUserId }, { $set: { onboardedAt } });
    },
    /** How many members of all accounts there are by the state of their grant. */
    async countByGrantStatus(): Promise<Partial<Record<GrantStatus, number>>> {
      const rows = await model.aggregate<{ _id: GrantStatus; count: number }>([
        { $group: { _id: '$grantStatus', count: { $sum: 1 } } },
      ]);
      return Object.fromEntries(rows.map(({ _id, count }) => [_id, count]));
    },
  };
}
