import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';
import { date, text } from './fields.ts';

const schema = new Schema(
  {
    /** SHA-256 of the state, hex. */
    _id: text,
    usedAt: date,
  },
  { collection: 'used_oauth_states', versionKey: false },
);
schema.index({ usedAt: 1 });

/** Longer than a state lives: then its own expiry refuses it. */
const keptMs = 10 * 60_000;

/** OAuth states that a callback has used: each works once. */
export function usedStateStore(connection: Connection) {
  const model = connection.model('UsedOauthState', schema);
  return {
    model,
    /** Use a state up: true the first time, false as long as it could be used. Those that no longer can be go. */
    async use(stateHash: string): Promise<boolean> {
      const usedAt = new Date();
      await model.deleteMany({ usedAt: { $lt: new Date(usedAt.getTime() - keptMs) } });
      return insertedNow(model.insertOne({ _id: stateHash, usedAt }));
    },
    /** Forget states used before `before`; an expired state is refused by its own expiry. */
    async forgetBefore(before: Date): Promise<void> {
      await model.deleteMany({ usedAt: { $lt: before } });
    },
  };
}
