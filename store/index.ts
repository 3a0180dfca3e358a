import type { Connection } from 'mongoose';
import type { SealingKeys } from '../codec/sealing.ts';
import { accountStore } from './accounts.ts';
import { chatChannelStore, chatStore } from './chats.ts';
import { memberStore } from './members.ts';
import { usedStateStore } from './oauth-states.ts';
import { postClaimStore } from './post-claims.ts';
import { rateDayStore, rateShareStore } from './rate-shares.ts';
import { transcriptStore } from './transcript.ts';
import { tokenSetStore } from './token-sets.ts';

export type { Account, ChannelRef } from './accounts.ts';
export type { ChatChannel, ChatChanges, ChatRecord } from './chats.ts';
export type { Member } from './members.ts';
export type { StoredTokenSet, TokenSet } from './token-sets.ts';
export { connectMongo, mongoAnswers } from './connect.ts';

/**
 * Everything that is kept in MongoDB, by collection. Makes the indexes it relies on before it returns.
 * Works on MongoDB, compatible services and the embedded server: keyed inserts and `$set` by key only.
 */
export async function createStore(connection: Connection, tokenKeys: SealingKeys) {
  const store = {
    accounts: accountStore(connection),
    members: memberStore(connection),
    tokenSets: tokenSetStore(connection, tokenKeys),
    usedStates: usedStateStore(connection),
    chats: chatStore(connection),
    chatChannels: chatChannelStore(connection),
    transcript: transcriptStore(connection),
    postClaims: postClaimStore(connection),
    rateShares: rateShareStore(connection),
    rateDays: rateDayStore(connection),
  };
  for (const { model } of Object.values(store)) await model.createIndexes();
  return store;
}
export type Store = Awaited<ReturnType<typeof createStore>>;
