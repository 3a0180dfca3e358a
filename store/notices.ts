import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';
import { date, text } from './fields.ts';

const schema = new Schema(
  {
    /** `<accountId>/<cause>/<channelId>`. */
    _id: text,
    accountId: text,
    at: date,
  },
  { collection: 'notices', versionKey: false },
);
schema.index({ at: 1 });

/** Something about a channel that an administrator has to put right. */
export interface Notice {
  accountId: string;
  cause: 'botNotAllowed' | 'inboundChannelGone';
  channelId: string;
}

/** What administrators have been asked to put right, so that each is asked once for each cause and channel. */
export function noticeStore(connection: Connection) {
  const model = connection.model('Notice', schema);
  const keyOf = ({ accountId, cause, channelId }: Notice) => `${accountId}/${cause}/${channelId}`;
  return {
    model,
    /** Note that somebody is asked: true the first time, false until it is forgotten. */
    async begin(notice: Notice): Promise<boolean> {
      return insertedNow(model.insertOne({ _id: keyOf(notice), accountId: notice.accountId, at: new Date() }));
    },
    /** It has been put right, or nobody could be asked: the next time somebody is asked again. */
    async forget(notice: Notice): Promise<void> {
      await model.deleteOne({ _id: keyOf(notice) });
    },
    /** Forget what was asked before `before`: who has not acted is asked again. */
    async forgetBefore(before: Date): Promise<void> {
      await model.deleteMany({ at: { $lt: before } });
    },
  };
}
