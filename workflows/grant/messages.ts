import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ByOperator } from '../operator-input.ts';

/** Name of the workflow type, for whoever starts it without its code. */
export const grantWorkflowType = 'grant';

/** The entity workflow of one Zoom user's grant. */
export interface GrantInput {
  zoomUserId: string;
  accountId: string;
  /**
   * Continue as new after this many events, see `limits.eventsPerRun`. Default: when Temporal suggests it, at some
   * thousands.
   */
  continueAfterEvents?: number;
}

/** The OAuth callback stored a new grant. */
export const grantedSignal = defineSignal('granted');
/**
 * The user removed the app in Zoom (`app_deauthorized`). `at`: when, ms; its webhook may come after the user has added
 * the app again. Without it, now.
 */
export const deauthorizedSignal = defineSignal<[{ accountId: string; at?: number }]>('deauthorized');

/**
 * "The token set `staleTokenSetId` does not work (any more): see that there is a newer one."
 * Answers whether there is one now. Single flight: all callers share one refresh.
 */
export const renewTokensUpdate = defineUpdate<{ renewed: boolean }, [{ staleTokenSetId: string }]>('renewTokens');

export interface GrantSnapshot {
  status: 'connected' | 'needsReconnect' | 'removed';
  refreshes: number;
}

export type AskToReconnectInput = ByOperator | undefined;
/** Ask the user once more, by the bot, to add the app again. For operators: refused unless that is what is missing. */
export const askToReconnectUpdate = defineUpdate<GrantSnapshot, [AskToReconnectInput]>('askToReconnect');
export const getGrantQuery = defineQuery<GrantSnapshot>('getGrant');
