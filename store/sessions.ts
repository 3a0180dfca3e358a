import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { date, optionalText, text } from './fields.ts';

const definition = {
  /** SHA-256 of the session's id, hex: who reads the database cannot use it. */
  _id: text,
  /** Of a member; an operator's session has none. */
  zoomUserId: optionalText,
  accountId: optionalText,
  /** Of an operator: by which password they signed in, as a keyed hash. */
  passwordMark: optionalText,
  createdAt: date,
  /** When it was last used, to some minutes. */
  usedAt: date,
  /** Not used beyond this, however often it is used. */
  expiresAt: date,
} as const;
const schema = new Schema(definition, { collection: 'sessions', versionKey: false });
schema.index({ zoomUserId: 1 });
schema.index({ expiresAt: 1 });

/** A sign-in, of a member or of an operator. */
export type Session = InferRawDocType<typeof definition>;

/** Sign-ins: what is deleted here is refused at once by every api process. */
export function sessionStore(connection: Connection) {
  const model = connection.model('Session', schema);
  return {
    model,
    /** Keep a new session; those that have expired by its beginning go. */
    async begin(session: Session): Promise<void> {
      await model.deleteMany({ expiresAt: { $lt: session.createdAt } });
      await model.insertOne(session);
    },
    async get(id: string): Promise<Session | null> {
      return model.findById(id).lean();
    },
    async used(id: string, usedAt: Date): Promise<void> {
      await model.updateOne({ _id: id }, { $set: { usedAt } });
    },
    async end(id: string): Promise<void> {
      await model.deleteOne({ _id: id });
    },
    /** End all sessions of a member. */
    async endOf(zoomUserId: string): Promise<void> {
      await model.deleteMany({ zoomUserId });
    },
  };
}
