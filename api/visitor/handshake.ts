import type { HelloFrame } from '../../domain/visitor-protocol.ts';
import { visitorCloseCodes } from '../../domain/visitor-protocol.ts';
import type { ChatInput } from '../../workflows/chat/messages.ts';
import { limits } from '../../domain/limits.ts';
import { pageAddress } from '../../domain/page-address.ts';
import { pageForTeam, type Visitor } from '../../domain/visitor.ts';
import type { WidgetSettings } from '../../domain/widget.ts';
import { isDatabaseError } from '../http/as-problem.ts';
import { TemporalUnavailableError } from '../temporal/call.ts';
import {
  ChatConnection,
  closeTryAgain,
  notAvailable,
  type ChatConnectionDependencies,
  type VisitorEnd,
} from './chat-connection.ts';
import type { ChatToken, ChatTokens } from './chat-tokens.ts';
import { TooBusyError, type FairSemaphore } from './fair-semaphore.ts';
import { errorFrame } from './read-frame.ts';
import type { FindWidget } from './widget-cache.ts';

/**
 * What visitors are asked to wait, ms, when they cannot be welcomed now; up to twice as long, so that not all come
 * together.
 */
const awayRetryMs = 2_000;

export interface HandshakeDependencies extends ChatConnectionDependencies {
  findWidget: FindWidget;
  tokens: ChatTokens;
  /** Bounds how many visitors are brought up to date at the same time, fair between accounts. */
  resumptions: FairSemaphore;
  timings: ChatInput['timings'];
}

/**
 * Answer a `hello`.
 * @returns the connection, whose welcome is sent; undefined when the hello was refused, with an error frame.
 */
export async function handshake(
  deps: HandshakeDependencies,
  visitor: VisitorEnd,
  hello: HelloFrame,
): Promise<ChatConnection | undefined> {
  try {
    return await welcome(deps, visitor, hello);
  } catch (error) {
    const away = error instanceof TooBusyError || error instanceof TemporalUnavailableError || isDatabaseError(error);
    if (!away) throw error;
    const retryAfterMs = Math.round(awayRetryMs * (1 + Math.random()));
    const message = 'You cannot be brought up to date just now: come again.';
    visitor.send(errorFrame('unavailable', message, { retryable: true, retryAfterMs }));
    visitor.close(closeTryAgain, 'try again');
    return undefined;
  }
}

async function welcome(
  deps: HandshakeDependencies,
  visitor: VisitorEnd,
  hello: HelloFrame,
): Promise<ChatConnection | undefined> {
  const { findWidget, tokens, resumptions } = deps;
  const widget = await findWidget(hello.widget);
  if (!widget) {
    visitor.send(errorFrame('unknown_widget', 'There is no widget with this id: check data-widget.'));
    visitor.close(visitorCloseCodes.unknownWidget, 'unknown widget');
    return undefined;
  }
  const { _id: widgetId, accountId, settings } = widget;
  const input = ({ chatId, visitorId }: ChatToken): ChatInput => ({
    chatId,
    accountId,
    widgetId,
    ...(hello.page ? { page: pageForTeam(hello.page, settings.pageQuery) } : {}),
    visitor: visitorOf(hello, { chatId, visitorId }, settings),
    timings: deps.timings,
    continueAfterEvents: limits.eventsPerRun,
  });
  if (hello.token === undefined) {
    if ((await deps.findService(accountId)) !== 'all') {
      visitor.send(notAvailable());
      visitor.close(closeTryAgain, 'not available');
      return undefined;
    }
    const begun = await tokens.begin(widgetId, hello.visitor?.token);
    return ChatConnection.begin(deps, visitor, input(begun), { ...tokensOf(begun), settings });
  }
  const known = await tokens.continue(hello.token, widgetId);
  const waitMs = known && (await deps.replays.wait(known.chatId, visitor.network));
  if (waitMs) {
    const message = 'This chat was read anew too often: come again later.';
    visitor.send(errorFrame('rate_limited', message, { retryable: true, retryAfterMs: waitMs }));
    visitor.close(visitorCloseCodes.rateLimited, 'too many replays');
    return undefined;
  }
  const connection =
    known &&
    (await resumptions.run(accountId, () =>
      ChatConnection.resume(deps, visitor, input(known), { ...tokensOf(known), settings }, hello.lastSeq ?? 0),
    ));
  if (connection) return connection;
  visitor.send(errorFrame('bad_token', 'This token continues no chat of this widget: say hello without it.'));
  return undefined;
}

function tokensOf({ token, visitorToken }: ChatToken) {
  return { token, visitorToken };
}

/** Who the visitor is, as far as their page and browser say. */
function visitorOf(
  { visitor = {} }: HelloFrame,
  { chatId, visitorId }: Pick<ChatToken, 'chatId' | 'visitorId'>,
  { pageQuery }: WidgetSettings,
): Visitor {
  const { name, email, language, timeZone, referrer, attributes } = visitor;
  return {
    name: name ?? `Visitor ${chatId.slice(0, 4)}`,
    id: visitorId,
    ...(email === undefined ? {} : { email }),
    ...(language === undefined ? {} : { language }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(referrer === undefined ? {} : { referrer: pageAddress(referrer, pageQuery) }),
    ...(attributes === undefined ? {} : { attributes }),
  };
}
