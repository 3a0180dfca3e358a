import type { ZoomError } from './errors.ts';

/** One finished call, for metrics and logs. Holds nothing secret and no text of anyone's. */
export interface ZoomCall {
  /** Name of the call in our words, such as `messages.send`. */
  readonly operation: string;
  /** HTTP status; absent when there was no answer. */
  readonly status?: number | undefined;
  readonly durationMs: number;
  readonly trackingId?: string | undefined;
  readonly error?: ZoomError | undefined;
}

/** Everything the client needs to know; values come from the caller, never from the environment. */
export interface ZoomAppOptions {
  /** Base of the REST API with its version, `https://api.zoom.us/v2`. */
  readonly apiUrl: string;
  /** Base of the OAuth endpoints, `https://zoom.us/oauth`. */
  readonly oauthUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The app's Bot JID, `v1…@xmpp.zoom.us`, from the Team Chat surface page of the app. */
  readonly botJid: string;
  /** Longest time for a whole call, answer included, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Largest answer that is read, in bytes. Default 2 MiB. */
  readonly maxAnswerBytes?: number | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The time now in milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
  /** Called after every call that was made, whatever its outcome; what it throws is ignored. */
  readonly onCall?: ((call: ZoomCall) => void) | undefined;
}

/** Default of `timeoutMs`. */
export const DEFAULT_TIMEOUT_MS = 10_000;
/** Default of `maxAnswerBytes`. */
export const DEFAULT_MAX_ANSWER_BYTES = 2 * 1024 * 1024;

/**
 * Where a user's calls go: the region that the token answer named (`api_url`), if it may be trusted with the token,
 * else the configured base. Trusted are the configured host itself, and `*.zoom.us` over https when the configured
 * host is of zoom.us too: a token answer must never send calls, and tokens, elsewhere, nor past a proxy that was
 * configured.
 *
 * Zoom gives the region without the version (`https://api-us.zoom.us`), so the configured path is added to a bare
 * host. Source: developers.zoom.us/docs/api/using-zoom-apis/ ("api_url").
 */
export function regionalApiUrl(configured: string, regional: string | undefined): string {
  if (!regional || !URL.canParse(regional)) return configured;
  const base = new URL(configured);
  const region = new URL(regional);
  const sameHost = region.host === base.host && region.protocol === base.protocol;
  const otherZoomHost =
    isZoomHost(base.hostname) && isZoomHost(region.hostname) && region.protocol === 'https:' && !region.port;
  if ((!sameHost && !otherZoomHost) || region.username || region.password) return configured;
  const path = region.pathname.replace(/\/+$/, '');
  return `${region.origin}${path === '' ? base.pathname.replace(/\/+$/, '') : path}`;
}

function isZoomHost(hostname: string): boolean {
  return hostname === 'zoom.us' || hostname.endsWith('.zoom.us');
}
