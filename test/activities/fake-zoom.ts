import { randomUUID } from 'node:crypto';
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
import type { UserZoom } from '../../activities/user-zoom.ts';

/** A ZoomError as the client makes it. */
export function zoomError(kind: ZoomErrorKind, fields: Partial<ZoomErrorFields> = {}): ZoomError {
  return new ZoomError({ kind, operation: 'test.call', retryable: false, ambiguous: false, ...fields });
}
/** The answer was lost: nobody knows whether the call took effect. */
export const lostAnswer = () => zoomError('timeout', { retryable: true, ambiguous: true });

interface Channel {
  id: string;
  name: string;
  type: ZoomChannel['type'];
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
  /** What the bot told people directly. */
  readonly directMessages: { toJid: string; card: Card }[] = [];
  readonly cardEdits: { messageId: string; card: Card }[] = [];
  readonly calls: Operation[] = [];
  /** Refresh tokens that work, and what each brings. */
  readonly refreshTokens = new Set<string>();
  /** Whether new private channels let the bot in. */
  letsBotIntoPrivateChannels = true;
  readonly #faults = new Map<Operation, (Fault | undefined)[]>();
  readonly #held = new Map<Operation, Promise<void>>();

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
  hold(operation: Operation): () => void {
    let release: () => void = () => undefined;
    this.#held.set(operation, new Promise((resolve) => (release = resolve)));
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
      ...fields,
    };
    this.users.set(id, user);
    return user;
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

  /** A message in a channel's history. */
  addMessage(channelId: string, message: Partial<ZoomMessage>): ZoomMessage {
    const added: ZoomMessage = { id: randomUUID(), timestamp: Date.now(), files: [], fromBot: false, ...message };
    this.channel(channelId).messages.push(added);
    return added;
  }

  channel(id: string): Channel {
    const found = this.channels.find((channel) => channel.id === id);
    if (!found) throw zoomError('channelGone');
    if (found.archived) throw zoomError('channelArchived');
    return found;
  }

  readonly bot: Pick<BotApi, 'postMessage' | 'updateMessage'> = {
    postMessage: ({ toJid, content }) =>
      this.#call('bot.postMessage', () => {
        const channel = this.channels.find((known) => channelJid(known.id) === toJid);
        if (!channel) {
          this.directMessages.push({ toJid, card: content });
          return { messageId: `dm-${this.directMessages.length}` };
        }
        if (!channel.letsBotIn) throw zoomError('botNotAllowed', { status: 403, code: 7004 });
        return { messageId: this.addMessage(channel.id, { fromBot: true, botMessage: content }).id };
      }),
    updateMessage: ({ messageId, content }) =>
      this.#call('bot.updateMessage', () => {
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

  userApi(userId: string): Partial<ZoomUserApi> {
    const self = () => {
      const user = this.users.get(userId);
      if (!user) throw zoomError('unauthorized');
      return user;
    };
    return {
      getMe: () => this.#call('getMe', self),
      getUser: (id) =>
        this.#call('getUser', () => {
          const found = this.users.get(id);
          if (!found) throw zoomError('userGone');
          return found;
        }),
      allChannels: () =>
        this.#call('allChannels', () =>
          this.channels.filter((channel) => channel.members.includes(self().email ?? '')).map(asZoomChannel),
        ),
      createChannel: ({ name, type, members = [] }) =>
        this.#call('createChannel', () => {
          if (this.channels.some((channel) => channel.name === name)) throw zoomError('nameTaken');
          const everybody = [self().email ?? '', ...members];
          const letsBotIn = type === 'public' || this.letsBotIntoPrivateChannels;
          return asZoomChannel(this.addChannel(name, { type, members: everybody, letsBotIn }));
        }),
      ensureMember: ({ channelId, email }) =>
        this.#call('ensureMember', () => {
          const { members } = this.channel(channelId);
          if (!members.includes(email)) members.push(email);
          return 'member' as const;
        }),
      listMembers: ({ channelId }) =>
        this.#call('listMembers', () =>
          this.channel(channelId).members.map((email, n): ZoomMember => {
            const user = [...this.users.values()].find((known) => known.email === email);
            const role = n === 0 ? 'owner' : 'member';
            return { id: user?.id, memberId: `member-${email}`, email, role, external: false };
          }),
        ),
      removeMember: ({ channelId, identifier }) =>
        this.#call('removeMember', () => {
          const channel = this.channel(channelId);
          const at = channel.members.indexOf(this.users.get(identifier)?.email ?? '');
          if (at < 1) throw zoomError('refused');
          channel.members.splice(at, 1);
        }),
      listMessages: ({ toChannel, from, to }) =>
        this.#call('listMessages', () =>
          this.channel(toChannel ?? '').messages.filter(
            ({ timestamp }) => timestamp >= from.getTime() && timestamp <= to.getTime(),
          ),
        ),
      sendMessage: ({ toChannel, message }) =>
        this.#call('sendMessage', () => {
          if (message.length > 1_024 || message.trim() === '') throw zoomError('invalidRequest');
          return { id: this.addMessage(toChannel ?? '', { text: message, senderEmail: self().email }).id };
        }),
    };
  }

  /** The real type: what the fake lacks is missing at run time, and a test that needs it fails loudly. */
  get client(): ZoomClient {
    return {
      oauth: this.oauth as ZoomOAuth,
      bot: this.bot as BotApi,
      asUser: (accessToken) => this.userApi(accessToken) as ZoomUserApi,
    };
  }

  /** Calls in somebody's name, with tokens that always work. */
  readonly userZoom: UserZoom = (zoomUserId, fn) => fn(this.userApi(zoomUserId) as ZoomUserApi);

  async #call<T>(operation: Operation, effect: () => T): Promise<T> {
    this.calls.push(operation);
    const fault = this.#faults.get(operation)?.shift();
    if (fault && !fault.afterEffect) throw fault.error;
    const held = this.#held.get(operation);
    this.#held.delete(operation);
    await held;
    const result = effect();
    if (fault) throw fault.error;
    return result;
  }
}

function asZoomChannel({ id, name, type }: Channel): ZoomChannel {
  const jid = channelJid(id);
  return { id, jid, name, type, url: channelUrl(jid) };
}
