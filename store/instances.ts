import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { insertedNow } from './errors.ts';
import { date, text } from './fields.ts';

const definition = {
  /** One start of one api process. */
  _id: text,
  /** Where workers reach it. */
  url: text,
  startedAt: date,
  /** When it last said that it is there. */
  seenAt: date,
} as const;
const schema = new Schema(definition, { collection: 'api_instances', versionKey: false });

/** One start of one api process, as workers know it. */
export type ApiInstance = InferRawDocType<typeof definition>;

/** How often an api instance says that it is there, ms. */
export const instanceTouchedEveryMs = 30_000;
/** An instance that has not said so for this long has ended, ms. */
export const instanceAliveMs = 4 * instanceTouchedEveryMs;

/** The api instances: each writes its own record. */
export function instanceStore(connection: Connection) {
  const model = connection.model('ApiInstance', schema);
  return {
    model,
    async register(instance: Omit<ApiInstance, 'seenAt'>): Promise<void> {
      await insertedNow(model.insertOne({ ...instance, seenAt: new Date() }));
    },
    async touch(instanceId: string): Promise<void> {
      await model.updateOne({ _id: instanceId }, { $set: { seenAt: new Date() } });
    },
    async remove(instanceId: string): Promise<void> {
      await model.deleteOne({ _id: instanceId });
    },
    async all(): Promise<ApiInstance[]> {
      return model.find().lean();
    },
    /** Forget instances that were not seen since `before`: they were killed before they could remove themselves. */
    async forgetUnseenSince(before: Date): Promise<void> {
      await model.deleteMany({ seenAt: { $lt: before } });
    },
  };
}
