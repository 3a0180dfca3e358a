import { ApplicationFailure } from '@temporalio/activity';
import { failureTypes, type FailureType } from '../domain/failures.ts';
import { isTransient, isZoomError, type RefusalKind, type ZoomError, type ZoomErrorKind } from '../zoom/index.ts';
import { mayHaveActed } from './read-back.ts';

/** The one table of what a refusal of Zoom's means to a workflow. What may pass by itself is `ZoomUnavailable`. */
const typeOfRefusal: Record<RefusalKind, FailureType> = {
  unauthorized: failureTypes.needsReconnect,
  grantInvalid: failureTypes.needsReconnect,
  scopeMissing: failureTypes.scopeMissing,
  appCredentials: failureTypes.zoomRefused,
  appDisabled: failureTypes.zoomRefused,
  forbidden: failureTypes.zoomRefused,
  notFound: failureTypes.zoomRefused,
  invalidRequest: failureTypes.zoomRefused,
  refused: failureTypes.zoomRefused,
  nameTaken: failureTypes.zoomRefused,
  contentRefused: failureTypes.postRefused,
  channelArchived: failureTypes.channelGone,
  channelGone: failureTypes.channelGone,
  userGone: failureTypes.userGone,
  botNotAllowed: failureTypes.botNotAllowed,
  messageGone: failureTypes.messageGone,
};

/** What a workflow branches on. */
export function failureTypeOf(kind: ZoomErrorKind): FailureType {
  return isTransient(kind) ? failureTypes.zoomUnavailable : typeOfRefusal[kind];
}

/** The longest pause that an activity's own retries keep, ms. A longer one is a timer of the workflow's. */
const longestPauseMs = 20_000;

/** What a failure of Zoom's carries beside its type, as the only element of `details`. */
export interface ZoomFailureDetails {
  /** Zoom asks for this pause before the next try, ms. */
  tryAgainInMs?: number;
  /** It is certain that the activity has changed nothing in Zoom: the next one need not look for what it did. */
  nothingDone?: true;
}

/**
 * Run calls to Zoom. What fails becomes a typed failure. What may pass by itself is tried again by the activity's own
 * retries, with Zoom's Retry-After where it is short; what asks for a long pause or for a repair ends the activity,
 * and its workflow decides.
 * @param firstTriedAt as the activity's input has it.
 */
export async function asZoomFailures<T>(run: () => Promise<T>, firstTriedAt?: number): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw isZoomError(error) ? toFailure(error, firstTriedAt) : error;
  }
}

function toFailure(error: ZoomError, firstTriedAt: number | undefined): ApplicationFailure {
  const { kind, message, retryAfterMs } = error;
  const nonRetryable = !isTransient(kind) || (retryAfterMs ?? 0) > longestPauseMs;
  const details: ZoomFailureDetails = {
    ...(retryAfterMs === undefined ? {} : { tryAgainInMs: retryAfterMs }),
    ...(error.ambiguous || mayHaveActed(firstTriedAt) ? {} : { nothingDone: true }),
  };
  return ApplicationFailure.create({
    message,
    type: failureTypeOf(kind),
    nonRetryable,
    details: [details],
    ...(nonRetryable || retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
  });
}
