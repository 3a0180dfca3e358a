import { workflowInfo } from '@temporalio/workflow';

/**
 * Whether this run has become so long that the next one should take over: by the limit that it was given, or by
 * Temporal's.
 */
export function runIsLong(continueAfterEvents = Infinity): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength > continueAfterEvents;
}
