import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ZoomAppOptions } from './config.ts';
import type { ZoomTransport } from './http.ts';
import { optionalText, requiredText } from './shapes.ts';

/** A user's tokens. Secret: encrypt at rest, never log, never hand to a workflow. */
export interface TokenSet {
  readonly accessToken: string;
  /** Good for one refresh only; store it before the access token is used. Lives 90 days. */
  readonly refreshToken: string;
  readonly expiresAt: Date;
  /** Scopes that were granted, of either family; may be fewer than were asked for. Empty when Zoom named none. */
  readonly scopes: readonly string[];
  /** Base of the user's region, as Zoom gave it; see `regionalApiUrl` for when it is followed. */
  readonly apiUrl?: string | undefined;
}

/** The chatbot's token: one for all accounts that have the app. */
export type BotToken = Omit<TokenSet, 'refreshToken'>;

/** A PKCE pair: the verifier stays in the browser's session, the challenge goes into the authorize link. */
export interface Pkce {
  readonly codeVerifier: string;
  readonly codeChallenge: string;
}

/** Zoom's OAuth endpoints. Source: developers.zoom.us/docs/integrations/oauth/ */
export interface ZoomOAuth {
  /**
   * The link to Zoom's consent page.
   *
   * @param redirectUri must equal a redirect URL of the app, else Zoom shows an error page of its own.
   * @param state echoed in the callback; only URL-safe characters, since Zoom mangles others.
   * @param scopes default none: consent is asked for all scopes of the app's settings. Zoom is reported to refuse a
   *   list separated by spaces, and any list with a scope that the settings lack, on a page of its own ("invalid
   *   scope", 4700); commas are reported to work.
   * @throws TypeError for a state with other characters.
   */
  authorizeUrl(input: {
    readonly redirectUri: string;
    readonly state: string;
    readonly codeChallenge: string;
    readonly scopes?: readonly string[] | undefined;
  }): string;

  /**
   * Exchanges the code of the callback for tokens. A code works once and for 5 minutes.
   *
   * @throws ZoomError `grantInvalid` for a used, old or foreign code or a wrong verifier: start the install again.
   */
  exchangeCode(input: {
    readonly code: string;
    readonly redirectUri: string;
    readonly codeVerifier: string;
  }): Promise<TokenSet>;

  /**
   * Trades the refresh token for a new pair. The old pair is dead at once, so only one refresh may run at a time, and
   * an answer that is lost (`ambiguous`) may have taken the pair with it: try once more, then have the user authorize
   * again.
   *
   * @throws ZoomError `grantInvalid` when only a new authorization helps.
   */
  refresh(input: { readonly refreshToken: string }): Promise<TokenSet>;

  /** A new chatbot token (scope `imchat:bot`). Calls of the bot get theirs from a BotTokenSource. */
  clientCredentials(): Promise<BotToken>;
}

/** A fresh PKCE pair with method S256 (RFC 7636). */
export function createPkce(): Pkce {
  const codeVerifier = randomBytes(32).toString('base64url');
  return { codeVerifier, codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url') };
}

/** A token answer. Token texts are opaque and of any length; `expires_in` is in seconds. */
const tokenAnswer = z.object({
  access_token: requiredText,
  expires_in: z.coerce.number().positive(),
  scope: optionalText,
  api_url: optionalText,
});
const tokenPairAnswer = tokenAnswer.extend({ refresh_token: requiredText });

/**
 * OAuth calls of one app. The app's secret stays inside this closure: it is in no error, no address and no property.
 */
export function createOAuth(options: ZoomAppOptions, transport: ZoomTransport): ZoomOAuth {
  const base = options.oauthUrl.replace(/\/+$/, '');
  const clock = options.clock ?? Date.now;
  const authorization = `Basic ${Buffer.from(`${options.clientId}:${options.clientSecret}`, 'utf8').toString('base64')}`;

  const post = (operation: string, endpoint: string, form: Record<string, string>) =>
    ({ operation, api: 'oauth', method: 'POST', url: `${base}/${endpoint}`, authorization, form }) as const;

  const pair = async (operation: string, form: Record<string, string>): Promise<TokenSet> => {
    // The lifetime counts from before the request, so that a slow answer never makes a token look fresher than it is.
    const asked = clock();
    const answer = await transport(post(operation, 'token', form), tokenPairAnswer);
    return { ...tokenOf(answer, asked), refreshToken: answer.refresh_token };
  };

  return {
    authorizeUrl({ redirectUri, state, codeChallenge, scopes = [] }) {
      if (!/^[\w.~-]+$/.test(state)) throw new TypeError('state must be of URL-safe characters');
      const url = new URL(`${base}/authorize`);
      url.searchParams.set('response_type', 'code');
      url.searchParams.set('client_id', options.clientId);
      url.searchParams.set('redirect_uri', redirectUri);
      url.searchParams.set('state', state);
      url.searchParams.set('code_challenge', codeChallenge);
      url.searchParams.set('code_challenge_method', 'S256');
      if (scopes.length > 0) url.searchParams.set('scope', scopes.join(','));
      return url.href;
    },
    exchangeCode: ({ code, redirectUri, codeVerifier }) =>
      pair('oauth.exchangeCode', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      }),
    refresh: ({ refreshToken }) => pair('oauth.refresh', { grant_type: 'refresh_token', refresh_token: refreshToken }),
    async clientCredentials() {
      const asked = clock();
      const form = { grant_type: 'client_credentials' };
      return tokenOf(await transport(post('oauth.clientCredentials', 'token', form), tokenAnswer), asked);
    },
  };
}

function tokenOf(answer: z.output<typeof tokenAnswer>, asked: number): BotToken {
  return {
    accessToken: answer.access_token,
    expiresAt: new Date(asked + answer.expires_in * 1000),
    scopes: answer.scope?.split(/\s+/).filter((scope) => scope !== '') ?? [],
    ...(answer.api_url === undefined ? {} : { apiUrl: answer.api_url }),
  };
}
