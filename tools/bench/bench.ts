import { Client, Connection } from '@temporalio/client';
import { encryptedDataConverter } from '../../codec/data-converter.ts';
import { readApiConfig, type ApiConfig } from '../../config/env.ts';
import type { Stack } from '../embedded/supervisor.ts';
import { Admin, ZoomSide } from '../../test/support/driver.ts';
import { BenchChat } from './chat.ts';
import type { Figure } from './figure.ts';
import { SandboxFeed } from './sandbox-feed.ts';
import { BenchVisitor } from './visitor.ts';

/** A part of the benchmark that can be run alone. */
export interface Section {
  name: string;
  title: string;
  /** Gives each figure as soon as it is there: what was measured before a failure counts. */
  run: (bench: Bench) => AsyncIterable<Figure>;
}

/** People of the sandbox, by the first part of their address. */
export type Person = 'alex' | 'ada' | 'jill' | 'sam' | 'robin' | 'olive' | 'otto';

/** A website whose chats the team answers. */
export interface Site {
  widget: string;
  feed: SandboxFeed;
}

/** How many chats are opened side by side. */
const openingAtOnce = 12;

/** What sections share: the running stack, an installed app, chats that were opened, and the figures so far. */
export class Bench {
  readonly stack: Stack;
  readonly zoom: ZoomSide;
  readonly config: ApiConfig;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** From the start of the stack until it was ready, s. */
  readonly readyAfter: number;
  readonly #figures = new Map<string, Figure>();
  readonly #chats: BenchChat[] = [];
  readonly #closers: (() => Promise<void> | void)[] = [];
  #site: Promise<Site> | undefined;
  #client: Promise<Client> | undefined;
  #people: Promise<Map<string, string>> | undefined;
  #visitors = 0;

  constructor(options: { stack: Stack; seconds: number; signal: AbortSignal; readyAfter: number }) {
    this.stack = options.stack;
    this.seconds = options.seconds;
    this.signal = options.signal;
    this.readyAfter = options.readyAfter;
    this.config = readApiConfig(options.stack.env);
    this.zoom = new ZoomSide(options.stack.urls.sandbox ?? '');
  }

  /** Remembers what a section has measured, for the bounds of later ones. */
  learn(figure: Figure): void {
    this.#figures.set(figure.id, figure);
  }

  /** A figure's value, or one of its other numbers; undefined when this run has not measured it. */
  known(id: string, number?: string): number | undefined {
    const figure = this.#figures.get(id);
    return number === undefined ? figure?.value : figure?.numbers?.[number];
  }

  /** To be called when the run ends. */
  whenDone(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes what the sections have opened. */
  async close(): Promise<void> {
    for (const { visitor } of this.#chats) visitor.close();
    for (const close of this.#closers.reverse()) await close();
  }

  /** A Temporal client that reads what the app writes. */
  client(): Promise<Client> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async idOf(person: Person): Promise<string> {
    this.#people ??= this.zoom
      .state()
      .then(({ users }) => new Map(users.map(({ email, id }) => [email.split('@')[0] ?? '', id])));
    const id = (await this.#people).get(person);
    if (id === undefined) throw new Error(`The sandbox has no ${person}.`);
    return id;
  }

  /** The app installed by Alex, with Jill in the inbound channel. */
  site(): Promise<Site> {
    this.#site ??= this.#install();
    return this.#site;
  }

  /** A visitor who has not connected yet, with an address of their own. */
  async visitor(): Promise<BenchVisitor> {
    const { widget } = await this.site();
    this.#visitors += 1;
    const number = this.#visitors;
    return new BenchVisitor({
      appUrl: this.stack.urls.app,
      widget,
      name: `Visitor ${number}`,
      address: `10.200.${Math.floor(number / 256)}.${number % 256}`,
    });
  }

  /** How many chats are open. */
  get openChats(): number {
    return this.#chats.length;
  }

  /** This many open chats, the same ones each time. */
  async chats(count: number): Promise<BenchChat[]> {
    const missing = count - this.#chats.length;
    if (missing > 0) await this.freshChats(missing);
    return this.#chats.slice(0, count);
  }

  /** New chats, in which nobody has written yet but the first words. */
  async freshChats(count: number): Promise<BenchChat[]> {
    const { feed } = await this.site();
    const agent = await this.idOf('jill');
    const side = { feed, zoom: this.zoom, agent, signal: this.signal };
    const opened: BenchChat[] = [];
    let left = count;
    const openOn = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        this.signal.throwIfAborted();
        opened.push(await BenchChat.open(await this.visitor(), side));
      }
    };
    await Promise.all(Array.from({ length: Math.min(openingAtOnce, count) }, openOn));
    this.#chats.push(...opened);
    return opened;
  }

  async #connect(): Promise<Client> {
    const { connection: options, namespace } = this.config.temporal;
    const connection = await Connection.connect(options);
    this.whenDone(() => connection.close());
    return new Client({ connection, namespace, dataConverter: encryptedDataConverter(this.config.payloadKeys) });
  }

  async #install(): Promise<Site> {
    // Load is what the system can do; Zoom's limits are for the capacity plan.
    await this.zoom.faults({ switches: { rateLimits: false, channelBurst: false, retryScale: 0.001 } });
    const alex = await this.idOf('alex');
    const admin = new Admin(this.stack.urls);
    await admin.install(alex);
    const { widget } = await admin.dashboard();
    const inbound = await this.zoom.channel('Live Chat Inbound');
    await this.zoom.invite(alex, inbound.id, [await this.idOf('jill')]);
    const feed = await SandboxFeed.open(this.zoom.url);
    this.whenDone(() => feed.close());
    return { widget: widget.id, feed };
  }
}
