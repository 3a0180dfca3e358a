import { z } from 'zod';
import { openJson, sealJson } from '../codec/sealed-json.ts';
import type { SealingKeys } from '../codec/sealing.ts';

/** Where the links of a mail lead to: pages of the api. */
export const mailPaths = {
  /** Shows the chat. */
  chat: '/chat',
  /** Stops mails about the chat. */
  stop: '/chat/mails',
} as const;

/** What a token in a mail lets its holder do, and for how long, ms: read and go on with the chat, or stop its mails. */
const dayMs = 86_400_000;
const lifetimes = { chat: 30 * dayMs, stop: 180 * dayMs } as const;
type Purpose = keyof typeof lifetimes;

/** Longer is none of ours. */
const longestToken = 500;
const claimsSchema = z.object({ chatId: z.string().regex(/^[A-Za-z0-9_-]{8,40}$/), expiresAt: z.number() });

export interface MailLinksOptions {
  /** The payload keys: worker and api both have them. */
  keys: SealingKeys;
  publicUrl: string;
  /** The time now, ms since 1970. */
  clock: () => number;
}

/**
 * The links in a mail. Their tokens are sealed: they name a chat, say nothing to whoever sees them, expire, and each is
 * good for its own purpose alone.
 */
export function createMailLinks({ keys, publicUrl, clock }: MailLinksOptions) {
  const context = (purpose: Purpose) => `link of a mail: ${purpose}`;
  const issue = (purpose: Purpose, chatId: string) => {
    const claims = { chatId, expiresAt: clock() + lifetimes[purpose] };
    return sealJson(keys, claims, context(purpose)).toString('base64url');
  };
  const read = (purpose: Purpose, token: string): string | undefined => {
    if (token.length > longestToken) return undefined;
    try {
      const claims = claimsSchema.parse(openJson(keys, Buffer.from(token, 'base64url'), context(purpose)));
      return claims.expiresAt > clock() ? claims.chatId : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    /** Opens the chat. The token is in the fragment, which browsers keep to themselves: no log has it. */
    chat: (chatId: string) => `${publicUrl}${mailPaths.chat}#${issue('chat', chatId)}`,
    /** Stops the mails. Programs of mail providers post to it, so the token is in the query. */
    stop: (chatId: string) => `${publicUrl}${mailPaths.stop}?token=${issue('stop', chatId)}`,
    /** The chat that a token opens; undefined for one that is forged, altered, too old or for another purpose. */
    readChat: (token: string) => read('chat', token),
    /** The chat whose mails a token stops; undefined as above. */
    readStop: (token: string) => read('stop', token),
  };
}
export type MailLinks = ReturnType<typeof createMailLinks>;
