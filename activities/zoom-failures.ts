import { ApplicationFailure } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { failureTypes, type FailureType } from '../domain/failures.ts';
import { isZoomError, type ZoomErrorKind } from '../zoom/index.ts';
import { noteHeldBack } from './zoom-turns.ts';

/** What a kind of Zoom error means to a workflow. */
const typeOf: Record<ZoomErrorKind, FailureType> = {
  rateLimited: failureTypes.zoomUnavailable,
  heldBack: failureTypes.heldBack,
  unavailable: failureTypes.zoomUnavailable,
  timeout: failureTypes.zoomUnavailable,
  network: failureTypes.zoomUnavailable,
  malformedAnswer: failureTypes.zoomUnavailable,
  unauthorized: failureTypes.needsReconnect,
  scopeMissing: failureTypes.scopeMissing,
  grantInvalid: failureTypes.needsReconnect,
  appCredentials: failureTypes.zoomRefused,
  appDisabled: failureTypes.zoomRefused,
  forbidden: failureTypes.zoomRefused,
  notFound: failureTypes.zoomRefused,
  invalidRequest: failureTypes.zoomRefused,
  refused: failureTypes.zoomRefused,
  nameTaken: failureTypes.zoomRefused,
  channelArchived: failureTypes.channelGone,
  channelGone: failureTypes.channelGone,
  userGone: failureTypes.userGone,
  botNotAllowed: failureTypes.botNotAllowed,
  messageGone: failureTypes.messageGone,
};

/**
 * - `answer`: somebody watches (install): only what can succeed by itself is tried again.
 * - `wait`: a chat goes on: whatever a person can put right in Zoom is tried again, slowly, and only what concerns this
 *   one thing for good (its channel, its user, its message) ends.
 */
export type FailurePolicy = 'answer' | 'wait';

const goneForGood: ReadonlySet<FailureType> = new Set([
  failureTypes.channelGone,
  failureTypes.userGone,
  failureTypes.messageGone,
]);

/** Pause before trying again what a person has to put right first, ms. */
const repairDelayMs = 30_000;

/** A pause before the next try: for the server, and in the details for a workflow that does the trying itself. */
const after = (ms: number) => ({ nextRetryDelay: ms, details: [{ tryAgainInMs: ms }] });

/** Run calls to Zoom; what fails becomes a typed failure, retryable or not, with Zoom's own Retry-After where it gave one. */
export async function asZoomFailures<T>(policy: FailurePolicy, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toFailure(policy, error);
  }
}

function toFailure(policy: FailurePolicy, error: unknown): unknown {
  if (error instanceof ApplicationFailure) {
    if (policy === 'answer' || !error.nonRetryable || goneForGood.has(error.type as FailureType)) return error;
    return ApplicationFailure.create({
      message: error.message,
      ...(error.type ? { type: error.type } : {}),
      ...after(repairDelayMs),
    });
  }
  if (!isZoomError(error)) return error;
  // Held back after something else of the same attempt went through, the next attempt has to look what is there.
  const type = error.kind === 'heldBack' && !noteHeldBack() ? failureTypes.zoomUnavailable : typeOf[error.kind];
  const { message } = error;
  if (error.retryable) {
    return ApplicationFailure.create({
      message,
      type,
      ...(error.retryAfterMs === undefined ? {} : after(error.retryAfterMs)),
      // Waiting for one's turn is no error: no warning in the log for it.
      ...(error.kind === 'heldBack' ? { category: ApplicationFailureCategory.BENIGN } : {}),
    });
  }
  if (policy === 'wait' && !goneForGood.has(type)) {
    return ApplicationFailure.create({ message, type, ...after(repairDelayMs) });
  }
  return ApplicationFailure.create({ message, type, nonRetryable: true });
}
