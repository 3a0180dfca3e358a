import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import { checkKnownWithinMs } from '../domain/connection-check.ts';
import { date, text } from './fields.ts';

const definition = {
  /** The Zoom account id: one check runs at a time for an account. */
  _id: text,
  checkId: text,
  /** The inbound channel that is listened to. */
  channelId: text,
  /** What somebody is to write there. */
  word: text,
  /** Of a check that has ended without saying so. */
  expiresAt: date,
} as const;
const schema = new Schema(definition, { collection: 'connection_checks', versionKey: false });

/** A connection check that runs: what arrives in this channel is passed on to it. */
export type OpenCheck = InferRawDocType<typeof definition>;

/** Most checks that are listened for at a time. */
const mostChecks = 1_000;

/** What is said to be open was read at most this long ago, ms. */
const readAgainAfterMs = checkKnownWithinMs;

/** The connection checks that run: a few at most, and usually none. */
export function connectionCheckStore(connection: Connection) {
  const model = connection.model('ConnectionCheck', schema);
  let readAt = -Infinity;
  let reading: Promise<OpenCheck[]> = Promise.resolve([]);
  const read = (): Promise<OpenCheck[]> => {
    if (Date.now() - readAt < readAgainAfterMs) return reading;
    readAt = Date.now();
    reading = model
      .find({ expiresAt: { $gt: new Date() } })
      .limit(mostChecks)
      .lean()
      .exec();
    reading.catch(() => {
      readAt = -Infinity;
    });
    return reading;
  };
  return {
    model,
    /** Begin to listen, or go on. Those that have expired go. */
    async open({ _id, ...check }: OpenCheck): Promise<void> {
      await model.deleteMany({ expiresAt: { $lt: new Date() } });
      await model.updateOne({ _id }, { $set: check }, { upsert: true });
    },
    async close(accountId: string, checkId: string): Promise<void> {
      await model.deleteOne({ _id: accountId, checkId });
    },
    /**
     * The check that listens in this channel, as of a moment ago. Asked for every message of an account that is in no
     * chat: all checks are read at once, at most once a second.
     */
    async inChannel(channelId: string): Promise<OpenCheck | undefined> {
      return (await read()).find((check) => check.channelId === channelId);
    },
  };
}
