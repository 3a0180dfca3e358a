/**
 * What can go wrong in a call to Zoom, in the words the rest of the app decides by; faults.ts says which answer means
 * what.
 *
 * Zoom's `message` is read for the few words that decide a kind and is then dropped: it may quote what was sent, and
 * an error travels into logs and workflow histories. For the same reason a ZoomError holds no URL, no headers, no
 * body and no `cause`.
 */

/**
 * Kinds that may pass by themselves, each with what helps, for the operator who reads it in a log or in Temporal UI.
 */
const transientKinds = {
  /** 429. Wait `retryAfterMs`, or back off from 1 s with jitter when it is absent. */
  rateLimited: "The Zoom account's rate limit is used up. Wait, then try again.",
  /** Too many messages in one channel within a short time: Zoom blocks the channel for 10 s to 5 minutes. */
  channelThrottled: 'Zoom blocks the channel for a while, since it has had many messages. Wait, then try again.',
  /** Zoom answered 5xx. */
  unavailable: 'Zoom is failing. Try again later; see status.zoom.us.',
  /** No whole answer within the time limit. */
  timeout: 'Zoom did not answer in time. Try again; after a write, look first whether it took effect.',
  /** No answer at all. */
  network: 'Zoom could not be reached. Check DNS, proxy and firewall, then try again.',
  /** An answer that is not what Zoom's pages describe: not JSON, wrong shape, too large, a redirect. */
  malformedAnswer: 'The answer was not what Zoom documents. Check the configured Zoom addresses and any proxy between.',
} as const;

/** Kinds that stay so until somebody changes something. */
const refusalKinds = {
  /** The token is invalid, expired or superseded. */
  unauthorized: 'The access token is no longer valid. Get a new one and try again.',
  /** The token lacks a scope: `missingScopes` when Zoom named them. */
  scopeMissing: 'Add the missing scope to the app on marketplace.zoom.us, then authorize the app again.',
  /** The authorization itself is gone: refresh token used or revoked, app removed, owner deleted. */
  grantInvalid: 'The authorization is gone. The user has to add the app again.',
  appCredentials: 'Check the client id and client secret against the app on marketplace.zoom.us.',
  /** Zoom or an administrator disabled the app. */
  appDisabled: "The app is disabled. Enable it on marketplace.zoom.us or in the account's app management.",
  forbidden: "The user's role or membership does not allow this. Check channel membership and the role's chat rights.",
  /** No such thing, not set apart further. */
  notFound: 'Zoom does not know this. Check that it was not deleted.',
  invalidRequest:
    'Zoom rejected what was sent. This is an error in the app or its configuration; trying again will not help.',
  /** A post or a card that Zoom does not accept for what is in it. */
  contentRefused: 'Zoom does not accept what is in this message. Others are not concerned.',
  /** Code 5301, a refusal without a reason. */
  refused: 'Zoom refused without giving a reason. Look whether the change is there already.',
  nameTaken: 'A channel of this name exists. Choose another name.',
  channelArchived: 'The channel is archived. Unarchive it in Zoom, or use another channel.',
  channelGone: 'The channel does not exist any more. Use or create another one.',
  userGone: 'The user does not exist in this Zoom account, or never accepted the invitation to it.',
  /** The bot is unknown to the account, or not in that channel, or there is no such channel or user. */
  botNotAllowed: 'The bot may not post there. Add the app to the channel in Zoom, and check the Bot JID.',
  messageGone: 'The message does not exist any more. Post a new one.',
} as const;

export type TransientKind = keyof typeof transientKinds;
export type RefusalKind = keyof typeof refusalKinds;
export type ZoomErrorKind = TransientKind | RefusalKind;

const advice: Record<ZoomErrorKind, string> = { ...transientKinds, ...refusalKinds };

/** Every kind, for metrics and exhaustive tests. */
export const ZOOM_ERROR_KINDS = Object.keys(advice) as readonly ZoomErrorKind[];

/** What a ZoomError is made of. Nothing in it may come from a token, a message text or an address. */
export interface ZoomErrorFields {
  readonly kind: ZoomErrorKind;
  /** Name of the call in our words, such as `messages.send`; never a URL. */
  readonly operation: string;
  /** HTTP status; absent when there was no answer. */
  readonly status?: number | undefined;
  /** Zoom's own number, or the OAuth error word, or the name of a network fault such as `ECONNRESET`. */
  readonly code?: number | string | undefined;
  /** Zoom's `x-zm-trackingid`, which its support asks for. */
  readonly trackingId?: string | undefined;
  /** Whether a write may have taken effect in spite of the error: look before writing again. */
  readonly ambiguous: boolean;
  /** Milliseconds to wait before the next try, when Zoom said so or its rules imply it. */
  readonly retryAfterMs?: number | undefined;
  /** Scopes that Zoom named as missing. */
  readonly missingScopes?: readonly string[] | undefined;
  /** What was wrong with the answer or the request, in our own fixed words. */
  readonly detail?: string | undefined;
}

/** A failed call to Zoom. Safe to log, serialize and store: see the top of this file. */
export class ZoomError extends Error implements ZoomErrorFields {
  override readonly name = 'ZoomError';
  readonly kind: ZoomErrorKind;
  readonly operation: string;
  readonly status?: number | undefined;
  readonly code?: number | string | undefined;
  readonly trackingId?: string | undefined;
  readonly ambiguous: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly missingScopes?: readonly string[] | undefined;
  readonly detail?: string | undefined;
  /** Whether the same call may succeed later with nothing else changed. */
  readonly retryable: boolean;
  /** What to do next, one sentence for an operator. */
  readonly advice: string;

  constructor(fields: ZoomErrorFields) {
    super(describe(fields));
    this.kind = fields.kind;
    this.operation = fields.operation;
    this.ambiguous = fields.ambiguous;
    this.retryable = isTransient(fields.kind);
    this.advice = advice[fields.kind];
    if (fields.status !== undefined) this.status = fields.status;
    if (fields.code !== undefined) this.code = fields.code;
    if (fields.trackingId !== undefined) this.trackingId = fields.trackingId;
    if (fields.retryAfterMs !== undefined) this.retryAfterMs = fields.retryAfterMs;
    if (fields.missingScopes !== undefined) this.missingScopes = fields.missingScopes;
    if (fields.detail !== undefined) this.detail = fields.detail;
  }
}

/** Whether `error` is a ZoomError, optionally of one of the given kinds. */
export function isZoomError(error: unknown, ...kinds: readonly ZoomErrorKind[]): error is ZoomError {
  return error instanceof ZoomError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** Whether a failure of this kind may pass by itself. */
export function isTransient(kind: ZoomErrorKind): kind is TransientKind {
  return kind in transientKinds;
}

function describe(fields: ZoomErrorFields): string {
  const facts = [
    fields.status === undefined ? undefined : `HTTP ${fields.status}`,
    fields.code === undefined ? undefined : `code ${fields.code}`,
    fields.detail,
    fields.missingScopes?.length ? `missing ${fields.missingScopes.join(', ')}` : undefined,
    fields.trackingId === undefined ? undefined : `tracking id ${fields.trackingId}`,
  ].filter((fact) => fact !== undefined);
  const list = facts.length > 0 ? ` (${facts.join(', ')})` : '';
  return `Zoom call ${fields.operation} failed: ${fields.kind}${list}. ${advice[fields.kind]}`;
}
