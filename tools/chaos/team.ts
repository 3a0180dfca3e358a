import { z } from 'zod';
import { setTimeout as pause } from 'node:timers/promises';
import type { ZoomSide } from '../../test/support/driver.ts';
import type { ZoomFeed, ZoomHappening } from './zoom-feed.ts';
import type { ChatPlan } from './schedule.ts';
import { chatIn, words } from './words.ts';

/** A press of Join Chat after which nothing has happened is repeated after this long, as people do. */
const pressAgainMs = 15_000;
const lookAgainMs = 1_000;

const viewSchema = z.looseObject({
  channels: z.array(
    z.looseObject({
      id: z.string(),
      messages: z.array(z.looseObject({ id: z.string(), content: z.unknown().optional() })).nullish(),
    }),
  ),
});

interface Card {
  messageId: string;
  /** Of the button Join Chat. */
  value: string;
}

interface TeamChat {
  plan: ChatPlan;
  card?: Card;
  channelId?: string;
  /** Messages that are being written just now. */
  writing: number;
  /** The first words after the join are said. */
  greeted: boolean;
  /** When the last words are planned, ms since 1970. */
  lastPlannedAt: number;
}

/**
 * The agents in Zoom: see the cards, press Join Chat, answer in the chat channels. They work through the sandbox's control
 * endpoints, as people work in Zoom whatever happens to the app.
 */
export class Team {
  /** How many messages each chat's agents have posted. */
  readonly written = new Map<number, number>();
  presses = 0;
  readonly #zoom: ZoomSide;
  readonly #feed: ZoomFeed;
  readonly #people: readonly string[];
  readonly #viewer: string;
  readonly #inbound: ReadonlySet<string>;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #chats = new Map<number, TeamChat>();
  readonly #onError: (error: unknown) => void;

  constructor(parts: {
    zoom: ZoomSide;
    feed: ZoomFeed;
    /** User ids of the agents. */
    people: readonly string[];
    /** Somebody who sees all inbound channels. */
    viewer: string;
    inbound: readonly string[];
    signal: AbortSignal;
    onError: (error: unknown) => void;
  }) {
    this.#zoom = parts.zoom;
    this.#feed = parts.feed;
    this.#people = parts.people;
    this.#viewer = parts.viewer;
    this.#inbound = new Set(parts.inbound);
    this.#signal = AbortSignal.any([parts.signal, this.#over.signal]);
    this.#onError = parts.onError;
  }

  start(plans: readonly ChatPlan[]): void {
    const now = Date.now();
    for (const plan of plans) {
      const lastPlannedAt = now + (plan.agentsSay.at(-1)?.at ?? 0);
      this.#chats.set(plan.number, { plan, writing: 0, greeted: false, lastPlannedAt });
    }
    this.#feed.listen((event) => this.#happened(event));
  }

  stop(): void {
    this.#over.abort();
  }

  /** Writes into the chat, once an agent has joined. Resolves when Zoom has it. */
  async write(number: number, text: string): Promise<void> {
    const chat = this.#chats.get(number);
    if (chat?.greeted) await this.#write(number, chat, text);
  }

  /** Whether nobody is about to write in this chat, apart from what is still planned. */
  isDone(number: number): boolean {
    const chat = this.#chats.get(number);
    return chat?.greeted === true && Date.now() >= chat.lastPlannedAt && chat.writing === 0;
  }

  async #write(number: number, chat: TeamChat, text: string): Promise<void> {
    chat.writing += 1;
    try {
      await this.#zoom.write(this.#agentOf(number), chat.channelId ?? '', text);
      this.written.set(number, (this.written.get(number) ?? 0) + 1);
    } finally {
      chat.writing -= 1;
    }
  }

  /** The first words: as soon as Zoom lets the agent into the channel. */
  async #greet(number: number, chat: TeamChat): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted();
      try {
        await this.#write(number, chat, words.agent(number, 0));
        chat.greeted = true;
        return;
      } catch {
        // Not a member yet.
        await this.#until(() => true, lookAgainMs);
      }
    }
  }

  #agentOf(number: number): string {
    return this.#people[number % this.#people.length] ?? '';
  }

  #happened({ type, data }: ZoomHappening): void {
    if (type === 'message.created' && this.#inbound.has(String(data['channel_id']))) {
      this.#do(() => this.#cardCame(String(data['channel_id']), String(data['message_id'])));
    }
    if (type === 'channel.created') {
      const number = Number(/^Visitor (\d+) · /.exec(String(data['name']))?.[1]);
      const chat = this.#chats.get(number);
      // A second channel for a chat is a fault, and found as one at the end.
      if (!chat || chat.channelId !== undefined) return;
      chat.channelId = String(data['channel_id']);
      this.#do(async () => {
        await this.#pause(chat.plan.greetsAfterMs);
        await this.#greet(number, chat);
      });
    }
  }

  async #cardCame(channelId: string, messageId: string): Promise<void> {
    const response = await fetch(`${this.#zoom.url}/_sandbox/users/${this.#viewer}/view?conversation=c:${channelId}`);
    const { channels } = viewSchema.parse(await response.json());
    const message = channels.find(({ id }) => id.endsWith(channelId))?.messages?.find(({ id }) => id === messageId);
    const content = JSON.stringify(message?.content ?? {});
    const number = chatIn(content) ?? 0;
    const value = /"join:[A-Za-z0-9]+"/.exec(content)?.[0];
    const chat = this.#chats.get(number);
    if (!chat || value === undefined || chat.card) return;
    chat.card = { messageId, value: JSON.parse(value) as string };
    await this.#pause(chat.plan.joinsAfterMs);
    while (chat.channelId === undefined && (await this.#press(chat, chat.card))) {
      await this.#until(() => chat.channelId !== undefined, pressAgainMs);
    }
  }

  /** @returns whether the card still had its button. */
  async #press(chat: TeamChat, card: Card): Promise<boolean> {
    const first = this.#people.indexOf(this.#agentOf(chat.plan.number));
    const pressers = [first, first + 1].slice(0, chat.plan.twoJoin ? 2 : 1);
    const body = JSON.stringify({ message_id: card.messageId, value: card.value });
    const pressed = await Promise.all(
      pressers.map(async (index) => {
        const url = `${this.#zoom.url}/_sandbox/users/${this.#people[index % this.#people.length] ?? ''}/press`;
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        // 409: the chat has ended, and its card has no such button any more.
        if (!response.ok && response.status !== 409) throw new Error(`The press answered ${response.status}.`);
        if (response.ok) this.presses += 1;
        return response.ok;
      }),
    );
    return pressed.includes(true);
  }

  /** Resolves when the condition holds after something happened in Zoom, or the time is over. */
  async #until(holds: () => boolean, ms: number): Promise<void> {
    const over = new AbortController();
    const ignore = this.#feed.listen(() => {
      if (holds()) over.abort();
    });
    await pause(ms, undefined, { signal: AbortSignal.any([over.signal, this.#signal]) }).catch(() => undefined);
    ignore();
    this.#signal.throwIfAborted();
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#signal });
  }

  #do(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#signal.aborted) this.#onError(error);
    });
  }
}
