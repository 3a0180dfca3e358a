import { hkdfSync } from 'node:crypto';

/** What a key is for: one made for a purpose opens nothing else. */
export type KeyPurpose = 'oauth-attempts' | 'operator' | 'visitor-token' | 'visitor-identity' | 'visitor-networks';

/** A 32-byte key for one purpose, derived from `SESSION_SECRET` (HKDF-SHA256). */
export function deriveKey(sessionSecret: string, purpose: KeyPurpose): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', sessionSecret, 'live-chat', purpose, 32));
}
