import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import type { FailureType } from '../domain/failures.ts';

/** The {@link FailureType} an activity or child workflow failed with, or undefined for any other failure (timeouts …). */
export function failureType(error: unknown): FailureType | undefined {
  const cause = failureCause(error);
  return cause ? (cause.type as FailureType) : undefined;
}

/** The sentence of the failure behind `error`, written for a person. */
export function failureMessage(error: unknown): string {
  const cause = failureCause(error);
  if (cause) return cause.message;
  return error instanceof Error ? error.message : String(error);
}

function failureCause(error: unknown): ApplicationFailure | undefined {
  let current: unknown = error;
  while (current instanceof ActivityFailure || current instanceof ChildWorkflowFailure) current = current.cause;
  return current instanceof ApplicationFailure ? current : undefined;
}

/** The pause that the failure asks for before another try, ms, if it does: a failure's own delay stays with the server. */
export function tryAgainInMs(error: unknown): number | undefined {
  const [detail] = failureCause(error)?.details ?? [];
  if (typeof detail !== 'object' || detail === null || !('tryAgainInMs' in detail)) return undefined;
  return typeof detail.tryAgainInMs === 'number' ? detail.tryAgainInMs : undefined;
}
