import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ChatTimings } from '../../domain/chat-timings.ts';
import type { Attachment } from '../../domain/message.ts';
import type { PushTarget } from '../../domain/push.ts';
import type { Agent, ChatStatus } from '../../domain/transcript.ts';
import type { Page, Visitor } from '../../domain/visitor.ts';
import type { ByOperator } from '../operator-input.ts';

/*
 * What the chat's workflow is started with, takes and answers: the contract between it and whoever sends to it.
 */

/** Name of the workflow type, for whoever starts it without its code. */
export const chatWorkflowType = 'chat';

/** How a chat is started: by the visitor's first message, with signal-with-start. */
export interface ChatInput {
  chatId: string;
  /** Zoom account id of the tenant. */
  accountId: string;
  /** The website that the visitor is on: its inbound channel is where the chat's card goes. */
  widgetId: string;
  visitor: Visitor;
  /** The page the visitor wrote from. */
  page?: Page;
  timings: ChatTimings;
  /**
   * Continue as new after this many events, see `limits.eventsPerRun`. Default: when Temporal suggests it, at some
   * thousands.
   */
  continueAfterEvents?: number;
}

/** That an api instance holds sockets of the visitor: one connection for all of them, and through reloads. */
export interface VisitorConnection extends PushTarget {
  connectionId: string;
}

/**
 * What the visitor did. One signal for all of it, since Temporal keeps the order of signals only within one name: a
 * message and the end after it must arrive in that order.
 */
export type VisitorEvent =
  | {
      kind: 'message';
      /** Made by the widget: a repeat has the same one. */
      clientId: string;
      text: string;
      /** ms, the api's clock. */
      at: number;
      connection?: VisitorConnection;
    }
  /** `page` is where they are now. */
  | { kind: 'connected'; connection: VisitorConnection; page?: Page }
  | { kind: 'disconnected'; connectionId: string }
  /** They have gone to another page. */
  | { kind: 'page'; page: Page }
  /** They left an address to be answered at. */
  | { kind: 'email'; clientId: string; email: string; at: number }
  /** By the link in a mail: they want no more mails about this chat. */
  | { kind: 'mailStopped' }
  | { kind: 'ended' };
export const visitorSignal = defineSignal<[VisitorEvent]>('visitor');

/** Who wrote in a channel. */
export interface WriterRef {
  /** Zoom user id; empty for people outside the account. */
  userId: string;
  /** Id as a member of channels, of people without a user id. */
  memberId?: string;
}

/**
 * What happened in Zoom, as a verified webhook said it. One signal for all of it, for the same reason. `at` is in ms,
 * Zoom's clock; a press may have none.
 */
export type ZoomEvent =
  | { kind: 'joinPressed'; user: Agent; at?: number }
  | { kind: 'endPressed'; user: Agent; at?: number }
  | { kind: 'reopenPressed'; user: Agent; at?: number }
  /** A reply in a thread is to go to the visitor: the one that the note with this number is about. */
  | { kind: 'sendPressed'; noteNumber: number; user: Agent; at?: number }
  | ({
      kind: 'message';
      messageId: string;
      text: string;
      attachments?: Attachment[];
      /** It answers another message, in a thread. */
      isReply?: true;
      at: number;
    } & WriterRef)
  | ({ kind: 'edited'; messageId: string; text: string; at: number } & WriterRef)
  /** `by` where Zoom named no account: then it has to be somebody who speaks for the team. */
  | { kind: 'deleted'; messageId: string; at: number; by?: WriterRef }
  | { kind: 'agentLeft'; userId: string; at: number }
  /** The chat channel was deleted or archived in Zoom. */
  | { kind: 'channelGone' };
/**
 * With the channel it happened in, where it did in one: what comes from a channel that the chat has lost is ignored.
 */
export type ZoomSignal = ZoomEvent & { channelId?: string };
export const zoomSignal = defineSignal<[ZoomSignal]>('zoom');

/** Somebody has repaired something (settings, a grant, a channel): try at once what waits for Zoom. */
export const tryAgainSignal = defineSignal('tryAgain');

/** The chat may post its card: the inbound channel's workflow says so when it is the chat's turn. */
export const cardSlotSignal = defineSignal<[{ channelId: string }]>('cardSlot');

/** One thing that the chat asked of Zoom in vain, and what comes next. */
export interface Wait {
  /** In words for an operator, e.g. `a post to the chat channel`. */
  what: string;
  /** Since when, ms. */
  since: number;
  /** Type (`FailureType`, or `NoAnswer`) and message of the last failure. */
  why: { type: string; message: string };
  /** How often it was tried; each time is a retry window of several attempts. */
  tries: number;
  /** When it is tried again, ms. */
  nextTryAt: number;
}

/** Where the chat stands, without anybody's words. */
export interface ChatSnapshot {
  chatId: string;
  accountId: string;
  status: ChatStatus;
  agents: Agent[];
  channel?: { id: string; name: string };
  /** Highest `seq` given out, published (recorded in MongoDB, then pushed), and delivered to Zoom. */
  lastSeq: number;
  publishedSeq: number;
  deliveredSeq: number;
  /** Visitor messages not yet posted to the chat channel. */
  waitingForZoom: number;
  /** Api instances that hold sockets of the visitor, however many tabs there are. */
  openSockets: number;
  /** What Zoom keeps the chat waiting for; absent when nothing does. */
  waits?: Wait[];
}
export const getChatQuery = defineQuery<ChatSnapshot>('getChat');

/*
 * What operators send to a chat in Temporal UI, by hand: checked like everything from outside.
 */

export type EndChatInput = ByOperator | undefined;
/** End the chat from outside: refused if it has ended already. */
export const endChatUpdate = defineUpdate<ChatSnapshot, [EndChatInput]>('endChat');

export interface ReassignChatInput extends ByOperator {
  /** Zoom user id or e-mail address. */
  to: string;
}
export interface Reassigned {
  /** `done`: the new agent has the chat. `begun`: Zoom has not let the new agent in yet; the chat goes on trying. */
  outcome: 'done' | 'begun';
  agent?: Agent;
  /** Who had the chat before and has left it. */
  left: Agent[];
  /** Who is still a member of the chat channel, and why: what they write there reaches the visitor. */
  stillInChannel: { agent: Agent; why: string }[];
}
/** Give the chat to another member of the account. */
export const reassignChatUpdate = defineUpdate<Reassigned, [ReassignChatInput]>('reassignChat');

export type RetryNowInput = ByOperator | undefined;
export interface RetriedNow {
  /** What still waits after it was tried at once. */
  waits: Wait[];
}
/** Try at once what waits for Zoom. */
export const retryNowUpdate = defineUpdate<RetriedNow, [RetryNowInput]>('retryNow');
