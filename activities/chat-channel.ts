import { ApplicationFailure } from '@temporalio/activity';
import { channelRef, type ChannelRef } from '../domain/channel.ts';
import { failureTypes } from '../domain/failures.ts';
import { limits } from '../domain/limits.ts';
import type { Attachment } from '../domain/message.ts';
import { cleanLine, truncateText } from '../domain/text.ts';
import type { Agent } from '../domain/transcript.ts';
import {
  isAnyBot,
  isActive,
  isZoomError,
  ZoomError,
  type ZoomChannel,
  type ZoomFile,
  type ZoomMember,
  type ZoomMessage,
  type ZoomUser,
  type ZoomUserApi,
} from '../zoom/index.ts';
import { requireAccount } from './acting-user.ts';
import type { ChatZoomContext } from './chat-zoom-context.ts';
import { mayHaveActed, mayMakeUnseen } from './read-back.ts';
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
  /** Their id as a member of channels, when they have no user id. */
  memberId?: string;
  text: string;
  attachments?: Attachment[];
  /** It answers another message, in a thread. */
  isReply?: true;
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
export function createChatChannelActivities({ store, acting, notices }: ChatZoomContext) {
  return {
    /**
     * Who pressed Join Chat, or whom an operator named. Fails with `UserGone` if Zoom knows no such active user.
     * @param input.userId a Zoom user id or an e-mail address.
     */
    async findAgent({ accountId, userId }: { accountId: string; userId: string }): Promise<KnownAgent> {
      return asZoomFailures(async () => {
        const user = await acting.asUser({ accountId }, (api) => api.getUser(userId));
        const { id, email } = user;
        if (email !== undefined && isActive(user) && isOfAccount(user, accountId))
          return { id, name: nameOf(user), email };
        throw ApplicationFailure.nonRetryable(
          'The Zoom user is not active, or has no e-mail address.',
          failureTypes.userGone,
        );
      });
    },

    /**
     * Who writes in the chat channel: a member of the account, whom Zoom knows there, speaks for the team; a member of
     * the channel from outside does if the account lets them. Nobody else does, such as another app.
     * @param input.userId empty for people outside the account, who have a `memberId` at most.
     */
    async findWriter(input: {
      accountId: string;
      userId: string;
      memberId?: string;
      channelId?: string;
      ownerUserId?: string;
    }): Promise<{ agent: Agent; speaks: boolean }> {
      const { accountId, userId, memberId, channelId, ownerUserId } = input;
      const colleague = async (id: string) => {
        const user = await orUnknown(acting.asUser({ accountId }, (api) => api.getUser(id)));
        if (user?.id !== id || !isOfAccount(user, accountId)) return undefined;
        return { agent: { id, name: nameOf(user) }, speaks: true };
      };
      return asZoomFailures(async () => {
        const known = userId === '' ? undefined : await colleague(userId);
        if (known) return known;
        const about = { accountId, ...(channelId && { channelId }), ...(ownerUserId && { ownerUserId }) };
        const members = channelId && (await orUnknown(acting.asUser(about, (api) => api.listMembers({ channelId }))));
        const isWriter = (member: ZoomMember) =>
          userId === '' ? memberId !== undefined && member.memberId === memberId : member.id === userId;
        const member = members ? members.find(isWriter) : undefined;
        const idInAccount = member && accountIdOf(member);
        const insider = userId === '' && idInAccount !== undefined ? await colleague(idInAccount) : undefined;
        if (insider) return insider;
        const { outsidersMayAnswer } = await requireAccount(store, accountId);
        const speaks = member !== undefined && outsidersMayAnswer === true;
        const name = cleanLine(member?.name ?? '');
        return { agent: { id: '', name: name === '' && speaks ? 'Guest' : name }, speaks };
      });
    },

    /**
     * The chat's own private channel: made once, found again by its name after a lost answer. What is written in it
     * comes to the chat from now on; in one that is not new somebody may have written before.
     */
    async createChatChannel(input: {
      chatId: string;
      accountId: string;
      visitorName: string;
      /** How many channels of this chat have vanished: an archived one still has its name. */
      channelsLost: number;
      /** When an earlier activity first tried this, ms. */
      firstTriedAt?: number;
    }): Promise<{ channel: ChannelRef; ownerUserId: string; isNew: boolean }> {
      const { chatId, accountId, firstTriedAt } = input;
      return asZoomFailures(async () => {
        const names = channelNames(input);
        const before = mayHaveActed(firstTriedAt) ? await find(accountId, chatId, names) : undefined;
        const made = before?.own ?? (await createUnderFreeName(accountId, chatId, names, firstTriedAt));
        const { ownerUserId, isNew } = made;
        const channel = channelRef(made.channel);
        await keep({ chatId, accountId, channel });
        return { channel, ownerUserId, isNew };
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

    /**
     * Nobody can write in the channel any more. Repeating it is harmless. Fails with `ZoomRefused` where the grant does
     * not hold what that needs: the channel then stays as it is.
     */
    async archiveChannel(input: { accountId: string; channelId: string; ownerUserId: string }): Promise<void> {
      const { accountId, channelId, ownerUserId } = input;
      await asZoomFailures(() =>
        acting.asUser({ accountId, channelId, ownerUserId }, (api) => api.archiveChannel({ channelId })),
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
          const isByPerson = ({ fromBot, senderEmail, senderMemberId }: ZoomMessage) =>
            !fromBot && !isAnyBot([senderEmail, senderMemberId]);
          const messages = history.filter(isByPerson).slice(-mostRead);
          if (messages.length === 0) return [];
          const idOf = await idsOfSenders(api, await api.listMembers({ channelId }), messages);
          return messages.map((message): ChannelMessage => {
            const { id, text = '', files, timestamp, isReply, senderMemberId: memberId } = message;
            const attachments = files.map(asAttachment);
            const userId = idOf(message);
            return {
              messageId: id,
              userId,
              ...(userId === '' && memberId !== undefined ? { memberId } : {}),
              text,
              ...(attachments.length === 0 ? {} : { attachments }),
              ...(isReply ? { isReply } : {}),
              at: timestamp,
            };
          });
        }),
      );
    },
  };

  async function keep({ chatId, accountId, channel }: { chatId: string; accountId: string; channel: ChannelRef }) {
    // Before anybody but its owner is in it: webhooks find the chat by its channel.
    await store.chatChannels.assign({ _id: channel.id, chatId, accountId });
    await store.chats.set(chatId, { channel });
  }

  /**
   * What any member sees under one of these names: this chat's channel, which an earlier try has made, perhaps in the
   * name of another member; or, with `own` undefined, only what is not this chat's.
   */
  async function find(accountId: string, chatId: string, names: string[]): Promise<{ own?: MadeChannel } | undefined> {
    const others: ZoomChannel[] = [];
    const result = await acting.findAsAny(accountId, async (api) => {
      for (const channel of (await api.allChannels()).filter(({ name }) => names.includes(name))) {
        const holder = await store.chatChannels.get(channel.id);
        if (!holder || holder.chatId === chatId) return channel;
        others.push(channel);
      }
      return undefined;
    });
    if (result) return { own: { channel: result.found, ownerUserId: result.userId, isNew: false } };
    return others.length > 0 ? {} : undefined;
  }

  async function createUnderFreeName(
    accountId: string,
    chatId: string,
    names: string[],
    firstTriedAt: number | undefined,
  ): Promise<MadeChannel> {
    const account = { accountId, ownerUserId: (await requireAccount(store, accountId)).ownerUserId };
    for (const [index, name] of names.entries()) {
      try {
        const made = await acting.asAccountOwner(account, async (api, ownerUserId) => ({
          channel: await api.createChannel({ name, type: 'privateInternal' }),
          ownerUserId,
          isNew: true,
        }));
        if (made.ownerUserId !== account.ownerUserId) await notices.standsIn(accountId, made.ownerUserId);
        return made;
      } catch (error) {
        // A name that Zoom does not accept, for what the visitor is called, is as good as taken.
        const otherName = isZoomError(error, 'nameTaken', 'invalidRequest');
        if (!otherName || index === names.length - 1) throw error;
        if (!isZoomError(error, 'nameTaken')) continue;
        // Perhaps by this chat: an earlier try can have come through late.
        const there = await find(accountId, chatId, [name]);
        if (there?.own) return there.own;
        // By an earlier try, in the name of somebody whose channels cannot be listed just now: that may pass. A second
        // channel would leave them alone in the first.
        if (!there && mayHaveActed(firstTriedAt) && !mayMakeUnseen(firstTriedAt)) {
          const { operation, status, code, trackingId, ambiguous } = error;
          throw new ZoomError({ kind: 'unavailable', operation, status, code, trackingId, ambiguous });
        }
      }
    }
    throw new Error('A chat channel has names to try.');
  }
}

interface MadeChannel {
  channel: ZoomChannel;
  /** In whose name it was made. */
  ownerUserId: string;
  /** This try has made it. */
  isNew: boolean;
}

/** User ids of who wrote these messages: of those who are in the channel, and of colleagues who have left it. */
async function idsOfSenders(
  api: ZoomUserApi,
  members: readonly ZoomMember[],
  messages: readonly ZoomMessage[],
): Promise<(message: ZoomMessage) => string> {
  const memberOf = ({ senderMemberId, senderEmail }: ZoomMessage) =>
    members.find((member) =>
      senderMemberId === undefined
        ? member.email !== undefined && member.email === senderEmail
        : member.memberId === senderMemberId,
    );
  const gone = new Set(messages.flatMap((one) => (memberOf(one) || !one.senderEmail ? [] : [one.senderEmail])));
  const ids = new Map<string, string>();
  for (const email of gone) {
    const user = await orUnknown(api.getUser(email));
    if (user) ids.set(email, user.id);
  }
  return (message) => {
    const member = memberOf(message);
    return (member ? accountIdOf(member) : ids.get(message.senderEmail ?? '')) ?? '';
  };
}

/** The user id of a member of a channel who is of the account. */
function accountIdOf({ id, isExternal }: ZoomMember): string | undefined {
  return isExternal ? undefined : id;
}

/** What Zoom says of somebody; undefined when it knows no such person in this account, or shows them to nobody. */
async function orUnknown<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const isUnknown = isZoomError(error, 'userGone', 'notFound', 'forbidden', 'invalidRequest');
    if (isUnknown || isZoomError(error, 'channelGone', 'channelArchived')) return undefined;
    throw error;
  }
}

function isOfAccount({ accountId }: ZoomUser, expected: string): boolean {
  return accountId === undefined || accountId === expected;
}

function nameOf({ displayName }: ZoomUser): string {
  return cleanLine(displayName) || 'Zoom user';
}

/**
 * Names for a chat's channel: short, with a part of the id that makes it unique; if that is taken, with the whole id;
 * at last without the visitor's name. Each says that it is a visitor's: no channel of theirs looks like another one.
 * Zoom may keep a deleted channel's name, so a chat that lost one says so in the next name.
 */
function channelNames(input: { visitorName: string; chatId: string; channelsLost: number }): string[] {
  const { chatId, channelsLost } = input;
  const visitorName = truncateText(input.visitorName, limits.visitorNameLength);
  const again = channelsLost > 0 ? ` · ${channelsLost + 1}` : '';
  return [
    `${visitorName} · visitor ${chatId.slice(-6)}${again}`,
    `${visitorName} · visitor ${chatId}${again}`,
    `Chat · ${chatId}${again}`,
  ];
}

function asAttachment({ id, name }: ZoomFile): Attachment {
  return { ...(id === undefined ? {} : { id }), name: truncateText(name ?? 'file', 300) };
}
