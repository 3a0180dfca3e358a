import { createHash } from 'node:crypto';

/**
 * Whether a solution is one: SHA-256 of `<token>:<solution>` begins with so many zero bits. The token is new for each
 * chat and signed, so nothing need be remembered, and no solution is good for a second chat.
 */
export function isSolved(token: string, solution: string | undefined, bits: number): boolean {
  if (bits === 0) return true;
  if (solution === undefined) return false;
  const hash = createHash('sha256').update(`${token}:${solution}`).digest();
  return hash.readUInt32BE() >>> (32 - bits) === 0;
}
