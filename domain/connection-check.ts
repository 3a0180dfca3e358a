import type { FailureType } from './failures.ts';
import type { MissingScope } from './missing-scope.ts';

/**
 * The connection check: what is proven of an account's Zoom app, step by step. Workflow code loads this file, so it
 * imports no library.
 */

/** The steps, in their order. */
export const connectionCheckSteps = [
  'token',
  'scopes',
  'channel',
  'post',
  'echo',
  'word',
  'press',
  'createChannel',
  'postInChannel',
  'readBack',
  'removeChannel',
] as const;
export type ConnectionCheckStep = (typeof connectionCheckSteps)[number];

/**
 * `waiting`: for somebody to do something in Zoom. `noted`: live chat works, and something is to be known. `skipped`:
 * by somebody, or because a step before it has failed.
 */
export type CheckStepState = 'pending' | 'running' | 'waiting' | 'passed' | 'noted' | 'failed' | 'skipped';

/**
 * What came out of a step, for the page to put into words; a failure is called by its type.
 *
 * - `ok`: as it should be.
 * - `scopesMissing`: Zoom has not granted something that live chat needs. `optionalScopesMissing`: something that it
 *   works without. `scopesUnknown`: Zoom has not said what it granted.
 * - `notListed`: Zoom does not list the inbound channel for any connected member.
 * - `echoed`, `notEchoed`: whether an event about the bot's own post arrived.
 * - `nothingArrived`: no event about the word, or no press.
 * - `byBot`, `byOwner`: who could post in the private channel.
 * - `notFound`: a post is not in the channel's history.
 * - `leftBehind`: the private channel could not be removed, for want of the permission.
 * - `dismissed`: somebody skipped it. `blocked`: a step before it has failed.
 */
export type CheckOutcome =
  | 'ok'
  | 'scopesMissing'
  | 'optionalScopesMissing'
  | 'scopesUnknown'
  | 'notListed'
  | 'echoed'
  | 'notEchoed'
  | 'nothingArrived'
  | 'byBot'
  | 'byOwner'
  | 'notFound'
  | 'leftBehind'
  | 'dismissed'
  | 'blocked'
  | 'noAnswer'
  | FailureType;

/** One step, as the page and operators see it. */
export interface CheckStepView {
  id: ConnectionCheckStep;
  state: CheckStepState;
  outcome?: CheckOutcome;
  /** Of a failure: the sentence of the call that failed, which holds no name and no text of anybody's. */
  detail?: string;
  /** Zoom user id of who wrote the word or pressed the button; empty for somebody whom Zoom does not name. */
  by?: string;
  /** Until when somebody is waited for, ms since 1970. */
  until?: number;
  missingScopes?: MissingScope[];
  /** What somebody can say to it now. */
  choices?: CheckChoice[];
}

/** Where a connection check stands. */
export interface ConnectionCheckProgress {
  status: 'running' | 'done';
  /** ms since 1970. */
  startedAt: number;
  /** What somebody is to write in the inbound channel. */
  word: string;
  /** The inbound channel, once it is known. */
  channel?: { name: string; url: string };
  /** The private channel that the check has made, as long as it is there. */
  privateChannel?: { name: string; url: string };
  steps: CheckStepView[];
}

/** What somebody can say to a step: try it again, leave it out, or that they did their part and nothing happened. */
export const checkChoices = ['retry', 'skip', 'nothingHappened'] as const;
export type CheckChoice = (typeof checkChoices)[number];

/** Answer of `GET` and `POST /api/connection-check`. */
export interface ConnectionCheckData {
  /** Whether this member may run it: the owner or an administrator in Zoom. */
  mayRun: boolean;
  /** The check that runs, or the last one; null when none is known. */
  check: ConnectionCheckProgress | null;
  /** Names of the members who wrote and pressed, by their Zoom user ids. */
  names: Record<string, string>;
  /** Where Zoom has to send events and presses to. */
  endpoints: { events: string; bot: string };
}

/** How soon every api process knows of a check that begins, ms. */
export const checkKnownWithinMs = 1_000;

/** Whether what was written has the word in it, however it is spaced and capitalised. */
export function saysWord(text: string, word: string): boolean {
  return text.toLowerCase().replace(/\s+/g, ' ').includes(word);
}
