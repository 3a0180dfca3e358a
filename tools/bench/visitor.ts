import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { ServerFrame } from '../../domain/visitor-protocol.ts';
import { marksIn, Sightings } from './waiting.ts';

const tokenSchema = z.looseObject({ sub: z.string() });

/** A visitor who notes when a frame arrives. Speaks the protocol as the widget does. */
export class BenchVisitor {
  readonly #url: string;
  readonly #widget: string;
  readonly #name: string;
  readonly #address: string;
  readonly #arrivals = new Sightings<number>();
  readonly #delivered = new Set<() => void>();
  #socket: WebSocket | undefined;
  #token: string | undefined;
  #lastSeq = 0;
  #deliveredSeq = 0;
  #accepted = 0;

  /**
   * @param address the visitor's own IP address, as a proxy would name it: the server limits what one address may
   * open.
   */
  constructor(options: { appUrl: string; widget: string; name: string; address: string }) {
    this.#url = `${options.appUrl.replace(/^http/, 'ws')}/visitor`;
    this.#widget = options.widget;
    this.#name = options.name;
    this.#address = options.address;
  }

  get name(): string {
    return this.#name;
  }

  /** The chat's id: its token names it. */
  get chatId(): string {
    const [, payload = ''] = (this.#token ?? '').split('.');
    return tokenSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).sub;
  }

  /** Messages that have their ✓. */
  get accepted(): number {
    return this.#accepted;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get deliveredSeq(): number {
    return this.#deliveredSeq;
  }

  /** Resolves at the welcome; rejects when the connection cannot be made. Goes on with the chat there was. */
  connect(): Promise<void> {
    const socket = new WebSocket(this.#url, { headers: { 'x-forwarded-for': this.#address } });
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('The socket closed before the welcome.')));
      socket.on('open', () => this.#hello());
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString('utf8')) as ServerFrame;
        this.#take(frame, performance.now());
        if (frame.type === 'welcome') resolve();
      });
    });
  }

  say(text: string): void {
    this.#send({ type: 'message', id: randomUUID(), text });
  }

  /**
   * When an agent's message with this mark, or the frame that an agent joined (`joined`), arrives:
   * `performance.now()`.
   */
  arrival(mark: string): Promise<number> {
    return this.#arrivals.next(mark);
  }

  /** Resolves once the visitor knows that Zoom has this `seq`. */
  async deliveredUpTo(seq: number): Promise<void> {
    while (this.#deliveredSeq < seq) {
      await new Promise<void>((resolve) => {
        this.#delivered.add(resolve);
      });
    }
  }

  close(): void {
    this.#socket?.terminate();
  }

  #hello(): void {
    this.#send({
      type: 'hello',
      v: 1,
      widget: this.#widget,
      ...(this.#token === undefined ? {} : { token: this.#token }),
      lastSeq: this.#lastSeq,
      visitor: { name: this.#name },
      page: { url: 'https://shop.example.com/pricing', title: 'Pricing' },
    });
  }

  #send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #take(frame: ServerFrame, at: number): void {
    switch (frame.type) {
      case 'welcome':
        this.#token = frame.token;
        this.#heardDelivered(frame.deliveredSeq);
        break;
      case 'entries':
        for (const entry of frame.entries) {
          this.#lastSeq = Math.max(this.#lastSeq, entry.seq);
          if (entry.kind === 'agentJoined') this.#arrivals.seen('joined', at);
          if (entry.kind === 'agentMessage') for (const mark of marksIn(entry.text)) this.#arrivals.seen(mark, at);
        }
        break;
      case 'delivered':
        this.#heardDelivered(frame.deliveredSeq);
        break;
      case 'standing':
        break;
      case 'error':
        console.error(`A visitor was refused: ${frame.code} (${frame.message})`);
        break;
      case 'accepted':
        this.#accepted += 1;
        break;
      case 'pong':
        break;
    }
  }

  #heardDelivered(seq: number): void {
    this.#deliveredSeq = Math.max(this.#deliveredSeq, seq);
    for (const wake of this.#delivered) wake();
    this.#delivered.clear();
  }
}
