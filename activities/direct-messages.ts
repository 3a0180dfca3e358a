import type { Member } from '../store/index.ts';
import { isZoomError, type BotApi, type Card } from '../zoom/index.ts';

/** Zoom's code for a malformed post; also for one of a user-managed app's bot that names no user. */
const malformedPost = 7001;

/** Whether Zoom found fault with a post of the bot: with its content, or with its naming no user for whom it acts. */
export function isMalformedPost(error: unknown): boolean {
  return isZoomError(error, 'contentRefused') && error.code === malformedPost;
}

/**
 * Post as the bot without naming a user for whom it acts; where Zoom does not accept that, naming one.
 * @param jid of that user.
 * @throws ZoomError as `BotApi.postMessage`.
 */
export async function postNamingIfNeeded(
  bot: BotApi,
  post: Omit<Parameters<BotApi['postMessage']>[0], 'userJid'>,
  jid: string,
): Promise<{ messageId: string }> {
  try {
    return await bot.postMessage(post);
  } catch (error) {
    if (!isMalformedPost(error) && !isZoomError(error, 'botNotAllowed')) throw error;
    return bot.postMessage({ ...post, userJid: jid });
  }
}

/**
 * A direct message of the bot. It cannot be read back, so an answer that Zoom lost can make it appear twice.
 * @throws ZoomError `botNotAllowed` when the bot may not write to them.
 */
export async function sendDirectMessage(
  bot: BotApi,
  { accountId, jid }: Pick<Member, 'accountId' | 'jid'>,
  content: Card,
): Promise<{ messageId: string }> {
  return postNamingIfNeeded(bot, { accountId, toJid: jid, content }, jid);
}
