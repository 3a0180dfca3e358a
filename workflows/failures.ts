import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import { failureTypes, type FailureType } from '../domain/failures.ts';

/**
 * The {@link FailureType} an activity or child workflow failed with, or undefined for any other failure (timeouts
 * …).
 */
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

/** What a failure says beside its type: the first of its details, if there are any. */
function detailOf(error: unknown, name: 'tryAgainInMs' | 'nothingDone'): unknown {
  const [detail] = failureCause(error)?.details ?? [];
  return typeof detail === 'object' && detail !== null ? (detail as Record<string, unknown>)[name] : undefined;
}

/** The pause that Zoom asks for before another try, ms, if it does. */
export function tryAgainInMs(error: unknown): number | undefined {
  const ms = detailOf(error, 'tryAgainInMs');
  return typeof ms === 'number' ? ms : undefined;
}

/** Whether it is certain that nothing was changed in Zoom. */
export function nothingDone(error: unknown): boolean {
  return detailOf(error, 'nothingDone') === true;
}

/** What stands in the way and what helps, in our own words: safe to show where a failure's message may not be. */
export function failureWords(error: unknown): { why: string; helps: string } {
  return wordsOfType(failureType(error) ?? noAnswer);
}

/** A failure of no type: a time limit, or a program that does not answer. */
export const noAnswer = 'NoAnswer';

/** By the type of a failure, or `noAnswer`. */
export function wordsOfType(type: string): { why: string; helps: string } {
  return type in words ? words[type as FailureType] : words.noAnswer;
}

/**
 * Why something failed, for an operator's page that shows no names: with the message where it is one of ours, which
 * hold none.
 */
export function reasonOf(type: string, message: string): string {
  const { why } = wordsOfType(type);
  return Object.values<string>(failureTypes).includes(type) ? `${why} (${type}): ${message}` : `${why} (${type})`;
}

const byItself = 'Nothing need be done: it is tried again by itself.';
const words: Record<FailureType | 'noAnswer', { why: string; helps: string }> = {
  [failureTypes.zoomRefused]: {
    why: 'Zoom refuses this',
    helps: 'See the failure of the activity for what Zoom says, and put it right.',
  },
  [failureTypes.postRefused]: {
    why: 'Zoom refuses to show this post',
    helps: 'Nothing need be done: the channel gets a note in its place, and the words are in the transcript.',
  },
  [failureTypes.scopeMissing]: {
    why: 'A scope has not been granted to the app',
    helps: 'Tick it in the app’s settings on marketplace.zoom.us; then an administrator adds the app again.',
  },
  [failureTypes.needsReconnect]: {
    why: 'Nobody in the Zoom account has an authorization that works',
    helps: 'Somebody of the account adds the app again; see its grant workflow.',
  },
  [failureTypes.botNotAllowed]: {
    why: 'Zoom does not let the bot into the channel',
    helps: 'A member of the channel opens it in Zoom and adds the app to it.',
  },
  [failureTypes.channelGone]: { why: 'The channel is not there in Zoom any more', helps: 'Choose another channel.' },
  [failureTypes.userGone]: {
    why: 'Zoom knows no active member of the account by that id or e-mail address',
    helps: 'Look the person up in Zoom.',
  },
  [failureTypes.messageGone]: { why: 'The message is not there in Zoom any more', helps: byItself },
  [failureTypes.accountUnknown]: {
    why: 'The account has no set-up here, or no inbound channel',
    helps: 'An administrator of the account finishes the install, or chooses a channel in the settings.',
  },
  [failureTypes.zoomUnavailable]: { why: 'Zoom is away, overloaded, or asks to wait', helps: byItself },
  noAnswer: { why: 'No attempt came to an end in time', helps: 'See whether workers, MongoDB and Zoom are there.' },
};
