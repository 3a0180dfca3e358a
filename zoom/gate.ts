import type { ZoomError } from './errors.ts';
import type { RateLabel } from './rates.ts';

/** A call of the REST API or the chatbot API that is about to be made. */
export interface GatedCall {
  /** Zoom account whose rate the call counts against. */
  readonly accountId: string;
  readonly label: RateLabel;
  /** Name of the call in our words. */
  readonly operation: string;
  /** Whether the call changes something. */
  readonly write: boolean;
}

/** To be called once, when the answer is there or will not come: without an error when Zoom did what was asked. */
export type Leave = (error?: ZoomError) => void;

/**
 * Every call whose account is known passes it. The OAuth endpoints do not: they are not under an account's limits.
 *
 * `enter` answers at once when the call may go at once, so that a gate costs an account that is not busy nothing.
 * @throws ZoomError `heldBack`, with `retryAfterMs`, when the call may not go now; nothing was sent.
 */
export interface CallGate {
  enter(call: GatedCall): Leave | Promise<Leave>;
}
