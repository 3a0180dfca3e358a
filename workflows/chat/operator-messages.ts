import { defineUpdate } from '@temporalio/workflow';
import type { Agent } from '../../domain/transcript.ts';
import type { ByOperator } from '../operator-input.ts';
import type { ChatSnapshot } from './messages.ts';
import type { Wait } from './waits.ts';

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
  /**
   * `done`: the new agent has the chat. `begun`: the chat has no channel yet and Zoom has not let the agent in so far; the
   * chat goes on trying, as after Join Chat.
   */
  outcome: 'done' | 'begun';
  agent: Agent;
  /** Who had the chat before and has left it. */
  left: Agent[];
  /** Who is still a member of the chat channel, and why: what they write there reaches the visitor. */
  stillInChannel: { agent: Agent; why: string }[];
}
/** Give the chat to another member of the account. */
export const reassignChatUpdate = defineUpdate<Reassigned, [ReassignChatInput]>('reassignChat');

export type RetryNowInput = ByOperator | undefined;
export interface RetriedNow {
  /** What was tried at once and is settled. */
  settled: string[];
  /** What waits on, and what by. */
  waits: Wait[];
}
/** Try at once what waits for Zoom. */
export const retryNowUpdate = defineUpdate<RetriedNow, [RetryNowInput]>('retryNow');
