import type { ZoomFile } from './messages.ts';

/** What Zoom's webhooks tell, in the app's own words. Made by `normalizeEvent`. */

/** Someone who acted in a channel. People of other accounts have only a member id. */
export interface Operator {
  readonly operatorId?: string | undefined;
  readonly operatorEmail?: string | undefined;
  readonly operatorMemberId?: string | undefined;
}

interface Deduped {
  /**
   * The same for every delivery of one happening: retries, two subscriptions, and both families of message events. Remember it
   * and drop repeats. Contains no text of anyone's.
   */
  readonly dedupeKey: string;
}

interface MessageEvent extends Operator, Deduped {
  /** Zoom account of the writer; for an outsider that of the channel's owner, when known. */
  readonly accountId?: string | undefined;
  readonly channelId: string;
  readonly messageId: string;
  /** Written by someone of another Zoom account. */
  readonly external: boolean;
  /** Written by the app's own bot; false when no Bot JID was given to compare with. */
  readonly fromBot: boolean;
  /** Milliseconds since 1970. Order by this: deliveries come late and out of order. */
  readonly timestamp: number;
}

/** A new message in a channel, a reply in a thread included. */
export interface ChannelMessageEvent extends MessageEvent {
  readonly kind: 'channelMessage';
  /** Absent when the message is only files. */
  readonly text?: string | undefined;
  /** Always empty from the older family of events, which tells nothing of files. */
  readonly files: readonly ZoomFile[];
  /** Id of the thread's first message, when this is a reply. */
  readonly replyTo?: string | undefined;
}

/** A message's new text. Carries all of it, so applying it twice does no harm. */
export interface ChannelMessageEditedEvent extends MessageEvent {
  readonly kind: 'channelMessageEdited';
  readonly text?: string | undefined;
  readonly files: readonly ZoomFile[];
}

/** A message was deleted. Its text is not kept here even where Zoom sends it. */
export interface ChannelMessageDeletedEvent extends MessageEvent {
  readonly kind: 'channelMessageDeleted';
}

/** A button of one of the bot's cards was pressed. Trust `accountId` and what is stored for the message, not `value` alone. */
export interface ButtonPressedEvent extends Deduped {
  readonly kind: 'buttonPressed';
  readonly accountId: string;
  readonly userId: string;
  readonly userJid: string;
  readonly userName?: string | undefined;
  readonly value: string;
  /** Should be the id that posting the card gave; fall back on `value` where it is not. */
  readonly messageId?: string | undefined;
  /** Where the card is: a channel's JID, or `{userJid}/robot_{botJid}` for the bot's one-to-one chat. */
  readonly toJid?: string | undefined;
  /** `toJid` when it is a channel's. */
  readonly channelJid?: string | undefined;
  readonly channelId?: string | undefined;
  readonly channelName?: string | undefined;
  /** For `bot.answerCallback`, once within 30 minutes. The token is secret. */
  readonly callbackUrl?: string | undefined;
  readonly callbackToken?: string | undefined;
  readonly timestamp?: number | undefined;
}

/** A channel is gone (its messages too), or archived. */
export interface ChannelClosedEvent extends Operator, Deduped {
  readonly kind: 'channelDeleted' | 'channelArchived';
  readonly accountId?: string | undefined;
  readonly channelId: string;
  readonly channelName?: string | undefined;
  readonly timestamp?: number | undefined;
}

/** People who are no longer in a channel. For `memberLeft` it is the operator himself. */
export interface MemberGoneEvent extends Operator, Deduped {
  readonly kind: 'memberLeft' | 'memberRemoved';
  readonly accountId?: string | undefined;
  readonly channelId: string;
  readonly channelName?: string | undefined;
  readonly members: readonly {
    readonly id?: string | undefined;
    readonly memberId?: string | undefined;
    readonly email?: string | undefined;
    readonly name?: string | undefined;
  }[];
  readonly timestamp?: number | undefined;
}

/** The bot was added to a channel, and may post there from now on. */
export interface BotAddedEvent extends Operator, Deduped {
  readonly kind: 'botAddedToChannel';
  readonly accountId?: string | undefined;
  readonly channelId: string;
  readonly channelName?: string | undefined;
  /** Ids of the added apps, bot JIDs without their domain; empty when Zoom names none. Compare with `isBot`. */
  readonly appIds: readonly string[];
  readonly timestamp?: number | undefined;
}

/** A user added the app (`botInstalled`), or wrote to the bot or used its slash command (`botCommand`). */
export interface BotContactEvent extends Deduped {
  readonly accountId: string;
  readonly userId?: string | undefined;
  readonly userJid?: string | undefined;
  readonly userName?: string | undefined;
  readonly timestamp?: number | undefined;
}
export interface BotInstalledEvent extends BotContactEvent {
  readonly kind: 'botInstalled';
}
export interface BotCommandEvent extends BotContactEvent {
  readonly kind: 'botCommand';
  /** What was typed after the command's name, or to the bot. */
  readonly text: string;
  /** Where to answer: a channel's JID or `{userJid}/robot_{botJid}`. */
  readonly toJid?: string | undefined;
  readonly channelId?: string | undefined;
  readonly channelName?: string | undefined;
}

/** The app was removed: tokens of this user, or of the whole account, are dead. Re-installing brings new ones. */
export interface AppDeauthorizedEvent extends Deduped {
  readonly kind: 'appDeauthorized';
  readonly accountId: string;
  readonly userId: string;
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
  | ChannelClosedEvent
  | MemberGoneEvent
  | BotAddedEvent
  | BotInstalledEvent
  | BotCommandEvent
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
