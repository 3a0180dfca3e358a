/**
 * The types of failures that cross from an activity to a workflow. A workflow branches on these words, never on a
 * message.
 */
export const failureTypes = {
  /** Zoom refused and will refuse again: the request itself is wrong, or not allowed. */
  zoomRefused: 'ZoomRefused',
  /** Zoom refuses to show this one post for what is in it. */
  postRefused: 'PostRefused',
  /** A scope that this needs was not granted: the app must be added again. */
  scopeMissing: 'ScopeMissing',
  /** No grant of this account works any more: an administrator has to connect Zoom again. */
  needsReconnect: 'NeedsReconnect',
  /** Zoom does not let the bot into the channel: a member has to add the app to it. */
  botNotAllowed: 'BotNotAllowed',
  /** The channel was deleted or archived in Zoom. */
  channelGone: 'ChannelGone',
  /** The Zoom user does not exist any more, or is not active. */
  userGone: 'UserGone',
  /** Zoom's message (a card) does not exist any more. */
  messageGone: 'MessageGone',
  /** The account is not known here: it was removed. */
  accountUnknown: 'AccountUnknown',
  /** Zoom cannot be reached, is overloaded, or asks to wait: tried again by itself. */
  zoomUnavailable: 'ZoomUnavailable',
} as const;
export type FailureType = (typeof failureTypes)[keyof typeof failureTypes];

/** The types of failures of mails to visitors: nothing of Zoom's, so nothing else of a chat waits for them. */
export const mailFailureTypes = {
  /** The mail server will never take this mail: the address does not exist, or the mail is not wanted. */
  refused: 'MailRefused',
  /** The mail server did not take the mail this time, or did not answer: tried again by itself. */
  unavailable: 'MailUnavailable',
} as const;
