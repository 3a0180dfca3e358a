/**
 * What can go wrong in a call to Zoom, in the words the rest of the app decides by.
 *
 * Zoom's `code` in an error body is its own number and often unrelated to the HTTP status (status 400 with code 200 is
 * "no permission"), so everything here branches on both. Zoom's `message` is read for the few words that decide a kind and
 * is then dropped: it may quote what we sent, and an error travels into logs and workflow histories. For the same reason a
 * ZoomError holds no URL, no headers, no body and no `cause`.
 *
 * Sources: developers.zoom.us/docs/api/errors/, /docs/api/rate-limits/, /docs/api/team-chat/, /docs/api/chatbot/ and
 * /docs/integrations/oauth/oauth-error-messages/.
 */

/** Every kind of failure, as a list so that it can be tested and documented exhaustively. */
export const ZOOM_ERROR_KINDS = [
  'rateLimited',
  'heldBack',
  'unavailable',
  'timeout',
  'network',
  'malformedAnswer',
  'unauthorized',
  'scopeMissing',
  'grantInvalid',
  'appCredentials',
  'appDisabled',
  'forbidden',
  'notFound',
  'invalidRequest',
  'refused',
  'nameTaken',
  'channelArchived',
  'channelGone',
  'userGone',
  'botNotAllowed',
  'messageGone',
] as const;

/**
 * - `rateLimited`: 429. Wait `retryAfterMs`, or back off from 1 s with jitter when it is absent.
 * - `heldBack`: our own limiter keeps the account's rate and let the call not go: nothing was sent. Wait `retryAfterMs`.
 * - `unavailable`: Zoom answered 5xx. `timeout`: no whole answer within the time limit. `network`: no answer at all.
 * - `malformedAnswer`: an answer that is not what Zoom's pages describe (not JSON, wrong shape, too large, a redirect).
 * - `unauthorized`: the token is invalid, expired or superseded; renew it and try once more.
 * - `scopeMissing`: the token lacks a scope (`missingScopes` when Zoom named them); someone must authorize again.
 * - `grantInvalid`: the authorization itself is gone (refresh token used or revoked, app removed, owner deleted).
 * - `appCredentials`: client id or secret are wrong. `appDisabled`: Zoom or an administrator disabled the app.
 * - `forbidden`: no permission on this thing. `notFound`: no such thing, not told apart further.
 * - `invalidRequest`: Zoom says that what we sent is wrong. `refused`: code 5301, a refusal without a reason.
 * - `nameTaken`: a channel of that name exists. `channelArchived`, `channelGone`, `userGone`, `messageGone`: as they say.
 * - `botNotAllowed`: chatbot 7003 or 7004: bot unknown to the account, not in that channel, or no such channel or user.
 */
export type ZoomErrorKind = (typeof ZOOM_ERROR_KINDS)[number];

/** What to do next, one sentence for each kind, written for the operator who reads it in a log or in Temporal's UI. */
const ADVICE: Record<ZoomErrorKind, string> = {
  rateLimited: "The Zoom account's rate limit is used up. Wait, then try again.",
  heldBack: 'The account is at the rate that its Zoom plan allows. The call is made by itself a little later.',
  unavailable: 'Zoom is failing. Try again later; see status.zoom.us.',
  timeout: 'Zoom did not answer in time. Try again; after a write, look first whether it took effect.',
  network: 'Zoom could not be reached. Check DNS, proxy and firewall, then try again.',
  malformedAnswer: 'The answer was not what Zoom documents. Check the configured Zoom addresses and any proxy between.',
  unauthorized: 'The access token is no longer valid. Get a new one and try again.',
  scopeMissing: 'Add the missing scope to the app on marketplace.zoom.us, then authorize the app again.',
  grantInvalid: 'The authorization is gone. The user has to add the app again.',
  appCredentials: 'Check the client id and client secret against the app on marketplace.zoom.us.',
  appDisabled: "The app is disabled. Enable it on marketplace.zoom.us or in the account's app management.",
  forbidden: "The user's role or membership does not allow this. Check channel membership and the role's chat rights.",
  notFound: 'Zoom does not know this. Check that it was not deleted.',
  invalidRequest:
    'Zoom rejected what was sent. This is an error in the app or its configuration; trying again will not help.',
  refused: 'Zoom refused without giving a reason. Look whether the change is there already.',
  nameTaken: 'A channel of this name exists. Choose another name.',
  channelArchived: 'The channel is archived. Unarchive it in Zoom, or use another channel.',
  channelGone: 'The channel does not exist any more. Use or create another one.',
  userGone: 'The user does not exist in this Zoom account, or never accepted the invitation to it.',
  botNotAllowed: 'The bot may not post there. Add the app to the channel in Zoom, and check the Bot JID.',
  messageGone: 'The message does not exist any more. Post a new one.',
};

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
  /** Whether the same call may succeed later with nothing else changed. */
  readonly retryable: boolean;
  /** Whether a write may have taken effect in spite of the error: look before writing again. */
  readonly ambiguous: boolean;
  /** Milliseconds to wait before the next try, when Zoom said so or its rules imply it. */
  readonly retryAfterMs?: number | undefined;
  /** Of a 429: which limit of the account it names. Absent when it does not tell; it can be a single channel's then. */
  readonly limit?: 'second' | 'daily' | undefined;
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
  readonly retryable: boolean;
  readonly ambiguous: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly limit?: 'second' | 'daily' | undefined;
  readonly missingScopes?: readonly string[] | undefined;
  readonly detail?: string | undefined;
  /** What to do next, one sentence for an operator. */
  readonly advice: string;

  constructor(fields: ZoomErrorFields) {
    super(describe(fields));
    this.kind = fields.kind;
    this.operation = fields.operation;
    this.retryable = fields.retryable;
    this.ambiguous = fields.ambiguous;
    this.advice = ADVICE[fields.kind];
    if (fields.status !== undefined) this.status = fields.status;
    if (fields.code !== undefined) this.code = fields.code;
    if (fields.trackingId !== undefined) this.trackingId = fields.trackingId;
    if (fields.retryAfterMs !== undefined) this.retryAfterMs = fields.retryAfterMs;
    if (fields.limit !== undefined) this.limit = fields.limit;
    if (fields.missingScopes !== undefined) this.missingScopes = fields.missingScopes;
    if (fields.detail !== undefined) this.detail = fields.detail;
  }
}

/** Whether `error` is a ZoomError, optionally of one of the given kinds. */
export function isZoomError(error: unknown, ...kinds: readonly ZoomErrorKind[]): error is ZoomError {
  return error instanceof ZoomError && (kinds.length === 0 || kinds.includes(error.kind));
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
  return `Zoom call ${fields.operation} failed: ${fields.kind}${list}. ${ADVICE[fields.kind]}`;
}
