import { log } from '@temporalio/activity';
import { postText, type ChannelPost } from '../domain/channel-post.ts';
import type { ChannelRef } from '../store/index.ts';
import { isZoomError, MAX_MESSAGE_LENGTH, splitMessage, type ZoomClient, type ZoomMessage } from '../zoom/index.ts';
import { buttonValues, channelPostCard } from './cards.ts';
import type { People } from './people.ts';
import { botSaid, type ReadBack } from './posting.ts';
import type { UserZoom } from './user-zoom.ts';

/** One post into a chat channel. */
export interface ChatPost {
  chatId: string;
  accountId: string;
  channel: ChannelRef;
  ownerUserId: string;
  visitorName: string;
  content: ChannelPost;
  /** As the bot, or in the channel owner's name where Zoom does not let the bot in. */
  as: 'bot' | 'user';
}

/** What Zoom made of a post: a long one comes to several messages. */
export interface Posted {
  messageIds: string[];
  as: 'bot' | 'user';
}

/** Writes into chat channels; what is there already by an earlier attempt is left out. */
export function createChannelPoster({
  zoom,
  userZoom,
  people,
}: {
  zoom: Pick<ZoomClient, 'bot'>;
  userZoom: UserZoom;
  people: People;
}) {
  async function postAsBot(post: ChatPost, earlier: ReadBack): Promise<string[]> {
    const { chatId, accountId, channel, visitorName, content } = post;
    const owner = await people.get(post.ownerUserId);
    const whole =
      content.kind === 'visitorLines' ? notYetPosted(content, earlier, botSaid) : postText(visitorName, content);
    const ids: string[] = [];
    for (const part of messageParts(whole)) {
      const there = earlier.find(botSaid(content.kind === 'greeting' ? buttonValues.end(chatId) : part));
      ids.push(
        there?.id ??
          (
            await zoom.bot.postMessage({
              accountId,
              toJid: channel.jid,
              content: channelPostCard(chatId, visitorName, content, part),
              ...(owner ? { userJid: owner.jid } : {}),
            })
          ).messageId,
      );
    }
    return ids;
  }

  async function postAsOwner(post: ChatPost, earlier: ReadBack): Promise<string[]> {
    const { channel, ownerUserId, visitorName, content } = post;
    const ownerSaid = (words: string) => (message: ZoomMessage) => !message.fromBot && message.text === words;
    const inName = (text: string) => postText(visitorName, { kind: 'visitorLines', text, lastSeq: 0 });
    let whole: string;
    if (content.kind === 'visitorLines') {
      const left = notYetPosted(content, earlier, (text) => ownerSaid(inName(text)));
      whole = left === '' ? '' : inName(left);
    } else {
      whole = postText(visitorName, content);
    }
    const ids: string[] = [];
    for (const part of messageParts(whole)) {
      const id =
        earlier.find(ownerSaid(part))?.id ??
        (await userZoom(ownerUserId, (api) => api.sendMessage({ toChannel: channel.id, message: part }))).id;
      ids.push(id);
    }
    return ids;
  }

  return {
    /**
     * Write into the chat channel.
     * @param earlier what earlier attempts of this very post may have left there.
     * @throws {ZoomError}
     */
    async post(input: ChatPost, earlier: ReadBack): Promise<Posted> {
      if (input.as === 'user') return { messageIds: await postAsOwner(input, earlier), as: 'user' };
      try {
        return { messageIds: await postAsBot(input, earlier), as: 'bot' };
      } catch (error) {
        if (!isZoomError(error, 'botNotAllowed')) throw error;
        const { chatId } = input;
        log.warn('Zoom does not let the bot into this chat channel: posting in its owner’s name.', { chatId });
        return { messageIds: await postAsOwner(input, earlier), as: 'user' };
      }
    },
  };
}
export type ChannelPoster = ReturnType<typeof createChannelPoster>;

/** Whether Zoom takes this text as one message. */
export function isOneMessage(text: string): boolean {
  return messageParts(text).length === 1;
}

/** A text in messages that Zoom takes: it refuses those that are too long, or only white space. */
function messageParts(text: string): string[] {
  return splitMessage(text, MAX_MESSAGE_LENGTH).filter((part) => part.trim() !== '');
}

/** What the visitor wrote, without the messages that posts of a cut-off attempt hold already; see `ends`. */
export function notYetPosted(
  { text, ends }: Extract<ChannelPost, { kind: 'visitorLines' }>,
  earlier: ReadBack,
  said: (words: string) => (message: ZoomMessage) => boolean,
): string {
  if (ends === undefined) return text;
  let from = 0;
  for (const end of ends) {
    // Several messages can have gone out in one post: from the last one that was found, up to each end.
    if (earlier.find(said(text.slice(from, end)))) from = end + 1;
  }
  return text.slice(from);
}
