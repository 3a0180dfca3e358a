import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';
import { createPkce } from '../../zoom/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { hostCookie } from '../http/cookies.ts';
import { deriveKey } from './keys.ts';

/** How long somebody may take on Zoom's consent page, s. */
const lifetimeSeconds = 10 * 60;
/** Sign-ins that one browser may have open at once, e.g. in several tabs. More would not fit into a cookie. */
const mostAttempts = 4;

const attemptSchema = z.object({
  state: z.string(),
  verifier: z.string(),
  /** Local path to go on to. */
  next: z.string().optional(),
  /** ms since 1970. */
  at: z.number(),
});
type Attempt = z.infer<typeof attemptSchema>;
const payloadSchema = z.object({ attempts: z.array(attemptSchema).max(mostAttempts) });

/**
 * Open OAuth attempts of one browser: state and PKCE verifier, in an encrypted cookie that scripts cannot read. So a
 * callback counts only in the browser that started it, and nothing has to be kept here.
 */
export function oauthAttempts({ config, clock }: Pick<ApiDependencies, 'config' | 'clock'>) {
  const cookie = hostCookie('oauth', config.http.publicUrl);
  const key = deriveKey(config.sessionSecret, 'oauth-attempts');
  const algorithms = { alg: 'dir', enc: 'A256GCM' };

  async function read(request: Request): Promise<Attempt[]> {
    const value = cookie.read(request);
    if (value === undefined) return [];
    try {
      const { payload } = await jwtDecrypt(value, key, {
        keyManagementAlgorithms: [algorithms.alg],
        contentEncryptionAlgorithms: [algorithms.enc],
        currentDate: new Date(clock()),
      });
      const { attempts } = payloadSchema.parse(payload);
      return attempts.filter(({ at }) => clock() - at < lifetimeSeconds * 1_000);
    } catch {
      return [];
    }
  }

  async function write(response: Response, attempts: readonly Attempt[]): Promise<void> {
    if (attempts.length === 0) {
      cookie.clear(response);
      return;
    }
    const now = Math.floor(clock() / 1_000);
    const value = await new EncryptJWT({ attempts })
      .setProtectedHeader(algorithms)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .encrypt(key);
    cookie.write(response, value, lifetimeSeconds);
  }

  return {
    /** Begin an attempt: what goes into the link to Zoom. The rest goes into the cookie. */
    async begin(request: Request, response: Response, next: string | undefined) {
      const state = randomBytes(32).toString('base64url');
      const { codeVerifier: verifier, codeChallenge } = createPkce();
      const attempt: Attempt = { state, verifier, at: clock(), ...(next === undefined ? {} : { next }) };
      const others = await read(request);
      await write(response, [...others, attempt].slice(-mostAttempts));
      return { state, codeChallenge };
    },

    /**
     * The attempt of this browser with that state, taken out of the cookie; undefined when there is none, or too old.
     */
    async take(request: Request, response: Response, state: string): Promise<Attempt | undefined> {
      const attempts = await read(request);
      const found = attempts.find((attempt) => sameText(attempt.state, state));
      if (found) {
        await write(
          response,
          attempts.filter((attempt) => attempt !== found),
        );
      }
      return found;
    },
  };
}

/** Where Zoom sends the browser back to; must be among the app's redirect URLs on marketplace.zoom.us. */
export function redirectUri(publicUrl: string): string {
  return `${publicUrl}/oauth/callback`;
}

/** What is remembered of a used state: enough to know it again, nothing to use it. */
export function stateHash(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(stateHash(a)), Buffer.from(stateHash(b))];
  return timingSafeEqual(x, y);
}
