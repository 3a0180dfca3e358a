import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, quotedLines, type SandboxChannel, type ZoomSide } from '../../test/support/driver.ts';
import { Random } from '../chaos/random.ts';
import { ChaosVisitor } from '../chaos/visitor.ts';
import { partsIn, words } from '../chaos/words.ts';

/** Where the system is, as this machine reaches it, and who answers. */
export interface Place {
  /** WebSocket address of the app. */
  visitorUrl: string;
  widget: string;
  zoom: ZoomSide;
  /** User id of the agent. */
  agent: string;
}

/** How long anything may take to arrive, ms: a rolling update and Zoom's retries are in it. */
const arrivesWithinMs = 90_000;
/** A webhook that was lost with its api is found a minute into a silence, when the channel is read. */
const readBackWithinMs = 150_000;

/** One chat: a visitor and an agent, who write to each other in words that are known again. */
export class Conversation {
  readonly number: number;
  readonly #place: Place;
  #visitor: ChaosVisitor;
  #channelId = '';
  #agentSaid: string[] = [];
  #visitorSaid: string[] = [];

  constructor(number: number, place: Place) {
    this.number = number;
    this.#place = place;
    this.#visitor = this.#newPage();
  }

  /** The visitor writes first, and the agent presses Join Chat on the card. */
  async begin(): Promise<void> {
    const { zoom, agent } = this.#place;
    this.#visitor.start();
    this.visitorSays();
    const first = words.visitor(this.number, 1);
    const card = await eventually(() => zoom.inboundCard(first), arrivesWithinMs);
    await zoom.press(agent, card, 'Join Chat');
    const name = new RegExp(`^${words.visitorName(this.number)} · `);
    const channel = await eventually(() => zoom.channel(name), arrivesWithinMs);
    this.#channelId = channel.id;
    await eventually(() => {
      assert.ok(this.#visitor.entries.some(({ kind }) => kind === 'agentJoined'));
    }, arrivesWithinMs);
  }

  visitorSays(): void {
    const text = words.visitor(this.number, this.#visitorSaid.length + 1);
    this.#visitorSaid.push(text);
    this.#visitor.say(text, text);
  }

  async agentSays(): Promise<void> {
    const text = words.agent(this.number, this.#agentSaid.length + 1);
    this.#agentSaid.push(text);
    await this.#place.zoom.write(this.#place.agent, this.#channelId, text);
  }

  /** Both write, in turns, until the signal. */
  async goOn(everyMs: number, until: AbortSignal): Promise<void> {
    for (let turn = 0; !until.aborted; turn += 1) {
      if (turn % 2 === 0) this.visitorSays();
      else await this.agentSays();
      await pause(everyMs / 2, undefined, { signal: until }).catch(() => undefined);
    }
  }

  /**
   * Waits until everything that was said has arrived, and compares both sides: once each, in order, and the same after
   * the page is loaded anew, which shows what MongoDB has.
   * @param sentAgain Zoom had to send webhooks again: what agents wrote may then have overtaken each other, as
   * docs/promise.md says.
   */
  async compare(sentAgain: boolean): Promise<void> {
    const ordered = (said: readonly string[]): readonly string[] => (sentAgain ? [...said].sort() : said);
    await eventually(async () => {
      assert.ok(this.#visitor.quiet, `${this.number}: the visitor has messages without ✓`);
      assert.deepEqual(await this.#inZoom(), this.#visitorSaid, `${this.number}: visitor → Zoom`);
      const answers = wordsOf(this.#visitor, 'agentMessage');
      assert.deepEqual(ordered(answers), ordered(this.#agentSaid), `${this.number}: Zoom → visitor`);
    }, readBackWithinMs);
    assert.deepEqual(this.#visitor.faults, [], `${this.number}: what the protocol says cannot happen`);
    const shown = this.#visitor.entries;
    await this.reload();
    await eventually(() => {
      assert.deepEqual(this.#visitor.entries, shown, `${this.number}: a page that is loaded anew`);
    }, arrivesWithinMs);
  }

  /** The visitor loads the page again: nothing is kept but the token. */
  async reload(): Promise<void> {
    const { token } = this.#visitor;
    this.#visitor.stop();
    this.#visitor = this.#newPage(token);
    this.#visitor.start();
    await eventually(() => {
      assert.ok(this.#visitor.connects > 0 && this.#visitor.entries.length > 0, `${this.number}: nothing is shown`);
    }, arrivesWithinMs);
  }

  /**
   * After a restore: what was said up to the backup is there on both sides; of what was said later Zoom has the posts
   * and what the agent wrote, which the chat reads there, and the visitor's own later words may be gone. From here on
   * that is what was said.
   */
  async afterRestore(saidBefore: Said): Promise<void> {
    await this.reload();
    await eventually(() => {
      const answers = wordsOf(this.#visitor, 'agentMessage');
      const sorted = [...answers].sort();
      assert.deepEqual(sorted, [...this.#agentSaid].sort(), `${this.number}: the agent’s words after the restore`);
    }, readBackWithinMs);
    const own = wordsOf(this.#visitor, 'visitorMessage');
    const length = Math.max(own.length, saidBefore.visitor);
    assert.deepEqual(own, this.#visitorSaid.slice(0, length), `${this.number}: the visitor’s words after the restore`);
    assert.deepEqual(
      this.#visitor.entries.map(({ seq }) => seq),
      this.#visitor.entries.map((_, n) => n + 1),
      `${this.number}: seq after the restore`,
    );
    this.#visitorSaid = await this.#inZoom();
    const once = [...new Set(this.#visitorSaid)];
    assert.deepEqual(once.slice(0, saidBefore.visitor), own.slice(0, saidBefore.visitor), `${this.number}: in Zoom`);
  }

  /** How much has been said and has arrived. */
  get said(): Said {
    return {
      visitor: wordsOf(this.#visitor, 'visitorMessage').length,
      agent: wordsOf(this.#visitor, 'agentMessage').length,
    };
  }

  /** The visitor ends the chat, and both sides see that. */
  async end(): Promise<void> {
    this.#visitor.end(`end-of-chat-${this.number}`);
    await eventually(() => {
      assert.ok(this.#visitor.ended, `${this.number}: the end`);
    }, arrivesWithinMs);
  }

  stop(): void {
    this.#visitor.stop();
  }

  #newPage(token?: string): ChaosVisitor {
    const { visitorUrl, widget } = this.#place;
    return new ChaosVisitor({
      url: visitorUrl,
      widget,
      name: words.visitorName(this.number),
      address: '203.0.113.1',
      random: new Random(this.number),
      token,
    });
  }

  /** The visitor's words in the chat channel, in the order of their posts. */
  async #inZoom(): Promise<string[]> {
    const { channels } = await this.#place.zoom.state();
    const { messages } =
      channels.find(({ id }) => id === this.#channelId) ?? ({ messages: [] } as Partial<SandboxChannel>);
    return (messages ?? []).flatMap((message) => quotedLines(message).flatMap(partsIn));
  }
}

/** How many messages of each. */
export interface Said {
  visitor: number;
  agent: number;
}

function wordsOf(visitor: ChaosVisitor, kind: 'agentMessage' | 'visitorMessage'): string[] {
  return visitor.entries.flatMap((entry) => (entry.kind === kind ? [entry.text] : []));
}
