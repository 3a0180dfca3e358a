import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';

interface UsedState {
  /** SHA-256 of the state, hex. */
  _id: string;
  usedAt: Date;
}

const schema = new Schema<UsedState>(
  { _id: String, usedAt: Date },
  { collection: 'used_oauth_states', versionKey: false },
);

/** OAuth states that a callback has used: each works once. */
export function usedStateStore(connection: Connection) {
  const model = connection.model('UsedOauthState', schema);
  return {
    model,
    /** Use a state up: true the first time, false ever after. */
    async use(stateHash: string): Promise<boolean> {
      return insertedNow(model.insertOne({ _id: stateHash, usedAt: new Date() }));
    },
    /** Forget states used before `before`; an expired state is refused by its own expiry. */
    async forgetBefore(before: Date): Promise<void> {
      await model.deleteMany({ usedAt: { $lt: before } });
    },
  };
}
