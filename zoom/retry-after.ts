/**
 * How long Zoom asks us to wait. Zoom's page on rate limits names no headers today; older pages and recorded answers
 * show several, so all forms are read and none is needed (developers.zoom.us/docs/api/rate-limits/).
 */

const DAY_MS = 24 * 60 * 60 * 1000;

/** What a 429 says: its headers by any case of name, and Zoom's sentence. */
export interface RateLimitAnswer {
  readonly headers: Headers | Readonly<Record<string, string | undefined>>;
  readonly message?: string | undefined;
  /** The time now, in milliseconds since 1970. */
  readonly now: number;
}

/** One header, whatever the case of its name. */
export function headerValue(headers: RateLimitAnswer['headers'], name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const wanted = name.toLowerCase();
  return Object.entries(headers).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/**
 * Reads a Retry-After value: plain seconds, an ISO instant (`2020-05-31T00:00:00Z`) or an HTTP date.
 *
 * @returns milliseconds from `now`, at most a day (no limit of Zoom's lasts longer, and a wrong clock must not stop a
 *   chat for good); undefined when absent, unreadable or already past, so that the caller's own back-off applies.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseInstant(text) - now;
  return Number.isFinite(wait) && wait > 0 ? Math.min(Math.ceil(wait), DAY_MS) : undefined;
}

/**
 * Only the two date forms that Zoom or HTTP use: Date.parse alone would also take '-5' and other oddities for a date.
 */
function parseInstant(text: string): number {
  return /^\d{4}-\d{2}-\d{2}T|^[A-Za-z]{3},? /.test(text) ? Date.parse(text) : Number.NaN;
}

/**
 * Milliseconds to wait after a 429: what Retry-After says; else, for a daily limit, until 00:00 UTC; else undefined,
 * which means a per-second limit: back off from 1 s with jitter.
 */
export function rateLimitWait({ headers, message, now }: RateLimitAnswer): number | undefined {
  const asked = parseRetryAfter(headerValue(headers, 'retry-after'), now);
  if (asked !== undefined) return asked;
  const type = headerValue(headers, 'x-ratelimit-type') || message || '';
  return /\bdaily\b/i.test(type) ? DAY_MS - (now % DAY_MS) : undefined;
}
