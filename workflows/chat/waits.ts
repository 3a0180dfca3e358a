/** One thing that the chat has asked of Zoom and not had yet. */
export interface Wait {
  /** In words for an operator, e.g. `post to the chat channel`. */
  what: string;
  /** Since when, ms. */
  since: number;
  /** What the last leg of tries ended with. Absent during the first one: then it may just be on its way. */
  why?: { type: string; message: string; /** ms */ at: number };
  /** When the next try is made, ms; absent while one is under way. */
  nextTryAt?: number;
}

/** What a leg of tries ended with, as far as the wait after it depends on it. */
export interface LegEnd {
  type: string;
  message: string;
  /** The pause that Zoom asked for, or that a repair takes, ms. */
  tryAgainInMs?: number;
}

/** How long one leg of tries takes; between legs the chat learns what keeps it waiting. */
export const legMs = {
  /** Short, so that an operator soon sees why a chat waits. */
  first: 30_000,
  /** Long: a leg costs a few events of history, and Zoom can be away for days. */
  later: 10 * 60_000,
  /** After `retryNow`: whoever asked for it waits for the answer. */
  askedFor: 12_000,
} as const;

/** How long a chat waits for one thing altogether; then a person has to look. */
export const patienceMs = 2 * 24 * 3_600_000;

/** Longest pause between two legs, ms, whatever was asked for: Zoom's daily limits end with the day. */
const longestPauseMs = 24 * 3_600_000;

/** ms to wait before the next leg. */
export function pauseAfter({ tryAgainInMs = 0 }: LegEnd): number {
  return Math.min(Math.max(0, tryAgainInMs), longestPauseMs);
}
