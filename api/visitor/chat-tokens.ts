import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { signedToken } from '../auth/signed-token.ts';
import type { ApiDependencies } from '../dependencies.ts';

const day = 24 * 60 * 60;
const lifetimeSeconds = 180 * day;
/** A token with less than this left is replaced. Not at every connection: tabs of one browser compare their tokens. */
const renewBelowSeconds = 60 * day;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const idLength = 16;

const claimsSchema = z.object({
  sub: z.string().regex(/^[A-Za-z0-9]{8,40}$/),
  widget: z.string(),
  exp: z.number(),
});

/** A chat as its token names it. */
export interface ChatToken {
  chatId: string;
  /** What the widget keeps: the same token, or a fresh one when this one is getting old. */
  token: string;
}

/**
 * A chat id that nobody can guess (95 bits): it is in a channel's card and in operators' tools, never a secret by
 * itself.
 */
export function newChatId(): string {
  return Array.from({ length: idLength }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** The tokens by which a widget continues its chat: signed, bound to the widget, and kept nowhere here. */
export function chatTokens({ config, clock }: Pick<ApiDependencies, 'config' | 'clock'>) {
  const tokens = signedToken({
    sessionSecret: config.sessionSecret,
    purpose: 'visitor-token',
    lifetimeSeconds,
    clock,
  });
  const issue = (chatId: string, widgetId: string) => tokens.sign({ sub: chatId, widget: widgetId });
  return {
    /** A token for a chat that is yet to begin. */
    async begin(widgetId: string): Promise<ChatToken> {
      const chatId = newChatId();
      return { chatId, token: await issue(chatId, widgetId) };
    },

    /** A token for a chat that has begun, for whoever has shown that they may go on with it. */
    of: issue,

    /** The chat that a token continues, or null for a token that is forged, too old or another widget's. */
    async continue(token: string, widgetId: string): Promise<ChatToken | null> {
      const claims = claimsSchema.safeParse(await tokens.read(token)).data;
      if (claims?.widget !== widgetId) return null;
      const old = claims.exp - clock() / 1_000 < renewBelowSeconds;
      return { chatId: claims.sub, token: old ? await issue(claims.sub, widgetId) : token };
    },
  };
}
export type ChatTokens = ReturnType<typeof chatTokens>;
