import { activityInfo, ApplicationFailure, log } from '@temporalio/activity';
import { failureTypes } from '../domain/failures.ts';
import { limits } from '../domain/limits.ts';
import type { Agent, ChatStatus, TranscriptEntry } from '../domain/transcript.ts';
import type { Account, ChannelRef, Store } from '../store/index.ts';
import { isZoomError, type ZoomClient } from '../zoom/index.ts';
import { actingUser, requireAccount } from './acting-user.ts';
import { botNotAllowedMessage, cardMarks, inboundCard, type InboundCardView } from './cards.ts';
import { createChannelPoster, type ChatPost, type Posted } from './channel-poster.ts';
import { oneAtATime, turns } from './one-at-a-time.ts';
import type { People } from './people.ts';
import { botSaid, readBackForRetry, type LookFirst } from './posting.ts';
import type { UserZoom } from './user-zoom.ts';
import { asZoomFailures } from './zoom-failures.ts';
import { earlierAttemptsActed } from './zoom-turns.ts';

/** What the chat activities work with; injected, so that tests can give others. */
export interface ChatActivityDependencies {
  store: Store;
  zoom: ZoomClient;
  userZoom: UserZoom;
  people: People;
  /** Told of what a visitor wrote in conversation once Zoom has it; for metrics. */
  relayed?: (entries: readonly TranscriptEntry[]) => void;
}

/** The inbound card of one chat, and whose it is. */
export type InboundCardInput = InboundCardView & { accountId: string };

/** Where a chat stands, as its record says it. */
export interface ChatStanding {
  status: ChatStatus;
  agents: Agent[];
  /** ms since 1970; given once the chat has ended. */
  endedAt?: number;
  /** Zoom has taken all visitor messages up to this `seq`. */
  deliveredSeq?: number;
}

/** Write down where a chat stands. */
export async function recordStanding(
  store: { chats: Pick<Store['chats'], 'set'> },
  chatId: string,
  { endedAt, ...standing }: ChatStanding,
): Promise<void> {
  await store.chats.set(chatId, { ...standing, ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }) });
}

/** An agent as Zoom knows him. */
export interface KnownAgent extends Agent {
  email: string;
}

/** The activities of a chat. Each may run more than once: every write is keyed, every post looks before it repeats. */
export function createChatActivities(dependencies: ChatActivityDependencies) {
  const { store, zoom, userZoom, relayed } = dependencies;
  const poster = createChannelPoster(dependencies);
  return {
    /** The chat's record, so that webhooks, the dashboard and a reconnecting visitor find it. */
    async beginChat(chat: {
      chatId: string;
      accountId: string;
      widgetId: string;
      visitor: { name: string; email?: string };
      page?: { url: string; title?: string };
      startedAt: number;
    }): Promise<void> {
      const { chatId, accountId, widgetId, visitor, page, startedAt } = chat;
      await store.chats.begin({
        _id: chatId,
        accountId,
        widgetId,
        visitor,
        ...(page === undefined ? {} : { page }),
        status: 'waiting',
        agents: [],
        createdAt: new Date(startedAt),
        deliveredSeq: 0,
      });
    },

    /** Write entries, and where the chat stands if that has changed. */
    async recordTranscript(input: { chatId: string; entries: TranscriptEntry[]; state?: ChatStanding }): Promise<void> {
      await store.transcript.append(input.chatId, input.entries);
      if (input.state) await recordStanding(store, input.chatId, input.state);
    },

    /** The card with Join Chat, in the channel that the account's settings name now. */
    async postInboundCard(
      input: InboundCardInput & { /** once the card is there */ deliveredSeq: number } & LookFirst,
    ): Promise<{ messageId: string; channelId: string; channelJid: string }> {
      const { deliveredSeq, lookFirst, lookSinceMs, ...view } = input;
      const again = { ...(lookFirst && { lookFirst }), ...(lookSinceMs !== undefined && { lookSinceMs }) };
      const { chatId, accountId } = view;
      const inTurn = <T>(work: () => Promise<T>) => oneAtATime(turns.inboundCard(chatId), work);
      return asZoomFailures('wait', () =>
        inTurn(async () => {
          const account = await requireAccount(store, accountId);
          const channel = requireInboundChannel(account);
          const owner = await actingUser(store, accountId);
          const asOwner = <T>(fn: Parameters<typeof userZoom<T>>[1]) => userZoom(owner._id, fn);
          const posted = async ({ id }: ChannelRef) =>
            (await readBackForRetry(asOwner, id, [], again)).find(botSaid(...cardMarks(chatId)))?.id;
          const keep = async (messageId: string, { id, jid }: ChannelRef) => {
            const card = { messageId, channelId: id, channelJid: jid };
            await store.chats.set(chatId, { card, deliveredSeq });
            return card;
          };
          // An earlier try may have posted it elsewhere: the settings can have changed since.
          const before = lookFirst || earlierAttemptsActed() ? (await store.chats.get(chatId))?.cardTriedIn : undefined;
          if (before && before.id !== channel.id) {
            const there = await unlessGone(posted(before));
            if (there !== undefined) return keep(there, before);
          }
          const there = await posted(channel);
          if (there !== undefined) return keep(there, channel);
          await store.chats.set(chatId, { cardTriedIn: channel });
          return keep(await postCard(view, channel, owner.jid), channel);
        }),
      );
    },

    /** Bring the card up to date. Repeating it is harmless. */
    async updateInboundCard(input: InboundCardInput & { card: { messageId: string } }): Promise<void> {
      await asZoomFailures('wait', async () => {
        const { card, accountId, ...view } = input;
        const owner = await actingUser(store, accountId);
        await zoom.bot.updateMessage({
          messageId: card.messageId,
          accountId,
          content: inboundCard(view),
          userJid: owner.jid,
        });
      });
    },

    /** Who pressed Join Chat: name and e-mail, by the id in the event. Fails with `UserGone` if Zoom knows no such active user. */
    async findAgent({ accountId, user }: { accountId: string; user: Agent }): Promise<KnownAgent> {
      return asZoomFailures('wait', async () => {
        const owner = await actingUser(store, accountId);
        const found = await userZoom(owner._id, (api) => api.getUser(user.id));
        if (found.email === undefined || (found.status !== undefined && found.status !== 'active')) {
          throw ApplicationFailure.nonRetryable(
            'The Zoom user is not active, or has no e-mail address.',
            failureTypes.userGone,
          );
        }
        return { id: found.id, name: found.displayName, email: found.email };
      });
    },

    /** The chat's own private channel with this agent in it: made once, found again by its name after a lost answer. */
    async openChatChannel(input: {
      chatId: string;
      accountId: string;
      visitorName: string;
      agent: KnownAgent;
      /** How many channels of this chat have vanished: an archived one still has its name. */
      channelsLost: number;
      /** An earlier activity may have made it. */
      lookFirst?: boolean;
    }): Promise<{ channel: ChannelRef; ownerUserId: string }> {
      return asZoomFailures('wait', async () => {
        const { chatId, accountId, agent, channelsLost } = input;
        const owner = await actingUser(store, accountId);
        const found = await userZoom(owner._id, async (api) => {
          /** This chat's channel under that name, if an earlier attempt has made it. */
          const made = async (name: string) => {
            const known = (await api.allChannels()).find((channel) => channel.name === name);
            const holder = known && (await store.chatChannels.get(known.id));
            return holder && holder.chatId !== chatId ? undefined : known;
          };
          for (const name of channelNames(input.visitorName, chatId, channelsLost)) {
            const existing = input.lookFirst || earlierAttemptsActed() ? await made(name) : undefined;
            if (existing) return existing;
            try {
              return await api.createChannel({ name, type: 'privateInternal' });
            } catch (error) {
              if (!isZoomError(error, 'nameTaken')) throw error;
              const known = await made(name);
              if (known) return known;
            }
          }
          throw new Error(`Zoom has channels of every name that chat ${chatId} could take.`);
        });
        const channel: ChannelRef = { id: found.id, jid: found.jid, name: found.name, url: found.url };
        // Before anybody but its owner is in it: webhooks find the chat by its channel.
        await store.chatChannels.assign({ _id: channel.id, chatId, accountId });
        await store.chats.set(chatId, { channel });
        if (agent.id !== owner._id) {
          await userZoom(owner._id, (api) => api.ensureMember({ channelId: channel.id, email: agent.email }));
        }
        return { channel, ownerUserId: owner._id };
      });
    },

    /** One more agent into a chat channel that is there already. */
    async inviteAgent(input: { channelId: string; ownerUserId: string; agent: KnownAgent }): Promise<void> {
      if (input.agent.id === input.ownerUserId) return;
      await asZoomFailures('wait', () =>
        userZoom(input.ownerUserId, (api) =>
          api.ensureMember({ channelId: input.channelId, email: input.agent.email }),
        ),
      );
    },

    /**
     * Write into the chat channel. A repeat after an attempt whose outcome is unknown leaves out what is there already.
     * Beside it, entries of the transcript are recorded: neither waits for the other, and both are there when this returns.
     */
    async postToChatChannel(
      input: ChatPost & {
        /** Ids of earlier posts of ours, which are not this one. */
        knownIds: string[];
        /** Transcript entries to record on the way. */
        entries?: TranscriptEntry[];
      } & LookFirst,
    ): Promise<Posted> {
      return asZoomFailures('wait', async () => {
        const { chatId, channel, ownerUserId, content, knownIds } = input;
        const asOwner = <T>(fn: Parameters<typeof userZoom<T>>[1]) => userZoom(ownerUserId, fn);
        const posted = await oneAtATime(turns.channelPosts(chatId), async () => {
          // What is there already may have been posted too, by a run of the short way of which the chat knows nothing.
          const recordedBefore = !(await store.transcript.append(chatId, input.entries ?? []));
          const look = { ...input, lookFirst: input.lookFirst === true || recordedBefore };
          return poster.post(input, await readBackForRetry(asOwner, channel.id, knownIds, look));
        });
        relayed?.(input.entries ?? []);
        if (content.kind === 'visitorLines') await store.chats.set(chatId, { deliveredSeq: content.lastSeq });
        return posted;
      });
    },

    /** What people (not bots) have written in a chat channel since a time, oldest first. */
    async readChannelBack(input: {
      channelId: string;
      ownerUserId: string;
      sinceMs: number;
    }): Promise<{ messageId: string; userId: string; text: string; files: string[]; at: number }[]> {
      return asZoomFailures('wait', () =>
        userZoom(input.ownerUserId, async (api) => {
          const history = await api.listMessages({
            toChannel: input.channelId,
            from: new Date(input.sinceMs),
            to: new Date(Date.now() + 60_000),
          });
          const messages = history.filter((message) => !message.fromBot).slice(-mostReadBack);
          if (messages.length === 0) return [];
          const members = await api.listMembers({ channelId: input.channelId });
          const idOf = (message: (typeof messages)[number]) =>
            members.find((member) =>
              message.senderMemberId === undefined
                ? member.email !== undefined && member.email === message.senderEmail
                : member.memberId === message.senderMemberId,
            )?.id ?? '';
          return messages.map((message) => ({
            messageId: message.id,
            userId: idOf(message),
            text: message.text ?? '',
            files: message.files.flatMap((file) => (file.name === undefined ? [] : [file.name])),
            at: message.timestamp,
          }));
        }),
      );
    },
  };

  async function postCard(view: InboundCardInput, channel: ChannelRef, userJid: string): Promise<string> {
    const { accountId } = view;
    try {
      const posted = await zoom.bot.postMessage({ accountId, toJid: channel.jid, content: inboundCard(view), userJid });
      return posted.messageId;
    } catch (error) {
      // The card needs its button, so nobody can post it in the bot's place: the administrator has to let the bot in.
      if (isZoomError(error, 'botNotAllowed') && activityInfo().attempt === 1) {
        await zoom.bot
          .postMessage({ accountId, toJid: userJid, content: botNotAllowedMessage(channel.name), userJid })
          .catch((failed: unknown) => {
            log.warn('The administrator could not be told.', { error: String(failed) });
          });
      }
      throw error;
    }
  }
}
export type ChatActivities = ReturnType<typeof createChatActivities>;

/** Most messages of people that one reading gives back: fewer than a chat remembers, or it would take one for new again. */
const mostReadBack = limits.rememberedIds - 100;

/** What was looked for in a channel; undefined if that channel is not there any more. */
async function unlessGone<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (isZoomError(error, 'channelGone')) return undefined;
    throw error;
  }
}

/**
 * Names for a chat's channel: short, with a part of the id that makes it unique; if that is taken, with the whole id.
 * Zoom may hold back a deleted channel's name, so a chat that lost one says so in the next name.
 */
function channelNames(visitorName: string, chatId: string, channelsLost: number): string[] {
  const again = channelsLost > 0 ? ` · ${channelsLost + 1}` : '';
  return [`${visitorName} · ${chatId.slice(-6)}${again}`, `${visitorName} · ${chatId}${again}`];
}

function requireInboundChannel(account: Account): ChannelRef {
  if (account.channel) return account.channel;
  throw ApplicationFailure.create({
    message: `The account ${account._id} has no inbound channel yet: finish the install, or choose one in the settings.`,
    type: failureTypes.accountUnknown,
    nextRetryDelay: '10 seconds',
  });
}
