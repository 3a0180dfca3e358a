import { ApplicationFailure } from '@temporalio/activity';
import type { ChannelRef } from '../domain/channel.ts';
import { failureTypes } from '../domain/failures.ts';
import { limits } from '../domain/limits.ts';
import type { Attachment } from '../domain/message.ts';
import { truncateText } from '../domain/text.ts';
import type { Agent } from '../domain/transcript.ts';
import { isZoomError, ZoomError, type ZoomChannel, type ZoomFile, type ZoomUserApi } from '../zoom/index.ts';
import type { ChatZoomContext } from './chat-zoom-context.ts';
import { mayHaveActed, mayPostUnseen } from './read-back.ts';
import { asZoomFailures } from './zoom-failures.ts';

/** An agent as Zoom knows them. */
export interface KnownAgent extends Agent {
  email: string;
}

/** What somebody wrote in a chat channel. */
export interface ChannelMessage {
  messageId: string;
  /** Zoom user id of the writer; empty for people outside the account. */
  userId: string;
  text: string;
  attachments?: Attachment[];
  /** ms, Zoom's clock. */
  at: number;
}

/**
 * Most messages of people that one reading gives back: fewer than a chat remembers, or it would take one for new
 * again.
 */
const mostRead = limits.rememberedIds - 100;
/** How much Zoom's clock may be ahead of ours, ms. */
const aheadMs = 60_000;

/** The dedicated private channel of a chat, and who is in it. */
export function createChatChannelActivities({ store, acting }: ChatZoomContext) {
  return {
    /**
     * Who pressed Join Chat, or whom an operator named. Fails with `UserGone` if Zoom knows no such active user.
     * @param input.userId a Zoom user id or an e-mail address.
     */
    async findAgent({ accountId, userId }: { accountId: string; userId: string }): Promise<KnownAgent> {
      return asZoomFailures(async () => {
        const { id, displayName, email, status } = await acting.asUser({ accountId }, (api) => api.getUser(userId));
        if (email !== undefined && (status === undefined || status === 'active'))
          return { id, name: displayName, email };
        throw ApplicationFailure.nonRetryable(
          'The Zoom user is not active, or has no e-mail address.',
          failureTypes.userGone,
        );
      });
    },

    /** The chat's own private channel: made once, found again by its name after a lost answer. */
    async createChatChannel(input: {
      chatId: string;
      accountId: string;
      visitorName: string;
      /** How many channels of this chat have vanished: an archived one still has its name. */
      channelsLost: number;
      /** When an earlier activity first tried this, ms. */
      firstTriedAt?: number;
    }): Promise<{ channel: ChannelRef; ownerUserId: string }> {
      const { chatId, accountId, firstTriedAt } = input;
      return asZoomFailures(async () => {
        const made = await acting.asUser({ accountId }, async (api, ownerUserId) => {
          const names = channelNames(input);
          const before = mayHaveActed(firstTriedAt) ? await findOwn(api, chatId, names) : undefined;
          return { ownerUserId, found: before ?? (await createUnderFreeName(api, chatId, names, firstTriedAt)) };
        });
        const { id, jid, name, url } = made.found;
        const channel = { id, jid, name, url };
        // Before anybody but its owner is in it: webhooks find the chat by its channel.
        await store.chatChannels.assign({ _id: id, chatId, accountId });
        await store.chats.set(chatId, { channel });
        return { channel, ownerUserId: made.ownerUserId };
      }, firstTriedAt);
    },

    /** The agent is a member of the chat channel. Repeating it is harmless. */
    async inviteAgent(input: {
      accountId: string;
      channelId: string;
      ownerUserId: string;
      agent: KnownAgent;
    }): Promise<void> {
      const { channelId, agent } = input;
      if (agent.id === input.ownerUserId) return;
      await asZoomFailures(() => acting.asUser(input, (api) => api.ensureMember({ channelId, email: agent.email })));
    },

    /** The agent is a member no longer, unless Zoom refuses that: it keeps a channel's owner in it, whoever asks. */
    async removeAgent(input: {
      accountId: string;
      channelId: string;
      ownerUserId: string;
      agentId: string;
    }): Promise<{ outcome: 'removed' | 'owner' | 'refused' }> {
      const { channelId, agentId } = input;
      return asZoomFailures(() =>
        acting.asUser(input, async (api) => {
          try {
            await api.removeMember({ channelId, userId: agentId });
            return { outcome: 'removed' };
          } catch (error) {
            if (!isZoomError(error, 'refused', 'forbidden', 'invalidRequest', 'notFound', 'scopeMissing')) throw error;
            const member = (await api.listMembers({ channelId })).find(({ id }) => id === agentId);
            if (!member) return { outcome: 'removed' };
            return { outcome: member.role === 'owner' ? 'owner' : 'refused' };
          }
        }),
      );
    },

    /** What people (not bots) have written in a chat channel since a time, oldest first. */
    async readChannel(input: {
      accountId: string;
      channelId: string;
      ownerUserId: string;
      sinceMs: number;
    }): Promise<ChannelMessage[]> {
      const { channelId, sinceMs } = input;
      return asZoomFailures(() =>
        acting.asUser(input, async (api) => {
          const range = { from: new Date(sinceMs), to: new Date(Date.now() + aheadMs) };
          const history = await api.listMessages({ channelId, ...range });
          const messages = history.filter(({ fromBot }) => !fromBot).slice(-mostRead);
          if (messages.length === 0) return [];
          const members = await api.listMembers({ channelId });
          return messages.map(({ id, text = '', files, timestamp, senderMemberId, senderEmail }): ChannelMessage => {
            const writer = members.find((member) =>
              senderMemberId === undefined
                ? member.email !== undefined && member.email === senderEmail
                : member.memberId === senderMemberId,
            );
            const attachments = files.map(asAttachment);
            return {
              messageId: id,
              userId: writer?.id ?? '',
              text,
              ...(attachments.length === 0 ? {} : { attachments }),
              at: timestamp,
            };
          });
        }),
      );
    },
  };

  /** This chat's channel under one of these names, if an earlier try has made it. */
  async function findOwn(api: ZoomUserApi, chatId: string, names: string[]): Promise<ZoomChannel | undefined> {
    for (const channel of (await api.allChannels()).filter(({ name }) => names.includes(name))) {
      const holder = await store.chatChannels.get(channel.id);
      if (!holder || holder.chatId === chatId) return channel;
    }
    return undefined;
  }

  async function createUnderFreeName(
    api: ZoomUserApi,
    chatId: string,
    names: string[],
    firstTriedAt: number | undefined,
  ): Promise<ZoomChannel> {
    for (const [index, name] of names.entries()) {
      try {
        return await api.createChannel({ name, type: 'privateInternal' });
      } catch (error) {
        // A name that Zoom does not accept, for what the visitor is called, is as good as taken.
        const otherName = isZoomError(error, 'nameTaken', 'invalidRequest');
        if (!otherName || index === names.length - 1) throw error;
        // Perhaps by this chat: an earlier try can have come through late.
        const own = isZoomError(error, 'nameTaken') ? await findOwn(api, chatId, [name]) : undefined;
        if (own) return own;
        // By an earlier try, in the name of somebody whose channels cannot be listed just now: that may pass.
        const mayBeOwn = isZoomError(error, 'nameTaken') && mayHaveActed(firstTriedAt) && !mayPostUnseen(firstTriedAt);
        if (mayBeOwn && !(await api.allChannels()).some((channel) => channel.name === name)) {
          const { operation, status, code, trackingId, ambiguous } = error;
          throw new ZoomError({ kind: 'unavailable', operation, status, code, trackingId, ambiguous });
        }
      }
    }
    throw new Error('A chat channel has names to try.');
  }
}

/**
 * Names for a chat's channel: short, with a part of the id that makes it unique; if that is taken, with the whole id;
 * at last without the visitor's name. Zoom may keep a deleted channel's name, so a chat that lost one says so in the
 * next name.
 */
function channelNames(input: { visitorName: string; chatId: string; channelsLost: number }): string[] {
  const { chatId, channelsLost } = input;
  const visitorName = truncateText(input.visitorName, limits.visitorNameLength);
  const again = channelsLost > 0 ? ` · ${channelsLost + 1}` : '';
  return [
    `${visitorName} · ${chatId.slice(-6)}${again}`,
    `${visitorName} · ${chatId}${again}`,
    `Chat · ${chatId}${again}`,
  ];
}

function asAttachment({ id, name }: ZoomFile): Attachment {
  return { ...(id === undefined ? {} : { id }), name: truncateText(name ?? 'file', 300) };
}
