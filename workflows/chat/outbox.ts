import { echoKey, isMarked, postTextLength, quoteLength, type ChannelPost } from '../../domain/channel-post.ts';
import { limits } from '../../domain/limits.ts';
import { splitText } from '../../domain/text.ts';
import { delayBeforePost } from '../pacing.ts';
import { RecentKeys } from './recent-keys.ts';

/** One visitor message on its way to the chat channel. */
interface WaitingMessage {
  seq: number;
  /** Absent in what has waited over many runs: it is in MongoDB, and read back when it is its time. */
  text?: string;
  /** Of the text. */
  length: number;
  /** When it was written, ms. */
  at: number;
}

export interface OutboxState {
  waiting: WaitingMessage[];
  /** The post that was begun: it stays the same until its outcome is known, so that a repeat is recognised. */
  current?: { lastSeq: number; part: number; refused?: boolean; begunAt: number };
  /** Messages up to here are posted one by one: Zoom refused to show one of them. */
  singlyUpTo?: number;
  /** Zoom has taken every visitor message up to here. */
  deliveredSeq: number;
  /** Times of recent posts into the chat channel, ms, for Zoom's per-channel limits. */
  postTimes: number[];
  ownPostIds: string[];
  /** As the bot, or in a user's name where Zoom does not let the bot in. */
  postsAs: 'bot' | 'user';
  /** How the last posts of the visitor's words begin: an echo without their mark is known by it. */
  recentTexts: string[];
}

/** How many messages without their text are read back at once. */
const textsAtOnce = 50;

const mostRecentTexts = 20;

/** A message that is posted so long after it was written, ms, has its time. */
const oldAfterMs = 60_000;

/**
 * What the visitor wrote, on its way to the chat channel: in order, several messages in one post or a long one in
 * parts.
 */
export class Outbox {
  readonly #ownPosts: RecentKeys;
  readonly #recentTexts: RecentKeys;

  constructor(
    private readonly chatId: string,
    readonly state: OutboxState = {
      waiting: [],
      deliveredSeq: 0,
      postTimes: [],
      ownPostIds: [],
      postsAs: 'bot',
      recentTexts: [],
    },
  ) {
    this.#ownPosts = new RecentKeys(state.ownPostIds);
    this.#recentTexts = new RecentKeys(state.recentTexts, mostRecentTexts);
  }

  /** @param at when it was written, ms. */
  add(seq: number, text: string, at: number): void {
    this.state.waiting.push({ seq, text, length: text.length, at });
  }

  get isEmpty(): boolean {
    return this.state.waiting.length === 0;
  }

  /** So much waits that no more may be taken for now: what waits is carried from run to run. */
  get isFull(): boolean {
    const { waiting } = this.state;
    const length = waiting.reduce((sum, message) => sum + message.length, 0);
    return waiting.length >= limits.waitingMessages || length >= limits.waitingLength;
  }

  /** Messages of the next posts whose texts are in MongoDB only; empty when the next post can be made. */
  get missingTexts(): number[] {
    if (this.#nextMessages().every(({ text }) => text !== undefined)) return [];
    return this.state.waiting.slice(0, textsAtOnce).flatMap(({ seq, text }) => (text === undefined ? [seq] : []));
  }

  fillTexts(texts: readonly { seq: number; text: string }[]): void {
    for (const message of this.state.waiting) {
      const found = texts.find(({ seq }) => seq === message.seq);
      if (found) message.text ??= found.text;
    }
  }

  /** Begin the next post, or go on with the one that was begun. */
  next(now: number): ChannelPost {
    const messages = this.#nextMessages();
    const firstSeq = messages[0]?.seq ?? 0;
    const lastSeq = messages.at(-1)?.seq ?? 0;
    this.state.current ??= { lastSeq, part: 1, begunAt: now };
    if (this.state.current.refused) return { kind: 'notShown', firstSeq, lastSeq };
    const parts = this.#partsOf(messages);
    const number = this.state.current.part;
    const part = parts.length > 1 ? { part: { number, of: parts.length } } : {};
    const text = parts[number - 1] ?? '';
    return { kind: 'visitorLines', text, firstSeq, lastSeq, ...part, ...this.#written(messages, number) };
  }

  /** Zoom has the post that was begun. */
  posted(): void {
    const { current } = this.state;
    if (!current) return;
    if (!current.refused && current.part < this.#partsOf(this.#nextMessages()).length) {
      current.part += 1;
      return;
    }
    delete this.state.current;
    this.state.waiting = this.state.waiting.filter(({ seq }) => seq > current.lastSeq);
    this.deliveredUpTo(current.lastSeq);
  }

  /**
   * Zoom refuses to show the post for what is in it. Of several messages each is tried alone; in place of the one
   * that is refused the next post says that it is there, so that it holds up nothing.
   */
  refused(): void {
    const { current } = this.state;
    if (!current) return;
    if (this.#nextMessages().length > 1) {
      this.state.singlyUpTo = current.lastSeq;
      delete this.state.current;
      return;
    }
    // Refused as well: there is nothing left to try.
    if (current.refused) this.posted();
    else current.refused = true;
  }

  deliveredUpTo(seq: number): void {
    this.state.deliveredSeq = Math.max(this.state.deliveredSeq, seq);
  }

  /** The post's `deliveredSeq` once Zoom has it: a message in parts is delivered with its last one. */
  get deliveredAfterPost(): number {
    const { current, deliveredSeq } = this.state;
    const isLast = current && (current.refused === true || current.part >= this.#partsOf(this.#nextMessages()).length);
    return isLast ? Math.max(deliveredSeq, current.lastSeq) : deliveredSeq;
  }

  /** The chat has lost its channel: what was begun there begins anew in the next one. */
  channelLost(): void {
    delete this.state.current;
  }

  /** Nothing more can be done for what waits. @returns what was waiting, in words. */
  giveUp(): string[] {
    const { waiting } = this.state;
    delete this.state.current;
    this.state.waiting = [];
    return waiting.flatMap(({ text }) => (text === undefined ? [] : [text]));
  }

  // ---- every post into the chat channel, whoever's words it holds

  /** ms to wait before the next post, so that Zoom's limits on the channel are kept rather than met. */
  delay(now: number): number {
    return delayBeforePost(this.state.postTimes, now);
  }

  /** A post is about to be made: its echo may come before Zoom's answer with its id. */
  posting(post: ChannelPost): void {
    if (post.kind === 'visitorLines') this.#recentTexts.add(echoKey(post.text));
  }

  sent({ messageId, as }: { messageId: string; as: 'bot' | 'user' }, now: number): void {
    const { state } = this;
    this.#ownPosts.add(messageId);
    state.postTimes = [...state.postTimes.filter((time) => time > now - 1_000_000), now];
    state.postsAs = as;
  }

  /**
   * Whether a message in the channel is a post of ours, under whatever id and writer it comes back: by its id or its
   * mark. By its words alone only where nobody known has written it, since an agent may say what the visitor said.
   */
  isOwn(messageId: string, text: string, isByKnownWriter: boolean): boolean {
    return (
      this.#ownPosts.has(messageId) ||
      isMarked(this.chatId, text) ||
      (!isByKnownWriter && this.#recentTexts.has(echoKey(text)))
    );
  }

  /**
   * The state for the next run, small whatever waits: texts beyond the first ones are left to MongoDB, which has
   * them.
   */
  carried(publishedSeq: number): OutboxState {
    let room = limits.carriedTextLength;
    const waiting = this.state.waiting.map((message): WaitingMessage => {
      room -= message.text?.length ?? 0;
      const { text: _text, ...rest } = message;
      return room >= 0 || message.seq > publishedSeq ? message : rest;
    });
    return { ...this.state, waiting };
  }

  /** The messages of the next post: those of the one that was begun, or as many whole ones as fit, at least one. */
  #nextMessages(): WaitingMessage[] {
    const { waiting, current } = this.state;
    if (current) return waiting.filter(({ seq }) => seq <= current.lastSeq);
    const [first] = waiting;
    if (first && first.seq <= (this.state.singlyUpTo ?? 0)) return [first];
    const messages: WaitingMessage[] = [];
    let length = 0;
    for (const message of waiting) {
      const lines = (message.text ?? '').split('\n');
      length += lines.reduce((sum, line) => sum + quoteLength + line.length + 1, 0);
      if (messages.length > 0 && (length > postTextLength + 1 || message.text === undefined)) break;
      messages.push(message);
    }
    return messages;
  }

  /** Where each message of a post begins and when it was written, unless there is one that was written just now. */
  #written(messages: readonly WaitingMessage[], part: number): { written?: { start: number; at: number }[] } {
    const [first] = messages;
    const { begunAt = 0 } = this.state.current ?? {};
    if (!first || part > 1 || (messages.length === 1 && begunAt - first.at < oldAfterMs)) return {};
    let start = 0;
    return {
      written: messages.map(({ text = '', at }) => {
        const begins = { start, at };
        start += text.length + 1;
        return begins;
      }),
    };
  }

  #partsOf(messages: readonly WaitingMessage[]): string[] {
    return splitText(messages.map(({ text = '' }) => text).join('\n'), postTextLength, quoteLength);
  }
}
