import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ZoomSide } from '../../test/support/driver.ts';
import type { ChatPlan } from './plan.ts';
import { chatIn, isForVisitor, words } from './words.ts';
import type { ZoomFeed, ZoomHappening } from './zoom-feed.ts';

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
  /** The channels that were made for the chat, oldest first. A second one is a fault, unless the first is lost. */
  channels: string[];
  /** Those that were deleted or archived by the team; the archived ones come back. */
  lost: Set<string>;
  regained: Set<string>;
  /** How many messages its agents have written for the visitor, and how many are being written just now. */
  written: number;
  writing: number;
  /** The first words after the join are said. */
  greeted: boolean;
  /** When the last words are planned, ms since 1970. */
  lastPlannedAt: number;
}

/** A chat that an agent has joined. */
export interface JoinedChat {
  number: number;
  channelId: string;
}

/**
 * The agents in Zoom: see the cards, press Join Chat, answer in the chat channels. They work through the sandbox's
 * control endpoints, as people work in Zoom whatever happens to the app.
 */
export class Team {
  presses = 0;
  /** Ids of the channels where new chats appear. */
  readonly inbound: Set<string>;
  readonly #zoom: ZoomSide;
  readonly #feed: ZoomFeed;
  readonly #people: readonly string[];
  readonly #viewer: string;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #chats = new Map<number, TeamChat>();
  /** By what a card's button says: a card whose words Zoom refuses does not name the visitor. */
  readonly #chatOfButton = new Map<string, TeamChat>();
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
    this.inbound = new Set(parts.inbound);
    this.#signal = AbortSignal.any([parts.signal, this.#over.signal]);
    this.#onError = parts.onError;
  }

  start(plans: readonly ChatPlan[]): void {
    const now = Date.now();
    for (const plan of plans) {
      const lastPlannedAt = now + (plan.agentsSay.at(-1)?.at ?? 0);
      const chat = {
        plan,
        channels: [],
        lost: new Set<string>(),
        regained: new Set<string>(),
        written: 0,
        writing: 0,
        greeted: false,
        lastPlannedAt,
      };
      this.#chats.set(plan.number, chat);
    }
    this.#feed.listen((event) => this.#happened(event));
  }

  stop(): void {
    this.#over.abort();
  }

  /** Writes into the chat, once an agent has joined. Resolves when Zoom has it. */
  async write(number: number, text: string): Promise<void> {
    const chat = this.#chats.get(number);
    const channelId = chat?.greeted === true ? currentChannel(chat) : undefined;
    if (chat && channelId !== undefined) await this.#write(chat, channelId, text);
  }

  /** The chats that an agent has joined and whose channel is still there. */
  get joined(): JoinedChat[] {
    return [...this.#chats.values()].flatMap((chat) => {
      const channelId = chat.greeted ? currentChannel(chat) : undefined;
      return channelId === undefined ? [] : [{ number: chat.plan.number, channelId }];
    });
  }

  /** The team is about to delete or archive a chat's channel: nobody writes there any more. */
  loses({ number, channelId }: JoinedChat): void {
    const chat = this.#chats.get(number);
    if (!chat) return;
    chat.lost.add(channelId);
    chat.greeted = false;
    delete chat.card;
  }

  /** A chat's channel is not archived any more: its agents go on there, until the chat asks for somebody again. */
  regains({ number, channelId }: JoinedChat): void {
    const chat = this.#chats.get(number);
    if (!chat || chat.card || currentChannel(chat) !== undefined) return;
    chat.lost.delete(channelId);
    chat.regained.add(channelId);
    chat.greeted = true;
  }

  hasLostChannel(number: number): boolean {
    const chat = this.#chats.get(number);
    return chat !== undefined && chat.lost.size + chat.regained.size > 0;
  }

  /** How many messages the chat's agents have written for its visitor. */
  written(number: number): number {
    return this.#chats.get(number)?.written ?? 0;
  }

  /** Whether nobody is about to write in this chat, apart from what is still planned. */
  isDone(number: number): boolean {
    const chat = this.#chats.get(number);
    return chat?.greeted === true && Date.now() >= chat.lastPlannedAt && chat.writing === 0;
  }

  /** The number of the chat that each chat channel was made for. */
  get chatOfChannel(): Map<string, number> {
    const list = [...this.#chats].flatMap(([number, { channels }]) => channels.map((id) => [id, number] as const));
    return new Map(list);
  }

  async #write(chat: TeamChat, channelId: string, text: string): Promise<void> {
    chat.writing += 1;
    try {
      await this.#zoom.write(this.#agentOf(chat), channelId, text);
      if (isForVisitor(text)) chat.written += 1;
    } catch (error) {
      if (!chat.lost.has(channelId)) throw error;
    } finally {
      chat.writing -= 1;
    }
  }

  /** The first words: as soon as Zoom lets the agent into the channel. */
  async #greet(chat: TeamChat, channelId: string): Promise<void> {
    while (!chat.lost.has(channelId)) {
      this.#signal.throwIfAborted();
      try {
        await this.#write(chat, channelId, words.agent(chat.plan.number, 0));
        chat.greeted = !chat.lost.has(channelId);
        return;
      } catch {
        // Not a member yet.
        await this.#until(() => true, lookAgainMs);
      }
    }
  }

  #agentOf({ plan }: TeamChat): string {
    return this.#people[plan.number % this.#people.length] ?? '';
  }

  #happened({ type, data }: ZoomHappening): void {
    if (type === 'message.created' && this.inbound.has(String(data['channel_id']))) {
      this.#do(() => this.#cardCame(String(data['channel_id']), String(data['message_id'])));
    }
    if (type === 'channel.created') {
      const chat = this.#chats.get(chatIn(String(data['name'])) ?? 0);
      if (!chat) return;
      const channelId = String(data['channel_id']);
      const isSecond = currentChannel(chat) !== undefined;
      chat.channels.push(channelId);
      if (isSecond) return;
      this.#do(async () => {
        await this.#pause(chat.plan.greetsAfterMs);
        await this.#greet(chat, channelId);
      });
    }
  }

  async #cardCame(channelId: string, messageId: string): Promise<void> {
    const response = await fetch(`${this.#zoom.url}/_sandbox/users/${this.#viewer}/view?conversation=c:${channelId}`);
    const { channels } = viewSchema.parse(await response.json());
    const message = channels.find(({ id }) => id.endsWith(channelId))?.messages?.find(({ id }) => id === messageId);
    const content = JSON.stringify(message?.content ?? {});
    const [, value] = /"(join:[\w-]+)"/.exec(content) ?? [];
    if (value === undefined) return;
    const chat = this.#chats.get(chatIn(content) ?? 0) ?? this.#chatOfButton.get(value);
    if (!chat) return;
    this.#chatOfButton.set(value, chat);
    const card = { messageId, value };
    const regained = currentChannel(chat);
    if (regained !== undefined && chat.regained.has(regained)) {
      this.loses({ number: chat.plan.number, channelId: regained });
    }
    const isPressed = chat.card !== undefined;
    chat.card = card;
    if (!isPressed) await this.#join(chat);
  }

  /** Presses Join Chat on the newest card until there is a channel, or no card has such a button. */
  async #join(chat: TeamChat): Promise<void> {
    await this.#pause(chat.plan.joinsAfterMs);
    while (chat.card && currentChannel(chat) === undefined) {
      const { card } = chat;
      const pressed = await this.#press(chat, card);
      if (pressed) await this.#until(() => currentChannel(chat) !== undefined || chat.card !== card, pressAgainMs);
      else if (chat.card === card) delete chat.card;
    }
  }

  /** @returns whether the card is there and still has its button. */
  async #press({ plan }: TeamChat, card: Card): Promise<boolean> {
    const first = plan.number % this.#people.length;
    const pressers = [first, first + 1].slice(0, plan.twoJoin ? 2 : 1);
    const body = JSON.stringify({ message_id: card.messageId, value: card.value });
    const pressed = await Promise.all(
      pressers.map(async (index) => {
        const url = `${this.#zoom.url}/_sandbox/users/${this.#people[index % this.#people.length] ?? ''}/press`;
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        // 404: the card went with its channel. 409: the chat has ended, and its card has no such button any more.
        const isGone = response.status === 404 || response.status === 409;
        if (!response.ok && !isGone) throw new Error(`The press answered ${response.status}.`);
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

/** The chat's channel in use: the first that is not lost. */
function currentChannel({ channels, lost }: TeamChat): string | undefined {
  return channels.find((id) => !lost.has(id));
}
