import { activityInfo, log } from '@temporalio/activity';
import { postMark, postText, type ChannelHead, type ChannelPost } from '../domain/channel-post.ts';
import type { ChannelRef } from '../domain/channel.ts';
import type { PushOutcome, PushTarget } from '../domain/push.ts';
import { isZoomError, userJid } from '../zoom/index.ts';
import { isRefusedForWho } from './acting-user.ts';
import { channelPostCard, greetingCard, hiddenName, slowJoinMessage } from './cards.ts';
import { sendDirectMessage } from './direct-messages.ts';
import type { ChatZoomContext } from './chat-zoom-context.ts';
import { orWithoutVisitorWords, pushDelivered } from './posting.ts';
import { findPosted, mayHaveActed, mayPostUnseen, readBackWindow } from './read-back.ts';
import { asZoomFailures } from './zoom-failures.ts';

export interface PostToChannelInput {
  chatId: string;
  accountId: string;
  channel: ChannelRef;
  ownerUserId: string;
  visitorName: string;
  post: ChannelPost;
  /** As the bot, or in a user's name where Zoom does not let the bot in. */
  as: 'bot' | 'user';
  /** Zoom has taken all visitor messages up to this `seq` once it has this post. */
  deliveredSeq: number;
  targets: PushTarget[];
  /** When an earlier activity first tried this, ms. */
  firstTriedAt?: number;
}

export interface UpdateChannelHeadInput {
  chatId: string;
  accountId: string;
  channelId: string;
  ownerUserId: string;
  /** The first card. */
  messageId: string;
  visitorName: string;
  /** What it said at first. */
  greeting: Greeting;
  head: ChannelHead;
}

type Greeting = Extract<ChannelPost, { kind: 'greeting' }>;

/** One message in Zoom: by the bot, or in a user's name. */
interface Posted {
  messageId: string;
  as: 'bot' | 'user';
}

/** Posts of ours into a chat channel. */
export function createChannelPostActivities(context: ChatZoomContext) {
  const { zoom, acting, notices, oneAtATime, relayed } = context;

  return {
    /**
     * Post one message: as the bot, or in the name of the channel's owner or of another member where the bot may not.
     * Fails with `PostRefused` if Zoom does not accept what the visitor wrote, with `ChannelGone` if the channel was
     * deleted or archived.
     */
    async postToChannel(input: PostToChannelInput): Promise<Posted & { outcomes: PushOutcome[] }> {
      const { chatId, post, firstTriedAt } = input;
      return asZoomFailures(
        () =>
          oneAtATime.run(`post ${chatId}`, async () => {
            const posted = (await postedBefore(input)) ?? (await postAs(input));
            if (post.kind !== 'visitorLines' && post.kind !== 'notShown') return { ...posted, outcomes: [] };
            relayed?.(firstTriedAt ?? activityInfo().scheduledTimestampMs);
            return { ...posted, outcomes: await pushDelivered(context.push, input) };
          }),
        firstTriedAt,
      );
    },

    /**
     * The first card in the channel says where the chat stands now. Repeating it is harmless. Fails with `MessageGone`
     * if it was deleted.
     */
    async updateChannelHead(input: UpdateChannelHeadInput): Promise<void> {
      const { chatId, accountId, channelId, ownerUserId, messageId, head } = input;
      await asZoomFailures(() =>
        orWithoutVisitorWords((all) => {
          const { visitorName, post } = all
            ? { visitorName: input.visitorName, post: input.greeting }
            : withoutVisitor(input.greeting);
          const content = greetingCard(chatId, visitorName, post, head);
          return acting.asBot({ accountId, channelId, ownerUserId }, (userJid) =>
            zoom.bot.updateMessage({ accountId, userJid, messageId, content }),
          );
        }),
      );
    },

    /** Tell somebody who pressed Join Chat that it takes longer than they expect. */
    async tellSlowJoin(input: {
      accountId: string;
      userId: string;
      agentName: string;
      visitorName: string;
    }): Promise<void> {
      const { accountId, userId, agentName, visitorName } = input;
      await asZoomFailures(() =>
        sendDirectMessage(zoom.bot, { accountId, jid: userJid(userId) }, slowJoinMessage(agentName, visitorName)),
      );
    },
  };

  async function postedBefore(input: PostToChannelInput): Promise<Posted | undefined> {
    const { chatId, accountId, ownerUserId, post, firstTriedAt } = input;
    if (!mayHaveActed(firstTriedAt)) return undefined;
    const channelId = input.channel.id;
    try {
      const window = readBackWindow(firstTriedAt);
      const history = await acting.asUser({ accountId, channelId, ownerUserId }, (api) =>
        api.listMessages({ channelId, ...window }),
      );
      const found = findPosted(history, postMark(chatId, post));
      return found && { messageId: found.id, as: found.fromBot ? 'bot' : 'user' };
    } catch (error) {
      if (!isRefusedForWho(error) || !mayPostUnseen(firstTriedAt)) throw error;
      log.warn('Nobody can look whether this post is in the chat channel: posting it, perhaps again.', { chatId });
      return undefined;
    }
  }

  async function postAs(input: PostToChannelInput): Promise<Posted> {
    if (input.as === 'user') return postAsUser(input);
    const { chatId, accountId, post } = input;
    try {
      const posted = await postAsBot(input);
      // The first post of a chat: enough to notice that the bot is let in again.
      if (post.kind === 'greeting') await notices.settled(accountId);
      return posted;
    } catch (error) {
      if (!isZoomError(error, 'botNotAllowed')) throw error;
      log.warn('Zoom does not let the bot into this chat channel: posting in a member’s name.', { chatId });
      const posted = await postAsUser(input).catch((failed: unknown) => {
        // Adding the app to the channel is what helps most easily.
        throw isZoomError(failed, 'scopeMissing') ? error : failed;
      });
      await notices.ask(accountId, { cause: 'botNotInChatChannels' });
      return posted;
    }
  }

  async function postAsBot(input: PostToChannelInput): Promise<Posted> {
    const { chatId, accountId, channel, ownerUserId } = input;
    const { messageId } = await asItIs(input, ({ visitorName, post }) =>
      acting.asBot({ accountId, channelId: channel.id, ownerUserId }, (userJid) =>
        zoom.bot.postMessage({
          accountId,
          userJid,
          toJid: channel.jid,
          content: channelPostCard(chatId, visitorName, post),
        }),
      ),
    );
    return { messageId, as: 'bot' };
  }

  async function postAsUser(input: PostToChannelInput): Promise<Posted> {
    const { chatId, accountId, channel, ownerUserId } = input;
    const { id } = await asItIs(input, ({ visitorName, post }) =>
      acting.asUser({ accountId, channelId: channel.id, ownerUserId }, (api) =>
        api.sendMessage({ channelId: channel.id, message: postText(chatId, visitorName, post) }),
      ),
    );
    return { messageId: id, as: 'user' };
  }
}

/**
 * What the visitor wrote is posted as it is or not at all; what the app says can do without the visitor's name and what
 * is known of them.
 */
function asItIs<T>(
  { visitorName, post }: PostToChannelInput,
  send: (what: { visitorName: string; post: ChannelPost }) => Promise<T>,
): Promise<T> {
  if (post.kind === 'visitorLines') return send({ visitorName, post });
  return orWithoutVisitorWords((all) => send(all ? { visitorName, post } : withoutVisitor(post)));
}

function withoutVisitor<Post extends ChannelPost>(post: Post): { visitorName: string; post: Post } {
  if (post.kind !== 'greeting') return { visitorName: hiddenName, post };
  const { about: _about, ...rest } = post;
  return { visitorName: hiddenName, post: rest as Post };
}
