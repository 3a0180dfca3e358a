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

const id = z.string().regex(/^[A-Za-z0-9]{8,40}$/);
const claimsSchema = z.object({ sub: id, widget: z.string(), visitor: id, exp: z.number() });
const visitorClaimsSchema = z.object({ sub: id, widget: z.string() });

/** A chat as its token names it. */
export interface ChatToken {
  chatId: string;
  /** Whose chat it is: the same for all chats of one browser on one widget. */
  visitorId: string;
  /** What the widget keeps: the same token, or a fresh one when this one is getting old. */
  token: string;
  /** What the widget keeps when it leaves the chat for a new one: it says who the visitor is, and opens no chat. */
  visitorToken: string;
}

/**
 * An id that nobody can guess (95 bits). A chat’s is in a channel's card and in operators' tools, never a secret by
 * itself.
 */
export function newId(): string {
  return Array.from({ length: idLength }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** The tokens by which a widget continues its chat: signed, bound to the widget, and kept nowhere here. */
export function chatTokens({ config, clock }: Pick<ApiDependencies, 'config' | 'clock'>) {
  const { sessionSecret } = config;
  const tokens = signedToken({ sessionSecret, purpose: 'visitor-token', lifetimeSeconds, clock });
  const visitorTokens = signedToken({ sessionSecret, purpose: 'visitor-identity', lifetimeSeconds, clock });
  const issue = (chatId: string, widgetId: string, visitorId: string) =>
    tokens.sign({ sub: chatId, widget: widgetId, visitor: visitorId });
  const issueVisitor = (visitorId: string, widgetId: string) =>
    visitorTokens.sign({ sub: visitorId, widget: widgetId });
  return {
    /**
     * Tokens for a chat that is yet to begin.
     * @param visitorToken of an earlier chat; what is none is as good as absent.
     */
    async begin(widgetId: string, visitorToken?: string): Promise<ChatToken> {
      const claims = visitorClaimsSchema.safeParse(visitorToken && (await visitorTokens.read(visitorToken))).data;
      const visitorId = claims?.widget === widgetId ? claims.sub : newId();
      const chatId = newId();
      const token = await issue(chatId, widgetId, visitorId);
      return { chatId, visitorId, token, visitorToken: await issueVisitor(visitorId, widgetId) };
    },

    /** A token for a chat that has begun, for whoever has shown that they may go on with it. */
    of: issue,

    /** The chat that a token continues, or null for a token that is forged, too old or another widget's. */
    async continue(token: string, widgetId: string): Promise<ChatToken | null> {
      const claims = claimsSchema.safeParse(await tokens.read(token)).data;
      if (claims?.widget !== widgetId) return null;
      const { sub: chatId, visitor: visitorId, exp } = claims;
      const old = exp - clock() / 1_000 < renewBelowSeconds;
      return {
        chatId,
        visitorId,
        token: old ? await issue(chatId, widgetId, visitorId) : token,
        visitorToken: await issueVisitor(visitorId, widgetId),
      };
    },
  };
}
export type ChatTokens = ReturnType<typeof chatTokens>;
