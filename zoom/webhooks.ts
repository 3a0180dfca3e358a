import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether a webhook is Zoom's, and Zoom's check of our address. Pure: the clock comes in as an argument.
 * Source: developers.zoom.us/docs/api/webhooks/ ("Verify webhook events", "Validate your webhook endpoint").
 */

/** How far a signed timestamp may lie ahead of our clock, in milliseconds. */
const FUTURE_TOLERANCE_MS = 60_000;

/** Headers as Node gives them; names in any case. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * - `missing`: no signature or no timestamp: not from Zoom, or a proxy dropped the headers.
 * - `malformed`: one of them is not in Zoom's form.
 * - `mismatch`: signed by another secret, or the body is not byte for byte what was signed. If genuine events end
 *   here, the secret is wrong or something rewrites bodies; alarm.
 * - `stale`, `future`: rightly signed, but outside the window: a late retry, a replay, or a wrong clock.
 */
export type WebhookRefusal = 'missing' | 'malformed' | 'mismatch' | 'stale' | 'future';

/** The outcome of `verifyWebhook`. */
export type WebhookVerdict =
  | {
      readonly ok: true;
      /** When Zoom signed it. */
      readonly signedAt: Date;
      /** The same over all retries of one delivery: drop what was seen. */
      readonly requestId?: string | undefined;
    }
  | { readonly ok: false; readonly reason: WebhookRefusal };

/**
 * Verifies Zoom's signature: HMAC-SHA256 over `v0:<timestamp>:<raw body>`. The bytes must be those received; parsed
 * and printed again, a body differs in key order, numbers or escapes.
 *
 * The signature is checked before the age, so that `stale` says something about Zoom or our clock and not about a
 * forger.
 *
 * @param now milliseconds since 1970.
 * @param toleranceMs how old a signed timestamp may be. It is not documented whether a retry is signed anew, and Zoom
 *   tries again 5, 25 and 85 minutes after the first try: below that a late retry is lost, above it repeats are
 *   dropped by their id.
 * @throws TypeError when the secret is empty: everyone could sign with that.
 */
export function verifyWebhook(input: {
  readonly rawBody: Buffer;
  readonly headers: WebhookHeaders;
  readonly secretToken: string;
  readonly now: number;
  readonly toleranceMs: number;
}): WebhookVerdict {
  if (input.secretToken === '') throw new TypeError('The webhook secret token is empty');
  const timestamp = header(input.headers, 'x-zm-request-timestamp');
  const signature = header(input.headers, 'x-zm-signature');
  if (timestamp === undefined || signature === undefined) return { ok: false, reason: 'missing' };

  const given = /^v0=([0-9a-f]{64})$/i.exec(signature)?.[1];
  if (given === undefined || !/^\d{9,11}$/.test(timestamp)) return { ok: false, reason: 'malformed' };

  const expected = createHmac('sha256', input.secretToken).update(`v0:${timestamp}:`).update(input.rawBody).digest();
  if (!timingSafeEqual(expected, Buffer.from(given, 'hex'))) return { ok: false, reason: 'mismatch' };

  const signedAt = Number(timestamp) * 1000;
  const age = input.now - signedAt;
  if (age > input.toleranceMs) return { ok: false, reason: 'stale' };
  if (age < -FUTURE_TOLERANCE_MS) return { ok: false, reason: 'future' };
  const requestId = header(input.headers, 'x-zm-request-id');
  return { ok: true, signedAt: new Date(signedAt), ...(requestId === undefined ? {} : { requestId }) };
}

/** A header that is there once and not empty. Twice is as good as not there: which of them would be meant? */
function header(headers: WebhookHeaders, name: string): string | undefined {
  const values = Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
  return values.length === 1 && values[0] !== '' ? values[0] : undefined;
}

/** What Zoom expects back when it validates our address. */
export interface UrlValidationAnswer {
  readonly plainToken: string;
  readonly encryptedToken: string;
}

/**
 * The answer to `endpoint.url_validation`, or undefined when it must not be answered.
 *
 * Zoom asks for an HMAC by the same secret as the signatures. Who sends `v0:<time>:<body>` as the plain token would
 * get back a valid signature for any body they like; so only what looks like Zoom's tokens is signed: 16 to 64
 * URL-safe characters, no ':'.
 *
 * @throws TypeError when the secret is empty.
 */
export function urlValidationAnswer(plainToken: unknown, secretToken: string): UrlValidationAnswer | undefined {
  if (secretToken === '') throw new TypeError('The webhook secret token is empty');
  if (typeof plainToken !== 'string' || !/^[\w.~-]{16,64}$/.test(plainToken)) return undefined;
  return { plainToken, encryptedToken: createHmac('sha256', secretToken).update(plainToken).digest('hex') };
}
