import type { ZoomSide } from '../../test/support/driver.ts';
import type { SandboxFeed } from './sandbox-feed.ts';
import type { BenchVisitor } from './visitor.ts';
import { newMark, sentence, within } from './waiting.ts';

/** A message that took longer than this counts as lost, ms. */
const lostAfterMs = 15_000;
const openingMs = 60_000;

/** A chat that an agent has joined. Its two measurements are what everything else is made of. */
export class BenchChat {
  readonly visitor: BenchVisitor;
  readonly channelId: string;
  readonly #feed: SandboxFeed;
  readonly #zoom: ZoomSide;
  readonly #agent: string;
  readonly #signal: AbortSignal;

  private constructor(visitor: BenchVisitor, channelId: string, side: ChatSide) {
    this.visitor = visitor;
    this.channelId = channelId;
    this.#feed = side.feed;
    this.#zoom = side.zoom;
    this.#agent = side.agent;
    this.#signal = side.signal;
  }

  /** First words → card → Join Chat → chat channel → the first words are in it. */
  static async open(visitor: BenchVisitor, side: ChatSide): Promise<BenchChat> {
    const { feed, signal } = side;
    const inTime = <T>(work: Promise<T>, what: string) => within(work, openingMs, `${visitor.name}: ${what}`, signal);
    await inTime(visitor.connect(), 'the welcome');
    const mark = newMark();
    const card = feed.message(mark);
    visitor.say(sentence(mark));
    const { messageId } = await inTime(card, 'the card');
    const channel = feed.channel(visitor.name);
    const joined = visitor.arrival('joined');
    const firstWords = feed.message(mark);
    await press(side, messageId, `join:${visitor.chatId}`);
    const channelId = await inTime(channel, 'the channel');
    await inTime(Promise.all([joined, firstWords]), 'the join');
    return new BenchChat(visitor, channelId, side);
  }

  /** ms from the visitor's socket to the sandbox having the message. */
  async toZoom(): Promise<number> {
    const mark = newMark();
    const seen = this.#feed.message(mark);
    const sent = performance.now();
    this.visitor.say(sentence(mark));
    const { at } = await within(seen, lostAfterMs, 'a message to Zoom', this.#signal);
    return at - sent;
  }

  /** ms from the agent's message in the sandbox to the frame at the visitor's socket. */
  async toVisitor(): Promise<number> {
    const mark = newMark();
    const arrives = this.visitor.arrival(mark);
    const sent = performance.now();
    const [at] = await within(
      Promise.all([arrives, this.#zoom.write(this.#agent, this.channelId, sentence(mark))]),
      lostAfterMs,
      'a message to the visitor',
      this.#signal,
    );
    return at - sent;
  }
}

/** What a chat needs of Zoom's side. */
export interface ChatSide {
  feed: SandboxFeed;
  zoom: ZoomSide;
  /** User id of the agent. */
  agent: string;
  signal: AbortSignal;
}

/** Presses Join Chat on a card. */
export async function press({ zoom, agent }: ChatSide, messageId: string, value: string): Promise<void> {
  const response = await fetch(`${zoom.url}/_sandbox/users/${agent}/press`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message_id: messageId, value }),
  });
  if (!response.ok) throw new Error(`Join Chat could not be pressed: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}
