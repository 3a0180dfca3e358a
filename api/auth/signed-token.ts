import { jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { deriveKey, type KeyPurpose } from './keys.ts';

export interface SignedTokenOptions {
  sessionSecret: string;
  purpose: KeyPurpose;
  /** How long a token counts, s. */
  lifetimeSeconds: number;
  /** The time now, ms since 1970. */
  clock: () => number;
}

/** Signs and reads tokens of one purpose (JWT, HS256). */
export interface SignedToken {
  sign: (claims: JWTPayload) => Promise<string>;
  /** The claims, or null for anything that is forged, altered, expired or of another purpose. */
  read: (token: string) => Promise<JWTPayload | null>;
}

/** Tokens that hold no secrets and need no server-side state. Each purpose has its own key and audience. */
export function signedToken({ sessionSecret, purpose, lifetimeSeconds, clock }: SignedTokenOptions): SignedToken {
  const key = deriveKey(sessionSecret, purpose);
  return {
    sign(claims) {
      const now = Math.floor(clock() / 1_000);
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(purpose)
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(key);
    },
    async read(token) {
      try {
        const options = { algorithms: ['HS256'], audience: purpose, currentDate: new Date(clock()) };
        const { payload } = await jwtVerify(token, key, { ...options, requiredClaims: ['exp'] });
        return payload;
      } catch {
        return null;
      }
    },
  };
}
