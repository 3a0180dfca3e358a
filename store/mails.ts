import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { insertedNow } from './errors.ts';
import { date, number, text } from './fields.ts';

/**
 * `sending`: begun, and nobody has said how it ended. `deferred`: not sent, for sure. `unconfirmed`: given up, though
 * it may have been sent. `empty`: there was nothing left to say.
 */
export const mailStates = ['sending', 'deferred', 'sent', 'refused', 'unconfirmed', 'empty'] as const;

const definition = {
  /** `<chatId>/<first seq>-<last seq>`. */
  _id: text,
  chatId: text,
  firstSeq: number,
  lastSeq: number,
  /** Its date; every try has the same. */
  at: date,
  state: { type: String, enum: mailStates, required: true },
  /** Tries that ended without an answer: each may have been a mail. */
  unanswered: number,
} as const;
const schema = new Schema(definition, { collection: 'mails', versionKey: false });
schema.index({ chatId: 1 });

/** One mail to a visitor: which entries of the chat were in it, and what became of it. Never to whom. */
export type MailRecord = InferRawDocType<typeof definition>;

/** What was mailed, so that a mail is sent again only when nobody knows whether it was. Written by its chat alone. */
export function mailStore(connection: Connection) {
  const model = connection.model('Mail', schema);
  return {
    model,
    /** The record of this mail: a new one, or as an earlier try has left it. */
    async begin(mail: Pick<MailRecord, 'chatId' | 'firstSeq' | 'lastSeq' | 'at'>): Promise<MailRecord> {
      const { chatId, firstSeq, lastSeq } = mail;
      const record = {
        ...mail,
        _id: `${chatId}/${firstSeq}-${lastSeq}`,
        state: 'deferred' as const,
        unanswered: 0,
      };
      if (await insertedNow(model.insertOne(record))) return record;
      return (await model.findById(record._id).lean()) ?? record;
    },
    async set(id: string, changes: Partial<Pick<MailRecord, 'state' | 'unanswered'>>): Promise<void> {
      await model.updateOne({ _id: id }, { $set: changes });
    },
    async deleteOf(chatIds: readonly string[]): Promise<void> {
      await model.deleteMany({ chatId: { $in: chatIds } });
    },
  };
}
