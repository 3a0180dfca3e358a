import type { Connection } from 'mongoose';
import type { SealingKeys } from '../codec/sealing.ts';
import { accountStore } from './accounts.ts';
import { chatChannelStore } from './chat-channels.ts';
import { chatStore } from './chats.ts';
import { connectionCheckStore } from './connection-checks.ts';
import { instanceStore } from './instances.ts';
import { mailStore } from './mails.ts';
import { memberStore } from './members.ts';
import { newChatStore } from './new-chats.ts';
import { noticeStore } from './notices.ts';
import { sessionStore } from './sessions.ts';
import { tokenSetStore } from './token-sets.ts';
import { transcriptStore } from './transcript.ts';
import { usedStateStore } from './used-states.ts';
import { widgetStore } from './widgets.ts';

export type { Account } from './accounts.ts';
export type { ChatChannel } from './chat-channels.ts';
export { channelUrlOf, type ChatChanges, type ChatRecord } from './chats.ts';
export type { OpenCheck } from './connection-checks.ts';
export type { ApiInstance } from './instances.ts';
export type { MailRecord } from './mails.ts';
export type { Member } from './members.ts';
export type { NewChat, NewChatKey } from './new-chats.ts';
export type { Notice } from './notices.ts';
export type { Session } from './sessions.ts';
export type { StoredTokenSet, TokenSet } from './token-sets.ts';
export type { Widget } from './widgets.ts';
export { connectMongo, mongoAnswers } from './connect.ts';
export { instanceAliveMs, instanceTouchedEveryMs } from './instances.ts';

/**
 * Everything that is kept in MongoDB, by collection. Makes the indexes it relies on before it returns. Every write is
 * an insert under a unique key, or a `$set` by key from the one workflow or process that owns the document.
 */
export async function createStore(connection: Connection, tokenKeys: SealingKeys) {
  const store = {
    accounts: accountStore(connection),
    widgets: widgetStore(connection),
    members: memberStore(connection),
    tokenSets: tokenSetStore(connection, tokenKeys),
    usedStates: usedStateStore(connection),
    chats: chatStore(connection),
    chatChannels: chatChannelStore(connection),
    transcript: transcriptStore(connection),
    mails: mailStore(connection),
    newChats: newChatStore(connection),
    notices: noticeStore(connection),
    sessions: sessionStore(connection),
    connectionChecks: connectionCheckStore(connection),
    instances: instanceStore(connection),
  };
  for (const { model } of Object.values(store)) await model.createIndexes();
  return store;
}
export type Store = Awaited<ReturnType<typeof createStore>>;
