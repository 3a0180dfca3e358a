import { defineQuery, defineSignal } from '@temporalio/workflow';

/*
 * What the workflow of an inbound channel is started with, takes and answers.
 */

/** Name of the workflow type, for whoever starts it without its code. */
export const inboundWorkflowType = 'inbound';

/** How it is started: by the first chat that asks for a slot, with signal-with-start. */
export interface InboundInput {
  /** Zoom account id of the tenant. */
  accountId: string;
  /** The inbound channel. */
  channel: { id: string; jid: string };
  /** Continue as new after this many events, see `limits.eventsPerRun`. */
  continueAfterEvents?: number;
}

/**
 * What a chat says to the inbound channel that its card is to go to. One signal for all of it, since Temporal keeps the
 * order of signals only within one name.
 *
 * - `asked`: the chat asks for a slot. Again is harmless. `since`: since when it has been asking for an agent, ms.
 * - `remind`: a visitor has waited for a while: the team is to be reminded of all who do.
 * - `withdrawn`: it does not need one any more: its visitor has gone, or the card goes to another channel.
 */
export type InboundEvent =
  { kind: 'asked'; chatId: string; since: number } | { kind: 'remind' } | { kind: 'withdrawn'; chatId: string };
export const inboundSignal = defineSignal<[InboundEvent]>('inbound');

/** Where the inbound channel stands. */
export interface InboundSnapshot {
  /** Ids of the chats that wait for a slot, in the order in which they get one. */
  waiting: string[];
  /** ms until the next slot; 0 when there is one. */
  nextSlotInMs: number;
}
export const getInboundQuery = defineQuery<InboundSnapshot>('getInbound');
