import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/**
 * Typed search attributes: what an operator filters by in Temporal UI. Search attributes are never encrypted, so
 * only ids and states go here, never a name, an e-mail address or a visitor's words.
 */
export const searchAttributes = {
  /** Zoom account id of the tenant. */
  account: defineSearchAttributeKey('LiveChatAccount', SearchAttributeType.KEYWORD),
  /** A chat's or an install's state in one word, e.g. `waiting`, `active`, `ended`, `failed`. */
  status: defineSearchAttributeKey('LiveChatStatus', SearchAttributeType.KEYWORD),
  /** Zoom user ids of the agents who joined. */
  agents: defineSearchAttributeKey('LiveChatAgents', SearchAttributeType.KEYWORD_LIST),
  /** Zoom channel id of the chat channel. */
  channel: defineSearchAttributeKey('LiveChatChannel', SearchAttributeType.KEYWORD),
  /** While a chat is kept waiting by Zoom: what by, as a `FailureType`. Absent otherwise. */
  waitsFor: defineSearchAttributeKey('LiveChatWaitsFor', SearchAttributeType.KEYWORD),
};

/** Name → type as Temporal's command line and operator API spell them. */
export const searchAttributeTypes: Record<string, 'Keyword' | 'KeywordList'> = {
  LiveChatAccount: 'Keyword',
  LiveChatStatus: 'Keyword',
  LiveChatAgents: 'KeywordList',
  LiveChatChannel: 'Keyword',
  LiveChatWaitsFor: 'Keyword',
};
