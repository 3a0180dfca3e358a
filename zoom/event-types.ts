import type { ZoomFile } from './messages.ts';

/** What Zoom's webhooks say, in the app's own words. Made by `normalizeEvent`. */

interface MessageEvent {
  /** Zoom account that the event is of; absent where Zoom named none, as for people of other accounts. */
  readonly accountId?: string | undefined;
  readonly channelId: string;
  readonly messageId: string;
  /** Zoom user id of the writer; absent for people of other accounts. */
  readonly operatorId?: string | undefined;
  /** Id of the writer as a member of channels, which people of other accounts have too. */
  readonly operatorMemberId?: string | undefined;
  /** Written by somebody of another account, as far as Zoom says: the older family of events does not. */
  readonly byOutsider: boolean;
  /** Written by a bot, the app's own or another app's. */
  readonly fromBot: boolean;
  /** Milliseconds since 1970. Order by this: events come late and out of order. */
  readonly timestamp: number;
}

/** A new message in a channel, a reply in a thread included. */
export interface ChannelMessageEvent extends MessageEvent {
  readonly kind: 'channelMessage';
  /** Absent when the message is only files. */
  readonly text?: string | undefined;
  /** It answers another message, in a thread. */
  readonly isReply: boolean;
  /** Always empty from the older family of events, which says nothing of files. */
  readonly files: readonly ZoomFile[];
}

/** A message's new text. Carries all of it, so applying it twice does no harm. `timestamp` is when it was changed. */
export interface ChannelMessageEditedEvent extends MessageEvent {
  readonly kind: 'channelMessageEdited';
  readonly text?: string | undefined;
}

/** A message was deleted. Its text is not kept here even where Zoom sends it. */
export interface ChannelMessageDeletedEvent extends MessageEvent {
  readonly kind: 'channelMessageDeleted';
}

/**
 * A button of one of the bot's cards was pressed. Trust `accountId` and what is stored for the chat, not `value`
 * alone.
 */
export interface ButtonPressedEvent {
  readonly kind: 'buttonPressed';
  readonly accountId: string;
  readonly userId: string;
  readonly userName?: string | undefined;
  readonly value: string;
  /** When it was pressed, milliseconds since 1970; absent where Zoom does not say it. */
  readonly at?: number | undefined;
}

/** A channel is gone (its messages too), archived, or back from the archive. */
export interface ChannelStateEvent {
  readonly kind: 'channelDeleted' | 'channelArchived' | 'channelUnarchived';
  readonly accountId?: string | undefined;
  /** Zoom user id of who did it. */
  readonly operatorId?: string | undefined;
  readonly channelId: string;
}

/** People who are no longer in a channel: those who left by themselves, or whom somebody removed. */
export interface MemberGoneEvent {
  readonly kind: 'memberLeft' | 'memberRemoved';
  readonly accountId?: string | undefined;
  /** Zoom user id of who did it. */
  readonly operatorId?: string | undefined;
  readonly channelId: string;
  /** Zoom user ids; people of other accounts have none. */
  readonly userIds: readonly string[];
  readonly timestamp?: number | undefined;
}

/** The bot was added to a channel, and may post there from now on. */
export interface BotAddedEvent {
  readonly kind: 'botAddedToChannel';
  readonly accountId?: string | undefined;
  readonly channelId: string;
}

/** The app was removed: tokens of this user, or of the whole account, are dead. Re-installing brings new ones. */
export interface AppDeauthorizedEvent {
  readonly kind: 'appDeauthorized';
  readonly accountId: string;
  readonly userId: string;
  /** The client id of the app that was removed. */
  readonly clientId?: string | undefined;
  readonly deauthorizedAt?: Date | undefined;
}

/** What happened, in the app's own words. */
export type ZoomEvent =
  | { readonly kind: 'urlValidation'; readonly plainToken: string }
  | ButtonPressedEvent
  | ChannelMessageEvent
  | ChannelMessageEditedEvent
  | ChannelMessageDeletedEvent
  | ChannelStateEvent
  | MemberGoneEvent
  | BotAddedEvent
  | AppDeauthorizedEvent
  /** An event that the app has no use for, or a message outside of channels. */
  | { readonly kind: 'ignored'; readonly event: string };

/** A body that could not be read. `problem` names paths, never values: safe to log. */
export interface EventFailure {
  readonly ok: false;
  /** `notAnEvent`: no event name, so not Zoom's. `malformed`: an event that the app reads, without what it needs. */
  readonly reason: 'notAnEvent' | 'malformed';
  readonly event?: string | undefined;
  readonly problem: string;
}

/** The outcome of `normalizeEvent`. */
export type NormalizedEvent = { readonly ok: true; readonly event: ZoomEvent } | EventFailure;
