import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { DashboardData, InstallProgress } from '../../domain/dashboard.ts';
import type { ServerFrame, VisitorEntry } from '../../domain/visitor-protocol.ts';
import type { StackUrls } from '../../tools/embedded/supervisor.ts';

const card = z.looseObject({ body: z.array(z.unknown()) });
const messageSchema = z.looseObject({
  id: z.string(),
  from: z.string(),
  bot: z.boolean(),
  text: z.string(),
  content: card.optional(),
});
const channelSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  type: z.number(),
  members: z.array(z.looseObject({ id: z.string(), email: z.string(), channel_role: z.string() })),
  messages: z.array(messageSchema),
});
const mailsSchema = z.object({
  mails: z.array(
    z.looseObject({
      id: z.string(),
      from: z.string(),
      subject: z.string(),
      text: z.string(),
      html: z.string(),
      headers: z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  ),
});
/** An e-mail in the sandbox's mailbox. */
export type SandboxMail = z.infer<typeof mailsSchema>['mails'][number];
const stateSchema = z.looseObject({
  app: z.looseObject({
    webhook_secret_token: z.string(),
    urls: z.looseObject({ event_endpoint: z.string(), bot_endpoint: z.string() }),
  }),
  users: z.array(z.looseObject({ id: z.string(), email: z.string(), account_id: z.string() })),
  channels: z.array(channelSchema),
  dms: z.array(z.looseObject({ kind: z.string(), user_ids: z.array(z.string()), messages: z.array(messageSchema) })),
});
/** The sandbox's state, as far as tests look at it. */
export type SandboxState = z.infer<typeof stateSchema>;
export type SandboxChannel = z.infer<typeof channelSchema>;
export type SandboxMessage = z.infer<typeof messageSchema>;

/** Wait until `check` no longer throws, and answer what it answers; after `timeout` ms its last error is thrown. */
export async function eventually<T>(check: () => T | Promise<T>, timeout = 15_000): Promise<T> {
  const deadline = Date.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(25);
    }
  }
}

/** Zoom's side, through the sandbox's control endpoints: what people do in Team Chat. */
export class ZoomSide {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async state(): Promise<SandboxState> {
    return stateSchema.parse(await this.#json('GET', '/_sandbox/state'));
  }

  /** What was mailed to an address, the oldest first. */
  async mailsTo(address: string): Promise<SandboxMail[]> {
    return mailsSchema.parse(await this.#json('GET', `/_sandbox/mails?to=${encodeURIComponent(address)}`)).mails;
  }

  async channel(name: RegExp | string): Promise<SandboxChannel> {
    const { channels } = await this.state();
    const found = channels.find((channel) =>
      typeof name === 'string' ? channel.name === name : name.test(channel.name),
    );
    if (!found)
      throw new Error(`No channel ${String(name)} among: ${channels.map((channel) => channel.name).join(', ')}`);
    return found;
  }

  /** The card of a chat in the inbound channel, by the visitor's words in it. */
  async inboundCard(words: string): Promise<SandboxMessage> {
    const inbound = await this.channel('Live Chat Inbound');
    const found = inbound.messages.find((message) => JSON.stringify(message.content ?? {}).includes(words));
    if (!found) throw new Error(`No card with “${words}” in the inbound channel.`);
    return found;
  }

  /** Press the button with this text on a card. */
  async press(user: string, message: SandboxMessage, text: string): Promise<void> {
    await this.#json('POST', `/_sandbox/users/${user}/press`, {
      message_id: message.id,
      value: buttonValue(message, text),
    });
  }

  async write(user: string, channelId: string, message: string): Promise<string> {
    const answer = await this.#json('POST', `/_sandbox/users/${user}/messages`, { to_channel: channelId, message });
    return z.looseObject({ id: z.string() }).parse(answer).id;
  }

  /** The bot of another app writes, which somebody has added to the channel. */
  async writeAsOtherBot(channelId: string, message: string): Promise<void> {
    await this.#json('POST', '/_sandbox/other-bots/messages', { to_channel: channelId, message });
  }

  async invite(user: string, channelId: string, userIds: readonly string[]): Promise<void> {
    await this.#json('POST', `/_sandbox/users/${user}/invite`, { channel_id: channelId, user_ids: userIds });
  }

  /** Join a public channel, or accept an invitation. */
  async join(user: string, channelId: string): Promise<void> {
    await this.#json('POST', `/_sandbox/users/${user}/join`, { channel_id: channelId });
  }

  async leave(user: string, channelId: string): Promise<void> {
    await this.#json('POST', `/_sandbox/users/${user}/leave`, { channel_id: channelId });
  }

  /** Create a private channel with these people. @returns its id */
  async createChannel(user: string, name: string, userIds: readonly string[]): Promise<string> {
    const answer = await this.#json('POST', `/_sandbox/users/${user}/channels`, { name, type: 2, user_ids: userIds });
    return z.looseObject({ id: z.string() }).parse(answer).id;
  }

  /** See docs/sandbox.md for what can be changed: name, type, archived, app_added, … */
  async changeChannel(user: string, channelId: string, change: object): Promise<void> {
    await this.#json('PATCH', `/_sandbox/users/${user}/channels/${channelId}`, change);
  }

  /** @returns the channel with what was in it */
  async deleteChannel(user: string, channelId: string): Promise<SandboxChannel> {
    return channelSchema.parse(await this.#json('DELETE', `/_sandbox/users/${user}/channels/${channelId}`));
  }

  /** Activate or deactivate somebody, or change their role. */
  async changeUser(user: string, change: { status?: 'active' | 'inactive'; role?: 'admin' | 'member' }): Promise<void> {
    await this.#json('PATCH', `/_sandbox/users/${user}`, change);
  }

  /** Somebody removes the app for themselves. */
  async removeApp(user: string): Promise<void> {
    await this.#json('POST', `/_sandbox/users/${user}/uninstall`);
  }

  async faults(input: object): Promise<void> {
    await this.#json('POST', '/_sandbox/faults', input);
  }

  async clearFaults(): Promise<void> {
    await this.#json('DELETE', '/_sandbox/faults');
  }

  async #json(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** The value of the button with this text on a card. */
export function buttonValue(message: SandboxMessage, text: string): string {
  const shape = z.looseObject({ items: z.array(z.looseObject({ text: z.string(), value: z.string() })) });
  for (const element of message.content?.body ?? []) {
    const items = shape.safeParse(element).data?.items ?? [];
    const found = items.find((item) => item.text === text);
    if (found) return found.value;
  }
  throw new Error(`The card has no button “${text}”: ${JSON.stringify(message.content)}`);
}

const section = z.looseObject({
  type: z.literal('section'),
  sections: z.array(z.looseObject({ text: z.string().optional() })),
});

/**
 * What a post of the app quotes of a visitor's words, line by line: what stands in a card's section for what visitors
 * give, or behind the quote marks of a text in a user's name. Empty for any other message.
 */
export function quotedLines(message: SandboxMessage): string[] {
  if (message.bot) {
    const sections = (message.content?.body ?? []).flatMap(
      (element) => section.safeParse(element).data?.sections ?? [],
    );
    return sections.flatMap(({ text }) => text?.split('\n') ?? []);
  }
  const [head = '', ...lines] = message.text.split('\n');
  return head.startsWith('Visitor · ') ? lines.map((line) => line.replace(/^│ /, '')) : [];
}

/** A browser without a screen: follows redirects and keeps cookies, for the administrator's pages. */
export class Admin {
  readonly #urls: StackUrls;
  readonly #cookies = new Map<string, string>();

  constructor(urls: StackUrls) {
    this.#urls = urls;
  }

  /** Another browser with the same cookies. */
  copy(): Admin {
    const copy = new Admin(this.#urls);
    for (const [name, value] of this.#cookies) copy.#cookies.set(name, value);
    return copy;
  }

  /** Its cookies for the app, as it sends them. */
  get cookies(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const target = new URL(url, this.#urls.public);
    const own = target.origin === new URL(this.#urls.public).origin;
    const response = await fetch(target, {
      ...init,
      redirect: 'manual',
      headers: {
        ...(init.headers as Record<string, string> | undefined),
        ...(own ? { cookie: this.cookies, origin: target.origin } : {}),
      },
    });
    if (own) {
      for (const line of response.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        const at = pair.indexOf('=');
        this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
      }
    }
    return response;
  }

  /** Go from Add to Zoom to Zoom's consent page; answers that page's address. */
  async consentUrl(start = '/install'): Promise<URL> {
    const response = await this.request(start);
    assert.equal(response.status, 302);
    return new URL(response.headers.get('location') ?? '');
  }

  /** Allow (or cancel) as this user on the consent page; answers the redirect back to the app. */
  async decide(consent: URL, userId: string, decision: 'allow' | 'cancel'): Promise<URL> {
    const response = await fetch(consent.origin + consent.pathname, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: consent.origin },
      body: new URLSearchParams([...consent.searchParams, ['user_id', userId], ['decision', decision]]),
    });
    if (response.status !== 302)
      throw new Error(`The consent page answered ${response.status}: ${await response.text()}`);
    return new URL(response.headers.get('location') ?? '');
  }

  /** The whole install as this user, "I'm Done" included. */
  async install(userId: string): Promise<InstallProgress> {
    const callback = await this.decide(await this.consentUrl(), userId, 'allow');
    const landed = await this.request(callback.href);
    assert.equal(landed.status, 302, await landed.text());
    const ready = await eventually(async () => {
      const progress = await this.json<InstallProgress>('/api/install');
      assert.match(progress.status, /ready|done/, JSON.stringify(progress));
      return progress;
    }, 30_000);
    assert.ok((await this.request('/api/install/done', { method: 'POST' })).ok);
    return ready;
  }

  async json<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await this.request(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async dashboard(): Promise<DashboardData> {
    return this.json('/api/dashboard');
  }
}

/** A visitor without a browser: speaks the WebSocket protocol, keeps what it was shown. */
export class Visitor {
  readonly entries: VisitorEntry[] = [];
  readonly accepted = new Set<string>();
  readonly frames: ServerFrame[] = [];
  deliveredSeq = 0;
  token: string | undefined;
  readonly #url: string;
  readonly #widget: string;
  readonly #name: string;
  readonly #email: string | undefined;
  #socket: WebSocket | undefined;

  constructor(appUrl: string, widget: string, name = 'Jane Doe', email?: string) {
    this.#url = appUrl.replace(/^http/, 'ws') + '/visitor';
    this.#widget = widget;
    this.#name = name;
    this.#email = email;
  }

  /** Open the socket and say hello; goes on with the earlier chat if there is one. */
  async connect(): Promise<void> {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    const welcome = new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error('The socket closed before the welcome.'));
      });
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as ServerFrame;
        this.#take(frame);
        if (frame.type === 'welcome') resolve();
      });
    });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    this.send({
      type: 'hello',
      v: 1,
      widget: this.#widget,
      ...(this.token === undefined ? {} : { token: this.token }),
      lastSeq: this.lastSeq,
      visitor: { name: this.#name, ...(this.#email === undefined ? {} : { email: this.#email }) },
      page: { url: 'https://shop.example.com/pricing', title: 'Pricing' },
    });
    await welcome;
  }

  send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  /** Send a message; answers its client id. */
  say(text: string, id: string = randomUUID()): string {
    this.send({ type: 'message', id, text });
    return id;
  }

  end(): void {
    this.send({ type: 'end', id: randomUUID() });
  }

  /** Cut the connection without a word. */
  drop(): void {
    this.#socket?.terminate();
  }

  get lastSeq(): number {
    return this.entries.at(-1)?.seq ?? 0;
  }

  /** What agents wrote, in order. */
  get answers(): string[] {
    return this.entries.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : []));
  }

  #take(frame: ServerFrame): void {
    this.frames.push(frame);
    if (frame.type === 'welcome') {
      this.token = frame.token;
      this.deliveredSeq = frame.deliveredSeq;
    } else if (frame.type === 'accepted') this.accepted.add(frame.id);
    else if (frame.type === 'delivered') this.deliveredSeq = frame.deliveredSeq;
    else if (frame.type === 'entries') {
      for (const entry of frame.entries) {
        // The promise of the protocol: in order, without gaps or repeats.
        assert.equal(entry.seq, this.lastSeq + 1);
        this.entries.push(entry);
      }
    }
  }
}
