import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';
import { date, text } from './fields.ts';

const schema = new Schema(
  {
    /** `<accountId>/<channelId>/<cause>`. */
    _id: text,
    accountId: text,
    channelId: text,
    at: date,
  },
  { collection: 'notices', versionKey: false },
);
schema.index({ accountId: 1, channelId: 1 });
schema.index({ at: 1 });

/**
 * Something about a channel, all chat channels, or a scope that an administrator has to put right in Zoom; or that they
 * stand in for the account's owner.
 */
export interface Notice {
  accountId: string;
  channelId: string;
  cause: 'botNotAllowed' | 'channelGone' | 'botNotInChatChannels' | `scopeMissing ${string}` | `standsIn ${string}`;
}

/** What administrators have been asked to put right, so that each is asked once for each cause and channel. */
export function noticeStore(connection: Connection) {
  const model = connection.model('Notice', schema);
  return {
    model,
    /** Note that somebody is asked: true the first time, false until it is forgotten. */
    async begin({ accountId, channelId, cause }: Notice): Promise<boolean> {
      const _id = `${accountId}/${channelId}/${cause}`;
      return insertedNow(model.insertOne({ _id, accountId, channelId, at: new Date() }));
    },
    /** It works again in that channel, or nobody could be asked: the next time somebody is asked again. */
    async forget({ accountId, channelId }: Omit<Notice, 'cause'>): Promise<void> {
      await model.deleteMany({ accountId, channelId });
    },
    async deleteOfAccount(accountId: string): Promise<void> {
      await model.deleteMany({ accountId });
    },
    /** Forget what was asked before `before`: if it is still not put right, somebody is asked again. */
    async forgetBefore(before: Date): Promise<void> {
      await model.deleteMany({ at: { $lt: before } });
    },
  };
}
