import { ZoomError, type ZoomErrorFields, type ZoomErrorKind } from './errors.ts';
import { faultKind } from './faults.ts';
import { headerValue, parseRetryAfter, rateLimitWait, type RateLimitAnswer } from './retry-after.ts';

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

/** The shortest time for which Zoom blocks a channel that has had too many messages, ms. */
const shortestBlockMs = 10_000;

/** Makes a typed error of a failed answer. Pure. */
export function classifyZoomError(answer: FailedAnswer): ZoomError {
  const { status, operation, api, write, headers } = answer;
  const body = readErrorBody(answer.body);
  const kind = faultKind({ operation, api, status, ...body });
  const scopes = kind === 'scopeMissing' ? missingScopes(body.message) : [];
  return new ZoomError({
    kind,
    operation,
    status,
    code: body.code ?? body.oauthError,
    trackingId: trackingId(headers),
    ambiguous: write && (kind === 'unavailable' || kind === 'timeout'),
    retryAfterMs: waitOf(kind, answer, body.message),
    missingScopes: scopes.length > 0 ? scopes : undefined,
    detail: kind === 'malformedAnswer' ? 'redirected' : undefined,
  });
}

function waitOf(kind: ZoomErrorKind, { headers, now }: FailedAnswer, message: string): number | undefined {
  switch (kind) {
    case 'rateLimited':
      return rateLimitWait({ headers, message, now });
    case 'unavailable':
      return parseRetryAfter(headerValue(headers, 'retry-after'), now);
    case 'channelThrottled':
      return shortestBlockMs;
    default:
      return undefined;
  }
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
  return new ZoomError({ ...rest, ambiguous: write && !neverSent });
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

/** Error bodies are read by hand and loosely: a second failure while reading a failure would hide the first. */
function readErrorBody(body: unknown): ErrorBody {
  if (typeof body !== 'object' || body === null) return { message: '' };
  const { code, errorCode, message, reason, error } = body as Record<string, unknown>;
  const number = Number(code ?? errorCode ?? Number.NaN);
  return {
    ...(Number.isInteger(number) ? { code: number } : {}),
    message: [message, reason].filter((text) => typeof text === 'string').join(' '),
    // It goes into logs: only a word of the kind that OAuth has.
    ...(typeof error === 'string' && /^[a-z]{3,15}(_[a-z]{3,15}){1,3}$/.test(error) ? { oauthError: error } : {}),
  };
}

/** The scopes named in "…does not contain scopes:[a, b]."; only what looks like a scope is taken. */
function missingScopes(message: string): string[] {
  const list = /does not contain scopes:?\s*\[?([^\]]*)/i.exec(message)?.[1] ?? '';
  return (list.match(/[a-z_]+(?::[a-z_]+)+/g) ?? []).slice(0, 20);
}
