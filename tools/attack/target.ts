import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { encryptedDataConverter } from '../../codec/data-converter.ts';
import { readApiConfig, type ApiConfig } from '../../config/env.ts';
import { connectMongo, createStore, type Store } from '../../store/index.ts';
import { Admin, ZoomSide } from '../../test/support/driver.ts';
import type { Stack, StackProcess } from '../embedded/supervisor.ts';
import { freePort } from '../embedded/ports.ts';
import { Guest, type GuestOptions } from './guest.ts';
import type { Inputs } from './inputs.ts';
import { ask, type Answer } from './wire.ts';

/** People of the sandbox, by the first part of their e-mail addresses. */
type Person = 'alex' | 'jill' | 'sam' | 'robin' | 'olive' | 'otto';
type Mongo = Awaited<ReturnType<typeof connectMongo>>;

/** A chat that an agent has joined. */
export interface Talk {
  guest: Guest;
  chatId: string;
  channelId: string;
  /** User id of the agent: Jill. */
  agent: string;
}

/** A card waits for its turn in the inbound channel, whose pace Zoom limits, ms. */
const cardMs = 60_000;

/** How a webhook is sent; what is left out is as Zoom would have it. */
export interface Delivery {
  secret?: string;
  /** ms since 1970. */
  at?: number;
  requestId?: string;
  /** In place of the usual ones; undefined leaves one out. */
  headers?: Record<string, string | string[] | undefined>;
  path?: string;
}

/**
 * The system under attack: what a stranger reaches, and beside it what a witness reads to see whether anything has
 * changed.
 */
export class Target {
  readonly stack: Stack;
  /** Of the attack under way. */
  inputs: Inputs;
  readonly signal: AbortSignal;
  readonly zoom: ZoomSide;
  readonly config: ApiConfig;
  /** Two api processes of one system. */
  readonly apis: readonly [string, string];
  /** Temporal as its owner reads it, and as a stranger without payload keys reaches it. */
  readonly temporal: { owner: Client; stranger: Client };
  readonly mongo: Mongo;
  readonly store: Store;
  /** The account's owner, signed in. */
  readonly owner: Admin;
  readonly widget: string;
  /** What must be nowhere in clear, with its name in words. */
  readonly secrets = new Map<string, string>();
  readonly #people: ReadonlyMap<string, { id: string; accountId: string }>;
  readonly #guests: Guest[] = [];

  private constructor(parts: {
    stack: Stack;
    inputs: Inputs;
    signal: AbortSignal;
    zoom: ZoomSide;
    secondApi: string;
    temporal: Target['temporal'];
    mongo: Mongo;
    store: Store;
    people: ReadonlyMap<string, { id: string; accountId: string }>;
    owner: Admin;
    widget: string;
  }) {
    const { stack, secondApi } = parts;
    this.stack = stack;
    this.inputs = parts.inputs;
    this.signal = parts.signal;
    this.zoom = parts.zoom;
    this.config = readApiConfig(stack.env);
    this.apis = [stack.urls.app, secondApi];
    this.temporal = parts.temporal;
    this.mongo = parts.mongo;
    this.store = parts.store;
    this.owner = parts.owner;
    this.widget = parts.widget;
    this.#people = parts.people;
  }

  /** Installs the app on a running stack, and starts its second api. */
  static async prepare(stack: Stack, inputs: Inputs, signal: AbortSignal): Promise<Target> {
    const config = readApiConfig(stack.env);
    const zoom = new ZoomSide(stack.urls.sandbox ?? '');
    await zoom.faults({ switches: { retryScale: 0.001 } });
    const { users } = await zoom.state();
    const people = new Map(
      users.map(({ email, id, account_id: accountId }) => [email.split('@')[0] ?? '', { id, accountId }]),
    );
    const idOf = (person: Person): string => people.get(person)?.id ?? '';
    const owner = new Admin(stack.urls);
    await owner.install(idOf('alex'));
    const inbound = await zoom.channel('Live Chat Inbound');
    await zoom.invite(idOf('alex'), inbound.id, [idOf('jill'), idOf('sam')]);
    const { widget } = await owner.dashboard();
    const secondApi = await addApi(stack, 'api-2');
    const { connection: options, namespace } = config.temporal;
    const connection = await Connection.connect(options);
    const mongo = await connectMongo(config.mongodbUri);
    return new Target({
      stack,
      inputs,
      signal,
      zoom,
      secondApi: secondApi.url,
      temporal: {
        owner: new Client({ connection, namespace, dataConverter: encryptedDataConverter(config.payloadKeys) }),
        stranger: new Client({ connection, namespace }),
      },
      mongo,
      store: await createStore(mongo, config.tokenKeys),
      people,
      owner,
      widget: widget.id,
    });
  }

  async close(): Promise<void> {
    for (const guest of this.#guests) guest.leave();
    await Promise.allSettled([this.temporal.owner.connection.close(), this.mongo.close()]);
  }

  idOf(person: Person): string {
    return this.#person(person).id;
  }

  accountOf(person: Person): string {
    return this.#person(person).accountId;
  }

  /** One more api of the same system, with this environment beside the usual one. */
  addApi(name: string, env: Record<string, string>): Promise<{ url: string; process: StackProcess }> {
    return addApi(this.stack, name, env);
  }

  /** Somebody goes through Zoom's consent, in a browser of their own. */
  async signIn(userId: string, start = '/signin'): Promise<Admin> {
    const browser = new Admin(this.stack.urls);
    const callback = await browser.decide(await browser.consentUrl(start), userId, 'allow');
    for (const name of ['code', 'state']) this.#secret(`an OAuth ${name}`, callback.searchParams.get(name));
    const landed = await browser.request(callback.href);
    if (landed.status !== 302) throw new Error(`The sign-in answered ${landed.status}: ${await landed.text()}`);
    this.#secret('a session cookie', browser.cookies.split('=').at(-1));
    return browser;
  }

  /** Whether a browser with these cookies is signed in, at each api. */
  async isSignedIn(cookies: string): Promise<boolean[]> {
    const asked = this.apis.map((api) => ask(api, '/api/session', { headers: { cookie: cookies } }));
    return (await Promise.all(asked)).map(({ status }) => status === 200);
  }

  /** Somebody signs in as the operator. @returns the answer. */
  async signInOperator(password = this.config.operator.password ?? '', address?: string): Promise<Answer> {
    return ask(this.apis[0], '/operator/signin', {
      method: 'POST',
      headers: {
        origin: this.stack.urls.public,
        'content-type': 'application/x-www-form-urlencoded',
        ...(address === undefined ? {} : { 'x-forwarded-for': address }),
      },
      body: new URLSearchParams({ password }).toString(),
    });
  }

  /** The operator's cookie. */
  async operatorCookie(): Promise<string> {
    const cookie = cookieOf(await this.signInOperator());
    this.#secret('an operator’s cookie', cookie.split('=')[1]);
    return cookie;
  }

  /** A visitor from an address of their own, who has not come yet. */
  guest(options: Partial<GuestOptions> = {}): Guest {
    const address = this.inputs.ipv4();
    const guest = new Guest({ url: this.apis[0], widget: this.widget, address, signal: this.signal, ...options });
    this.#guests.push(guest);
    return guest;
  }

  /** A visitor comes and writes, and Jill joins them. */
  async talk(hello: object = {}, words = 'Hello, could you help me?'): Promise<Talk> {
    const guest = this.guest();
    await guest.come(hello);
    await guest.tell(words);
    const { chatId } = guest;
    this.secrets.set('a visitor’s token', guest.token ?? '');
    const agent = this.idOf('jill');
    await this.zoom.press(agent, await this.card(chatId), 'Join Chat');
    await guest.entry(({ kind }) => kind === 'agentJoined', 'the agent’s coming');
    const chat = await this.store.chats.get(chatId);
    if (chat?.channel === undefined) throw new Error('The chat that was joined has no channel.');
    return { guest, chatId, channelId: chat.channel.id, agent };
  }

  /** The card of a chat in the inbound channel. */
  card(chatId: string) {
    return this.eventually(() => this.zoom.inboundCard(`Chat ${chatId}`), cardMs);
  }

  /** What `check` answers once it no longer throws; after so many ms its last error is thrown. */
  async eventually<T>(check: () => Promise<T>, ms = 20_000): Promise<T> {
    const deadline = performance.now() + ms;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await delay(50, undefined, { signal: this.signal });
      }
    }
  }

  /** The agent writes one more word, which the visitor gets: what came before it and is not there is not on its way. */
  async stillTalks({ guest, channelId, agent }: Talk): Promise<void> {
    const word = this.inputs.word();
    await this.zoom.write(agent, channelId, `Genuine ${word}`);
    await guest.hears(word);
  }

  /** Sends a webhook, signed as Zoom signs unless told otherwise. */
  deliver(body: object | string, delivery: Delivery = {}): Promise<Answer> {
    const { secret = this.config.zoom.webhookSecretToken, at = Date.now(), requestId = randomUUID() } = delivery;
    const raw = typeof body === 'string' ? body : JSON.stringify(body);
    const timestamp = String(Math.floor(at / 1_000));
    const headers = {
      'content-type': 'application/json',
      'x-zm-request-id': requestId,
      'x-zm-request-timestamp': timestamp,
      'x-zm-signature': sign(secret, timestamp, raw),
      ...delivery.headers,
    };
    return ask(this.apis[0], delivery.path ?? '/webhooks/zoom/events', { method: 'POST', headers, body: raw });
  }

  #person(person: Person) {
    const found = this.#people.get(person);
    if (!found) throw new Error(`The sandbox has no ${person}.`);
    return found;
  }

  #secret(name: string, value: string | null | undefined): void {
    if (value) this.secrets.set(`${name} (${this.secrets.size})`, value);
  }
}

/** The cookie that an answer sets, as a browser sends it back. */
export function cookieOf({ headers }: Answer): string {
  return (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0] ?? '').join('; ');
}

/** Zoom's signature of a webhook. */
export function sign(secret: string, timestamp: string, body: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

async function addApi(stack: Stack, name: string, env: Record<string, string> = {}) {
  const port = await freePort(Object.values(stack.ports));
  const process = await stack.add('api', name, { PORT: String(port), ...env });
  return { url: `http://localhost:${port}`, process };
}
