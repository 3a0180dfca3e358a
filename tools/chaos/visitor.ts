import { WebSocket } from 'ws';
import type { ServerFrame, VisitorEntry, VisitorFrame } from '../../domain/visitor-protocol.ts';
import type { Random } from './random.ts';

/** The widget's times, shortened as far as a busy machine allows, so that a short run sees many reconnects. */
const heartbeatMs = 2_000;
const pongTimeoutMs = 2_500;
const handshakeTimeoutMs = 6_000;
const answerTimeoutMs = 8_000;
const defaultRetryMs = 1_000;
const longestBackoffMs = 2_000;

interface Outgoing {
  id: string;
  text: string;
}

export interface ChaosVisitorOptions {
  /** WebSocket address. */
  url: string;
  widget: string;
  name: string;
  /** Their IP address, as a proxy names it: what one address may do is limited. */
  address: string;
  random: Random;
  /** Of an earlier page of theirs, whose chat goes on. */
  token?: string | undefined;
  /** A new entry is shown. */
  onEntry?: (entry: VisitorEntry) => void;
}

/**
 * A visitor who does what the widget does: keeps each message, under its id, until it is accepted; sends one at a
 * time, in order; comes back after every loss with its token and the last `seq` it has shown; and takes silence for a
 * loss.
 */
export class ChaosVisitor {
  /** What the visitor wrote, in order. */
  readonly said: Outgoing[] = [];
  /** Ids that got their ✓. */
  readonly accepted = new Set<string>();
  /** What is on the screen, in order. */
  readonly entries: VisitorEntry[] = [];
  /** What the protocol says cannot happen. */
  readonly faults: string[] = [];
  deliveredSeq = 0;
  connects = 0;

  readonly #options: ChaosVisitorOptions;
  readonly #timers = new Map<'retry' | 'beat' | 'deadline' | 'answer' | 'pause', NodeJS.Timeout>();
  #outbox: Outgoing[] = [];
  #socket: WebSocket | undefined;
  #token: string | undefined;
  #welcomed = false;
  #inFlight: string | undefined;
  #endId: string | undefined;
  #endSent = false;
  #ended = false;
  #failures = 0;
  #stopped = false;

  constructor(options: ChaosVisitorOptions) {
    this.#options = options;
    this.#token = options.token;
  }

  /** What another page of theirs goes on with the same chat by. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Whether nothing waits for its ✓. */
  get quiet(): boolean {
    return this.#outbox.length === 0 && (this.#endId === undefined || this.#ended);
  }

  /** The visitor has read that the chat is over. */
  get ended(): boolean {
    return this.#ended;
  }

  get lastSeq(): number {
    return this.entries.at(-1)?.seq ?? 0;
  }

  start(): void {
    this.#open();
  }

  /** Write a message. */
  say(text: string, id: string): void {
    if (this.#ended) return;
    const message = { id, text };
    this.said.push(message);
    this.#outbox.push(message);
    this.#flush();
  }

  /** End the chat, after everything that was said. */
  end(id: string): void {
    this.#endId ??= id;
    this.#flush();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  #open(): void {
    this.#drop();
    if (this.#stopped) return;
    this.#after('deadline', handshakeTimeoutMs, () => this.#lost());
    const socket = new WebSocket(this.#options.url, { headers: { 'x-forwarded-for': this.#options.address } });
    this.#socket = socket;
    // What a socket says after it was let go of is for nobody.
    const still = (): boolean => this.#socket === socket;
    socket.on('open', () => {
      if (still()) this.#hello();
    });
    socket.on('message', (data: Buffer) => {
      if (still()) this.#receive(JSON.parse(data.toString('utf8')) as ServerFrame);
    });
    socket.on('close', () => {
      if (still()) this.#lost();
    });
    // `close` follows.
    socket.on('error', () => undefined);
  }

  #hello(): void {
    const { widget, name } = this.#options;
    this.connects += 1;
    this.#send({
      type: 'hello',
      v: 1,
      widget,
      lastSeq: this.lastSeq,
      ...(this.#token === undefined ? {} : { token: this.#token }),
      visitor: { name },
      page: { url: 'https://shop.example.com/pricing', title: 'Pricing' },
    });
  }

  #receive(frame: ServerFrame): void {
    if (this.#welcomed) this.#clear('deadline');
    switch (frame.type) {
      case 'welcome':
        this.#token = frame.token;
        this.#welcomed = true;
        this.#failures = 0;
        this.#clear('deadline');
        this.#after('beat', heartbeatMs, () => this.#ping());
        this.#showDelivered(frame.deliveredSeq);
        if (frame.chat?.status === 'ended') this.#over();
        break;
      case 'accepted':
        this.accepted.add(frame.id);
        this.#outbox = this.#outbox.filter(({ id }) => id !== frame.id);
        if (this.#inFlight === frame.id) this.#inFlight = undefined;
        break;
      case 'entries':
        for (const entry of frame.entries) if (!this.#show(entry)) break;
        break;
      case 'delivered':
        this.#showDelivered(frame.deliveredSeq);
        break;
      case 'error':
        this.#refused(frame);
        return;
      case 'standing':
      case 'pong':
        break;
    }
    this.#flush();
  }

  /** @returns whether the next entry can be shown */
  #show(entry: VisitorEntry): boolean {
    if (entry.seq !== this.lastSeq + 1) {
      this.faults.push(`${this.#options.name} was sent entry ${entry.seq} after ${this.lastSeq}`);
      // As the widget: a repeat is passed over, after a gap it asks again.
      if (entry.seq <= this.lastSeq) return true;
      this.#restart();
      return false;
    }
    this.entries.push(entry);
    if (entry.kind === 'ended') this.#over();
    this.#options.onEntry?.(entry);
    return true;
  }

  #showDelivered(seq: number): void {
    this.deliveredSeq = Math.max(this.deliveredSeq, seq);
  }

  #refused(error: Extract<ServerFrame, { type: 'error' }>): void {
    const { code, retryable, retryAfterMs = defaultRetryMs } = error;
    if (code === 'chat_ended') {
      this.#over();
    } else if (!this.#welcomed) {
      if (!retryable) this.faults.push(`${this.#options.name} was refused a connection: ${code}`);
      this.#restart(retryAfterMs);
    } else if (retryable) {
      this.#inFlight = undefined;
      this.#endSent = false;
      this.#clear('answer');
      this.#after('pause', retryAfterMs, () => this.#flush());
    } else {
      this.faults.push(`${this.#options.name} was refused a message: ${code}`);
    }
  }

  /** What has not been accepted by now never will be. */
  #over(): void {
    this.#ended = true;
    this.#outbox = [];
    this.#inFlight = undefined;
    this.#clear('answer');
  }

  #flush(): void {
    if (!this.#welcomed || this.#inFlight !== undefined || this.#timers.has('pause') || this.#ended) return;
    const [next] = this.#outbox;
    if (next) {
      this.#inFlight = next.id;
      this.#send({ type: 'message', ...next });
      this.#after('answer', answerTimeoutMs, () => {
        if (this.#inFlight === next.id) this.#restart();
      });
    } else if (this.#endId !== undefined && !this.#endSent) {
      this.#endSent = true;
      this.#send({ type: 'end', id: this.#endId });
    }
  }

  #ping(): void {
    this.#send({ type: 'ping' });
    this.#after('beat', heartbeatMs, () => this.#ping());
    if (!this.#timers.has('deadline')) this.#after('deadline', pongTimeoutMs, () => this.#lost());
  }

  #lost(): void {
    this.#restart();
  }

  #restart(afterMs = 0): void {
    this.#drop();
    if (this.#stopped) return;
    const backoff = Math.min(longestBackoffMs, 100 * 2 ** this.#failures) * (0.5 + this.#options.random.next() / 2);
    this.#failures += 1;
    this.#after('retry', Math.max(afterMs, backoff), () => this.#open());
  }

  #drop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#welcomed = false;
    this.#inFlight = undefined;
    this.#endSent = false;
    const socket = this.#socket;
    this.#socket = undefined;
    // Not a polite close: half open connections never answer it.
    socket?.terminate();
  }

  #send(frame: VisitorFrame): void {
    // Not open any more: what matters is sent again after the next welcome.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #after(name: 'retry' | 'beat' | 'deadline' | 'answer' | 'pause', ms: number, work: () => void): void {
    this.#clear(name);
    this.#timers.set(
      name,
      setTimeout(() => {
        this.#timers.delete(name);
        work();
      }, ms),
    );
  }

  #clear(name: 'retry' | 'beat' | 'deadline' | 'answer' | 'pause'): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}

/** How many messages of agents the visitor has been shown. */
export function answersOf(visitor: ChaosVisitor): number {
  return visitor.entries.filter(({ kind }) => kind === 'agentMessage').length;
}
