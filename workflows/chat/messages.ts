import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { VisitorRoute } from '../../domain/delivery.ts';
import type { Agent, ChatStatus } from '../../domain/transcript.ts';
import type { Wait } from './waits.ts';

/** How a chat is started: by the visitor's first message, with signal-with-start. */
export interface ChatInput {
  chatId: string;
  /** Zoom account id of the tenant. */
  accountId: string;
  widgetId: string;
  visitor: { name: string; email?: string };
  /** The page the visitor wrote from. */
  page?: { url: string; title?: string };
  /** ms: how long a chat waits for a first agent before it counts as missed; how long a silent chat stays open. */
  timings: { missedAfterMs: number; idleEndMs: number };
  /**
   * Messages may take the short way, see `short-way.ts`. Said by whoever starts the chat, so that workers which do not know
   * that way yet are never given a chat that took it: first all workers are updated, then the apis.
   */
  shortWay?: boolean;
  /** Continue as new after this many events, see `limits.eventsPerRun`. Default: when Temporal suggests it, at some thousands. */
  continueAfterEvents?: number;
}

/**
 * That an api instance holds sockets of the visitor, and where it is reached: one connection for all of them, and through reloads.
 */
export interface VisitorConnection extends VisitorRoute {
  connectionId: string;
}

/**
 * What the visitor did. One signal for all of it, since Temporal keeps the order of signals only within one name: a
 * message and the end after it must arrive in that order.
 */
export type VisitorEvent =
  | {
      kind: 'message';
      clientId: string;
      text: string;
      /** ms, the api's clock */ at: number;
      connection?: VisitorConnection;
    }
  | { kind: 'connected'; connection: VisitorConnection }
  | { kind: 'disconnected'; connectionId: string }
  | { kind: 'ended' };
export const visitorSignal = defineSignal<[VisitorEvent]>('visitor');

/** What happened in Zoom, as a verified webhook told it. One signal for all of it, for the same reason. */
export type ZoomEvent =
  | { kind: 'joinPressed'; user: Agent }
  | { kind: 'endPressed'; user: Agent }
  | {
      kind: 'message';
      messageId: string;
      /** Zoom user id of the writer; empty for people outside the account. */
      userId: string;
      text: string;
      /** Names of attached files, which the visitor is told of. */
      files?: string[];
      /** ms, Zoom's clock. */
      at: number;
    }
  | { kind: 'edited'; messageId: string; text: string; at: number }
  | { kind: 'deleted'; messageId: string; at: number }
  | { kind: 'agentLeft'; userId: string; at: number }
  /** The chat channel was deleted or archived in Zoom. */
  | { kind: 'channelGone' };
/** With the channel it happened in, where it did in one: what comes from a channel that the chat has lost is passed over. */
export type ZoomSignal = ZoomEvent & { channelId?: string };
export const zoomSignal = defineSignal<[ZoomSignal]>('zoom');

/** Where the chat stands, without anybody's words. */
export interface ChatSnapshot {
  chatId: string;
  accountId: string;
  status: ChatStatus;
  agents: Agent[];
  channel?: { id: string; name: string };
  /** Highest `seq` given out, recorded in MongoDB, and delivered to Zoom. */
  lastSeq: number;
  recordedSeq: number;
  deliveredSeq: number;
  /** Visitor messages not yet taken by Zoom. */
  waitingForZoom: number;
  /** Api instances that hold sockets of the visitor, however many tabs there are. */
  openSockets: number;
  /** What Zoom keeps the chat waiting for; absent when nothing does. */
  waits?: Wait[];
}
export const getChatQuery = defineQuery<ChatSnapshot>('getChat');

// What operators send in Temporal UI is in operator-messages.ts.
export { endChatUpdate, reassignChatUpdate, retryNowUpdate } from './operator-messages.ts';
