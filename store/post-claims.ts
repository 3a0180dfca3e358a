import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';

interface PostClaim {
  /** `<chatId>/<attempt>`. */
  _id: string;
  chatId: string;
}

const schema = new Schema<PostClaim>({ _id: String, chatId: String }, { collection: 'post_claims', versionKey: false });

/** Attempts to post lines that were recorded before: one runs once, see docs/decisions/0015-the-short-way.md. */
export function postClaimStore(connection: Connection) {
  const model = connection.model('PostClaim', schema);
  return {
    model,
    /**
     * Claim an attempt. The one before it is forgotten: its outcome is known.
     * @param attempt number within the chat, from 1.
     * @returns whether it is claimed for the first time.
     */
    async claim(chatId: string, attempt: number): Promise<boolean> {
      const claimed = await insertedNow(model.insertOne({ _id: `${chatId}/${attempt}`, chatId }));
      if (attempt > 1) await model.deleteOne({ _id: `${chatId}/${attempt - 1}` });
      return claimed;
    },
  };
}
