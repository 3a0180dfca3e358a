import { json, Router, type Request, type RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { OpenedChat } from '../../domain/dashboard.ts';
import { limits } from '../../domain/limits.ts';
import { createMailLinks, mailPaths } from '../../mail/links.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { limitRequests, requestLimits } from '../rate-limits.ts';
import { readableAfterEndMs } from '../visitor/chat-connection.ts';
import { chatTokens, newId } from '../visitor/chat-tokens.ts';
import { sendPage } from './routes.ts';

const linkSchema = z.strictObject({ link: z.string().min(1).max(1_000) });
/** Chats whose mails were stopped lately: once more changes nothing, and need not be told to the chat. */
const mostStopped = 10_000;
const stoppedMs = 3_600_000;

/** Nobody learns from where somebody came, and no page is found by a search engine. */
const forOneReader: RequestHandler = (_request, response, next) => {
  response.set({ 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex' });
  next();
};

/**
 * Where the links of mails to visitors lead: the chat on a page of ours, and the page that stops the mails. Whoever has
 * the link may do it, as whoever has the mail: there is no sign-in, and no cookie.
 */
export function mailLinkRoutes(dependencies: ApiDependencies): Router {
  const { config, store, temporal, renderPage, clock } = dependencies;
  const links = createMailLinks({ keys: config.payloadKeys, publicUrl: config.http.publicUrl, clock });
  const tokens = chatTokens(dependencies);
  const stopped = new LRUCache<string, true>({ max: mostStopped, ttl: stoppedMs });

  const router = Router();
  router.use(mailPaths.chat, forOneReader);

  // The link is in the address's fragment: the page's script sends it.
  router.get(mailPaths.chat, (_request, response) => {
    sendPage(response, renderPage({ name: 'chat' }));
  });
  router.post('/api/chat-link', json({ limit: limits.apiBodyBytes }), async (request, response) => {
    const { data } = linkSchema.safeParse(request.body);
    const linked = data && links.readChat(data.link);
    const chat = linked === undefined ? null : await store.chats.get(linked);
    const endedAt = chat?.endedAt?.getTime() ?? Infinity;
    const isOver = clock() > Math.max(endedAt + readableAfterEndMs, chat?.reopenUntil?.getTime() ?? 0);
    if (!chat || isOver) {
      const detail =
        'The link is too old, or not whole, or the chat is over. Look for a newer e-mail, or write on the team’s website.';
      throw new HttpProblem('not-found', detail, { title: 'This link opens no chat' });
    }
    const { _id: chatId, widgetId, visitor } = chat;
    const opened: OpenedChat = { widget: widgetId, token: await tokens.of(chatId, widgetId, visitor.id ?? newId()) };
    response.json(opened);
  });

  const chatOf = (request: Request): string => {
    const { token } = request.query;
    const chatId = typeof token === 'string' ? links.readStop(token) : undefined;
    if (chatId !== undefined) return chatId;
    const detail = 'The link is too old, or not whole: open it in the newest e-mail about the chat.';
    throw new HttpProblem('not-found', detail, { title: 'This link stops no e-mails' });
  };
  router.use(mailPaths.stop, limitRequests(requestLimits.mailLinks));
  // To look changes nothing: programs that check the links of mails do so too.
  router.get(mailPaths.stop, (request, response) => {
    chatOf(request);
    sendPage(response, renderPage({ name: 'stopMails', done: false }));
  });
  // Of our page, or of a mail program by itself (RFC 8058): that is on another site, and what it posts is not needed.
  router.post(mailPaths.stop, async (request, response) => {
    const chatId = chatOf(request);
    if (!stopped.has(chatId)) {
      // A chat that is over sends no mails.
      await temporal.chats.signalVisitor(chatId, { kind: 'mailStopped' });
      stopped.set(chatId, true);
    }
    sendPage(response, renderPage({ name: 'stopMails', done: true }));
  });
  return router;
}
