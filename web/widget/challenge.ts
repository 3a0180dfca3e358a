/**
 * Finds what the server asks for before a chat begins: a text with which SHA-256 of `<token>:<text>` begins with so
 * many zero bits. Each try is made outside of the page's thread. Needs a page with https.
 */
export async function solveChallenge(token: string, bits: number): Promise<string> {
  for (let n = 0; ; n++) {
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${token}:${n}`));
    if (new DataView(hash).getUint32(0) >>> (32 - bits) === 0) return `${n}`;
  }
}
