import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { CheckChoice, ConnectionCheckProgress, ConnectionCheckStep } from '../../domain/connection-check.ts';

/** Name of the workflow type, for whoever starts it without its code. */
export const connectionCheckWorkflowType = 'connectionCheck';

export interface ConnectionCheckInput {
  accountId: string;
  /** The administrator who started it. */
  zoomUserId: string;
}

/**
 * What Zoom has sent to the api while the check runs.
 *
 * - `echo`: an event about a post of the app's bot in the inbound channel.
 * - `word`: somebody has written the word there.
 * - `press`: somebody has pressed the button of the card of this check.
 *
 * `userId`: their Zoom user id; empty for somebody whom Zoom does not name.
 */
export type CheckEvent =
  | { kind: 'echo'; checkId: string }
  | { kind: 'word'; checkId: string; userId: string }
  | { kind: 'press'; checkId: string; userId: string };
export const checkEventSignal = defineSignal<[CheckEvent]>('checkEvent');

/** What somebody chose on the page. Passed over when the step has no such choice now: the page was behind. */
export interface CheckChosen {
  step: ConnectionCheckStep;
  choice: CheckChoice;
}
export const checkChoiceSignal = defineSignal<[CheckChosen]>('checkChoice');

export const getConnectionCheckQuery = defineQuery<ConnectionCheckProgress>('getConnectionCheck');
