import { ZoomError, type ZoomErrorFields, type ZoomErrorKind } from './errors.ts';
import { headerValue, namedLimit, parseRetryAfter, rateLimitWait, type RateLimitAnswer } from './retry-after.ts';

/** An answer of Zoom's that is not a success, as much of it as the classification needs. */
export interface FailedAnswer {
  readonly operation: string;
  /** `oauth` for the token host, whose errors have another shape and other meanings. */
  readonly api: 'rest' | 'oauth';
  /** Whether the call changes something, so that an unclear outcome matters. */
  readonly write: boolean;
  readonly status: number;
  readonly headers: RateLimitAnswer['headers'];
  /** The parsed JSON body, or undefined when it was not JSON. */
  readonly body: unknown;
  /** The time now, in milliseconds since 1970. */
  readonly now: number;
}

/**
 * Turns a failed answer into a typed error, by status and Zoom's code together.
 *
 * Pure. Sources: the error tables of developers.zoom.us/docs/api/team-chat/, /docs/api/chatbot/, /docs/api/errors/ and
 * /docs/integrations/oauth/oauth-error-messages/.
 */
export function classifyZoomError(answer: FailedAnswer): ZoomError {
  const { status, operation, write, headers, now } = answer;
  const body = readErrorBody(answer.body);
  const kind = answer.api === 'oauth' ? oauthKind(status, body) : restKind(status, body, operation);
  const scopes = kind === 'scopeMissing' ? missingScopes(body.message) : [];
  const wait =
    kind === 'rateLimited'
      ? rateLimitWait({ headers, message: body.message, now })
      : kind === 'unavailable'
        ? parseRetryAfter(headerValue(headers, 'retry-after'), now)
        : undefined;
  return new ZoomError({
    kind,
    operation,
    status,
    code: body.code ?? body.oauthError,
    trackingId: trackingId(headers),
    retryable: isRetryable(kind, operation),
    ambiguous: write && (kind === 'unavailable' || kind === 'timeout'),
    retryAfterMs: wait,
    limit: kind === 'rateLimited' ? namedLimit({ headers, message: body.message }) : undefined,
    missingScopes: scopes.length > 0 ? scopes : undefined,
    detail: kind === 'malformedAnswer' ? 'redirected' : undefined,
  });
}

/**
 * A call that got no usable answer: time limit, connection fault, or an answer that is not what it should be.
 *
 * @param code the fault's name as Node gives it (`ECONNREFUSED`); decides whether the request can have reached Zoom.
 */
export function unansweredError(
  fields: Pick<ZoomErrorFields, 'operation' | 'status' | 'code' | 'trackingId' | 'detail'> & {
    readonly kind: 'timeout' | 'network' | 'malformedAnswer';
    readonly write: boolean;
  },
): ZoomError {
  const { write, ...rest } = fields;
  const neverSent = fields.kind === 'network' && NEVER_SENT.has(String(fields.code));
  return new ZoomError({ ...rest, retryable: true, ambiguous: write && !neverSent });
}

/** Faults that happen before a request leaves this machine: nothing can have taken effect. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Zoom's tracking id, if it looks like one: it goes into logs, so nothing else may come in by that header. */
export function trackingId(headers: RateLimitAnswer['headers']): string | undefined {
  const value = headerValue(headers, 'x-zm-trackingid');
  return value !== undefined && /^[\w.:;=+/-]{1,128}$/.test(value) ? value : undefined;
}

interface ErrorBody {
  readonly code?: number;
  readonly message: string;
  readonly oauthError?: string;
}

const OAUTH_ERRORS: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_client',
  'invalid_request',
  'invalid_scope',
  'invalid_token',
  'unauthorized_client',
  'unsupported_grant_type',
  'access_denied',
]);

/** Error bodies are read by hand and loosely: a second failure while reading a failure would hide the first. */
function readErrorBody(body: unknown): ErrorBody {
  if (typeof body !== 'object' || body === null) return { message: '' };
  const { code, errorCode, message, reason, error } = body as Record<string, unknown>;
  const number = Number(code ?? errorCode ?? Number.NaN);
  return {
    ...(Number.isInteger(number) ? { code: number } : {}),
    message: [message, reason].filter((text) => typeof text === 'string').join(' '),
    ...(typeof error === 'string' && OAUTH_ERRORS.has(error) ? { oauthError: error } : {}),
  };
}

/** Meanings that hold at any status: the pages disagree on the status of several, never on the number. */
const KIND_BY_CODE: ReadonlyMap<number, ZoomErrorKind> = new Map([
  [124, 'unauthorized'],
  [429, 'rateLimited'],
  [1001, 'userGone'],
  [1120, 'userGone'],
  [4130, 'channelGone'],
  [4700, 'unauthorized'],
  [4711, 'scopeMissing'],
  [4717, 'appDisabled'],
  [4724, 'unauthorized'],
  [4735, 'grantInvalid'],
  [4737, 'grantInvalid'],
  [4738, 'appDisabled'],
  [4740, 'unauthorized'],
  [4741, 'unauthorized'],
  [4100, 'forbidden'],
  [4101, 'forbidden'],
  [4400, 'channelGone'],
  [5301, 'refused'],
  [5407, 'notFound'],
  [5418, 'forbidden'],
  [5419, 'forbidden'],
  [5420, 'channelArchived'],
  [5421, 'forbidden'],
  [7001, 'invalidRequest'],
  [7002, 'invalidRequest'],
  [7003, 'botNotAllowed'],
  [7004, 'botNotAllowed'],
  [7010, 'unauthorized'],
  [8001, 'messageGone'],
]);

function restKind(status: number, { code, message }: ErrorBody, operation: string): ZoomErrorKind {
  const early = transportKind(status);
  if (early) return early;
  // The words decide here, not the number or the status: pages and recorded answers disagree on both (4700, 4711, 400, 401).
  if (/does not contain scopes/i.test(message)) return 'scopeMissing';
  if (code === 200) return 'forbidden';
  if (code === 300) return namesExistingChannel(operation, message) ? 'nameTaken' : 'invalidRequest';
  const known = code === undefined ? undefined : KIND_BY_CODE.get(code);
  if (known) return known;
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'notFound';
  return 'invalidRequest';
}

/** Code 300 is any invalid parameter; only Zoom's sentence tells a name clash from the rest. */
function namesExistingChannel(operation: string, message: string): boolean {
  return /^channels\.(create|update)$/.test(operation) && /exist|already|in use|taken|duplicate/i.test(message);
}

function oauthKind(status: number, { code, oauthError }: ErrorBody): ZoomErrorKind {
  const early = transportKind(status);
  if (early) return early;
  switch (code) {
    case 4717:
    case 4738:
      return 'appDisabled';
    case 4702:
    case 4704:
      return 'appCredentials';
    // 4711 on this host: the token's scopes no longer match the app's. Asking again cannot help, authorizing again does.
    case 4711:
    case 4733:
    case 4734:
    case 4735:
    case 4737:
    case 4740:
    case 4741:
      return 'grantInvalid';
    default:
  }
  switch (oauthError) {
    case 'invalid_grant':
    case 'invalid_token':
    case 'access_denied':
      return 'grantInvalid';
    case 'invalid_client':
    case 'unauthorized_client':
      return 'appCredentials';
    default:
  }
  if (code === 429) return 'rateLimited';
  // This host knows no bearer tokens: what it refuses with 401 is the app's own id and secret.
  return status === 401 ? 'appCredentials' : 'invalidRequest';
}

/** Kinds that the status alone decides. A 3xx is never followed: it would carry the token to another host. */
function transportKind(status: number): ZoomErrorKind | undefined {
  if (status === 429) return 'rateLimited';
  if (status >= 500) return 'unavailable';
  if (status === 408) return 'timeout';
  return status < 400 ? 'malformedAnswer' : undefined;
}

/**
 * Whether waiting can help. `refused` (5301) counts only for a send: a channel's burst limit may answer so, and lifts by
 * itself within 5 minutes.
 */
function isRetryable(kind: ZoomErrorKind, operation: string): boolean {
  switch (kind) {
    case 'rateLimited':
    case 'unavailable':
    case 'timeout':
    case 'network':
    case 'malformedAnswer':
      return true;
    case 'refused':
      return operation === 'messages.send';
    default:
      return false;
  }
}

/** The scopes named in "…does not contain scopes:[a, b]."; only what looks like a scope is taken. */
function missingScopes(message: string): string[] {
  const list = /does not contain scopes:?\s*\[?([^\]]*)/i.exec(message)?.[1] ?? '';
  return (list.match(/[a-z_]+(?::[a-z_]+)+/g) ?? []).slice(0, 20);
}
