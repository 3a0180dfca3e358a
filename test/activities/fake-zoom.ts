import { randomUUID } from 'node:crypto';
import { NeedsReconnectError, type UserZoom } from '../../activities/user-zoom.ts';
import {
  channelJid,
  channelUrl,
  userJid,
  ZoomError,
  type BotApi,
  type Card,
  type ZoomChannel,
  type ZoomClient,
  type ZoomErrorFields,
  type ZoomErrorKind,
  type ZoomMember,
  type ZoomMessage,
  type ZoomOAuth,
  type ZoomUser,
  type ZoomUserApi,
} from '../../zoom/index.ts';

/** A ZoomError as the client makes it. */
export function zoomError(kind: ZoomErrorKind, fields: Partial<ZoomErrorFields> = {}): ZoomError {
  return new ZoomError({ kind, operation: 'test.call', ambiguous: false, ...fields });
}
/** The answer was lost: nobody knows whether the call took effect. */
export const lostAnswer = () => zoomError('timeout', { ambiguous: true });

interface Channel {
  id: string;
  name: string;
  type: ZoomChannel['type'];
  /** E-mail addresses, the owner's first. */
  members: string[];
  messages: ZoomMessage[];
  /** Whether the app was added to it. */
  letsBotIn: boolean;
  archived: boolean;
}

type Operation =
  | 'getMe'
  | 'getUser'
  | 'allChannels'
  | 'createChannel'
  | 'deleteChannel'
  | 'archiveChannel'
  | 'ensureMember'
  | 'listMembers'
  | 'removeMember'
  | 'listMessages'
  | 'sendMessage'
  | 'bot.postMessage'
  | 'bot.updateMessage'
  | 'oauth.refresh';

interface Fault {
  error: Error;
  /** The call takes effect before it fails. */
  afterEffect: boolean;
}

/** As much of Zoom as the activities use, in memory, with faults to order. Typed as the real client. */
export class FakeZoom {
  readonly users = new Map<string, ZoomUser & { accountId: string }>();
  readonly channels: Channel[] = [];
  /** What the bot wrote to people directly. */
  readonly directMessages: { toJid: string; card: Card }[] = [];
  readonly cardEdits: { messageId: string; card: Card }[] = [];
  readonly calls: Operation[] = [];
  /** Refresh tokens that work, and what each brings. */
  readonly refreshTokens = new Set<string>();
  /** Whether new private channels let the bot in. */
  letsBotIntoPrivateChannels = true;
  /** Posts and cards with this in them are refused for their content. */
  refusedWords: string | undefined;
  readonly #faults = new Map<Operation, (Fault | undefined)[]>();
  readonly #paused = new Map<Operation, Promise<void>>();

  /** The next calls of `operation` fail so; undefined lets one through. */
  fail(operation: Operation, ...faults: (Error | { afterEffect: Error } | undefined)[]): void {
    const list = this.#faults.get(operation) ?? [];
    for (const fault of faults) {
      if (fault === undefined) list.push(undefined);
      else if (fault instanceof Error) list.push({ error: fault, afterEffect: false });
      else list.push({ error: fault.afterEffect, afterEffect: true });
    }
    this.#faults.set(operation, list);
  }

  /** The next call of `operation` takes effect only once this is called. */
  pause(operation: Operation): () => void {
    let release: () => void = () => undefined;
    this.#paused.set(operation, new Promise((resolve) => (release = resolve)));
    return release;
  }

  addUser(id: string, fields: Partial<ZoomUser & { accountId: string }> = {}): ZoomUser & { accountId: string } {
    const name = `${id[0]?.toUpperCase() ?? ''}${id.slice(1)}`;
    const user = {
      id,
      accountId: 'account-1',
      email: `${id}@example.com`,
      displayName: `${name} Doe`,
      jid: userJid(id),
      status: 'active',
      role: 'agent' as const,
      ...fields,
    };
    this.users.set(id, user);
    return user;
  }

  /** An administrator of Zoom makes somebody inactive. */
  deactivate(id: string): void {
    const user = this.users.get(id);
    if (user) this.users.set(id, { ...user, status: 'inactive' });
  }

  addChannel(name: string, fields: Partial<Channel> = {}): Channel {
    const id = randomUUID().replaceAll('-', '');
    const channel: Channel = {
      id,
      name,
      type: 'public',
      members: [],
      messages: [],
      letsBotIn: true,
      archived: false,
      ...fields,
    };
    this.channels.push(channel);
    return channel;
  }

  deleteChannel(id: string): void {
    this.channels.splice(this.channels.indexOf(this.channel(id)), 1);
  }

  /** A message in a channel's history. */
  addMessage(channelId: string, message: Partial<ZoomMessage>): ZoomMessage {
    const added: ZoomMessage = {
      id: randomUUID(),
      timestamp: Date.now(),
      files: [],
      isReply: false,
      fromBot: false,
      ...message,
    };
    this.channel(channelId).messages.push(added);
    return added;
  }

  channel(id: string): Channel {
    const found = this.channels.find((channel) => channel.id === id);
    if (!found) throw zoomError('channelGone');
    return found;
  }

  readonly bot: BotApi = {
    postMessage: ({ toJid, userJid: actingJid, content }) =>
      this.#call('bot.postMessage', () => {
        this.#checkActingUser(actingJid);
        this.#checkContent(content);
        if (!toJid.includes('@conference.')) {
          const to = [...this.users.values()].find(({ jid }) => jid === toJid);
          if (to?.status !== 'active') throw zoomError('channelGone', { status: 403, code: 7004 });
          this.directMessages.push({ toJid, card: content });
          return { messageId: `dm-${this.directMessages.length}` };
        }
        const channel = this.channels.find((known) => channelJid(known.id) === toJid);
        if (!channel) throw zoomError('channelGone');
        if (channel.archived) throw zoomError('channelArchived');
        if (!channel.letsBotIn) throw zoomError('botNotAllowed', { status: 403, code: 7004 });
        return { messageId: this.addMessage(channel.id, { fromBot: true, botMessage: content }).id };
      }),
    updateMessage: ({ messageId, userJid: actingJid, content }) =>
      this.#call('bot.updateMessage', () => {
        this.#checkActingUser(actingJid);
        this.#checkContent(content);
        this.cardEdits.push({ messageId, card: content });
      }),
  };

  readonly oauth: Pick<ZoomOAuth, 'refresh'> = {
    refresh: ({ refreshToken }) =>
      this.#call('oauth.refresh', () => {
        if (!this.refreshTokens.delete(refreshToken)) throw zoomError('grantInvalid');
        const next = `refresh-${randomUUID()}`;
        this.refreshTokens.add(next);
        return {
          accessToken: `access-${randomUUID()}`,
          refreshToken: next,
          expiresAt: new Date(Date.now() + 3_600_000),
          scopes: ['user:read'],
        };
      }),
  };

  userApi(userId: string): ZoomUserApi {
    const self = () => {
      const user = this.users.get(userId);
      if (!user) throw zoomError('unauthorized');
      return user;
    };
    /** The channel, if this user is a member of it. */
    const mine = (channelId: string) => {
      const channel = this.channel(channelId);
      if (!channel.members.includes(self().email ?? '')) throw zoomError('forbidden', { status: 400, code: 200 });
      return channel;
    };
    return {
      getMe: () => this.#call('getMe', self),
      getUser: (id) =>
        this.#call('getUser', () => {
          const found = [...this.users.values()].find((user) => user.id === id || user.email === id);
          if (found?.accountId !== self().accountId) throw zoomError('userGone');
          return found;
        }),
      allChannels: () =>
        this.#call('allChannels', () =>
          this.channels.filter((channel) => channel.members.includes(self().email ?? '')).map(asZoomChannel),
        ),
      getChannel: ({ channelId }) => this.#call('allChannels', () => asZoomChannel(mine(channelId))),
      createChannel: ({ name, type }) =>
        this.#call('createChannel', () => {
          if (this.channels.some((channel) => channel.name === name)) throw zoomError('nameTaken');
          const members = [self().email ?? ''];
          const letsBotIn = type === 'public' || this.letsBotIntoPrivateChannels;
          return asZoomChannel(this.addChannel(name, { type, members, letsBotIn }));
        }),
      deleteChannel: ({ channelId }) =>
        this.#call('deleteChannel', () => {
          if (mine(channelId).members[0] !== self().email) throw zoomError('forbidden', { status: 403, code: 4100 });
          this.deleteChannel(channelId);
        }),
      archiveChannel: ({ channelId }) =>
        this.#call('archiveChannel', () => {
          mine(channelId).archived = true;
        }),
      ensureMember: ({ channelId, email }) =>
        this.#call('ensureMember', () => {
          const { members } = mine(channelId);
          if (!members.includes(email)) members.push(email);
        }),
      listMembers: ({ channelId }) =>
        this.#call('listMembers', () =>
          mine(channelId).members.map((email, n): ZoomMember => {
            const user = [...this.users.values()].find((known) => known.email === email);
            const memberId = `member-${email}`;
            const role = n === 0 ? 'owner' : 'member';
            if (user && user.accountId !== self().accountId)
              return { memberId, name: user.displayName, isExternal: true, role };
            return { id: user?.id, memberId, email, name: user?.displayName, isExternal: false, role };
          }),
        ),
      removeMember: ({ channelId, userId: removed }) =>
        this.#call('removeMember', () => {
          const channel = mine(channelId);
          const at = channel.members.indexOf(this.users.get(removed)?.email ?? '');
          if (at < 1) throw zoomError('refused');
          channel.members.splice(at, 1);
        }),
      listMessages: ({ channelId, from, to }) =>
        this.#call('listMessages', () => {
          const { archived, messages } = mine(channelId);
          if (archived) throw zoomError('channelArchived');
          return messages.filter(({ timestamp }) => timestamp >= from.getTime() && timestamp <= to.getTime());
        }),
      sendMessage: ({ channelId, message }) =>
        this.#call('sendMessage', () => {
          const channel = mine(channelId);
          if (channel.archived) throw zoomError('channelArchived');
          this.#checkContent(message);
          if (message.length > 1_024 || message.trim() === '') throw zoomError('contentRefused');
          return { id: this.addMessage(channel.id, { text: message, senderEmail: self().email }).id };
        }),
    };
  }

  /** The real type: what the fake lacks is missing at run time, and a test that needs it fails loudly. */
  get client(): ZoomClient {
    return { oauth: this.oauth as ZoomOAuth, bot: this.bot, asUser: (accessToken) => this.userApi(accessToken) };
  }

  /** Calls in somebody's name, with tokens that work for as long as they are active. */
  readonly userZoom: UserZoom = async (zoomUserId, fn) => {
    if (this.users.get(zoomUserId)?.status !== 'active') throw new NeedsReconnectError();
    return fn(this.userApi(zoomUserId));
  };

  #checkActingUser(jid: string | undefined): void {
    const user = [...this.users.values()].find((known) => known.jid === jid);
    if (jid !== undefined && user?.status !== 'active') throw zoomError('botNotAllowed', { status: 403, code: 7004 });
  }

  #checkContent(content: unknown): void {
    if (this.refusedWords !== undefined && JSON.stringify(content).includes(this.refusedWords))
      throw zoomError('contentRefused', { status: 400, code: 7001 });
  }

  async #call<T>(operation: Operation, effect: () => T): Promise<T> {
    this.calls.push(operation);
    const fault = this.#faults.get(operation)?.shift();
    if (fault && !fault.afterEffect) throw fault.error;
    const paused = this.#paused.get(operation);
    this.#paused.delete(operation);
    await paused;
    const result = effect();
    if (fault) throw fault.error;
    return result;
  }
}

function asZoomChannel({ id, name, type }: Channel): ZoomChannel {
  const jid = channelJid(id);
  return { id, jid, name, type, url: channelUrl(jid) };
}
