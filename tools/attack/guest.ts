import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { ServerFrame, VisitorEntry } from '../../domain/visitor-protocol.ts';
import { TooLateError, within } from '../bench/waiting.ts';

type Frame<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;
type ErrorFrame = Frame<'error'>;

const tokenSchema = z.looseObject({ sub: z.string() });
/** Longer than anything that should happen at all. */
const patienceMs = 20_000;
/** As the widget: what is refused for now is sent again. A limit on new chats is over after a minute. */
const againForMs = 90_000;

export interface GuestOptions {
  /** Of the api, `http://…`. */
  url: string;
  widget: string;
  /** Where they come from, as the proxy in front names it. */
  address: string;
  /** What else they send with the upgrade. */
  headers?: Record<string, string>;
  token?: string;
  signal?: AbortSignal;
}

/** A visitor who may send anything, and notes all that comes. */
export class Guest {
  readonly frames: ServerFrame[] = [];
  readonly entries: VisitorEntry[] = [];
  token: string | undefined;
  readonly #options: GuestOptions;
  readonly #waiting = new Set<() => void>();
  #socket: WebSocket | undefined;
  #closed: number | undefined;
  #status: number | undefined;

  constructor(options: GuestOptions) {
    this.#options = options;
    this.token = options.token;
  }

  /** Opens the socket. @returns whether it was let in; else `status` says how it was refused. */
  open(): Promise<boolean> {
    const { url, address, headers, signal } = this.#options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/visitor`, {
      headers: { 'x-forwarded-for': address, ...headers },
    });
    this.#socket = socket;
    const opened = new Promise<boolean>((resolve) => {
      socket.on('open', () => resolve(true));
      socket.on('unexpected-response', (request, { statusCode }) => {
        this.#status = statusCode;
        request.destroy();
        resolve(false);
      });
      socket.on('error', () => resolve(false));
      socket.on('close', (code) => {
        this.#closed = code;
        this.#wake();
        resolve(false);
      });
    });
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString('utf8')) as ServerFrame));
    return within(opened, patienceMs, 'A visitor’s socket', signal);
  }

  /** How the upgrade was refused. */
  get status(): number | undefined {
    return this.#status;
  }

  /** The close code; undefined while it is open. */
  get closeCode(): number | undefined {
    return this.#closed;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** The raw socket, for what is no frame. */
  get socket(): WebSocket {
    if (!this.#socket) throw new Error('This visitor has not come yet.');
    return this.#socket;
  }

  /** The chat's id: the token names it. */
  get chatId(): string {
    const [, payload = ''] = (this.token ?? '').split('.');
    return tokenSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).sub;
  }

  /** Says hello, with these fields beside the usual ones. @returns the answer. */
  async hello(more: object = {}): Promise<Frame<'welcome'> | ErrorFrame> {
    const { widget } = this.#options;
    const before = this.frames.length;
    this.send({
      type: 'hello',
      v: 1,
      widget,
      ...(this.token === undefined ? {} : { token: this.token, lastSeq: this.entries.at(-1)?.seq ?? 0 }),
      ...more,
    });
    return await this.next(
      (frame) => frame.type === 'welcome' || frame.type === 'error',
      'the answer to a hello',
      before,
    );
  }

  /** Opens the socket and says hello. @throws when there is no welcome. */
  async come(more: object = {}): Promise<void> {
    if (!(await this.open())) throw new Error(`A visitor was not let in (${this.#status ?? this.#closed}).`);
    const answer = await this.hello(more);
    if (answer.type === 'error') throw new Error(`A visitor was not welcomed: ${answer.code}.`);
  }

  /** Sends a frame: an object as JSON, anything else as it is. */
  send(frame: object | string | Buffer): void {
    const raw = typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame);
    if (this.isOpen) this.#socket?.send(raw);
  }

  /** Writes once. @returns ✓, or why not; undefined when the socket was closed instead. */
  async say(text: string, id: string = randomUUID()): Promise<Frame<'accepted'> | ErrorFrame | undefined> {
    const before = this.frames.length;
    this.send({ type: 'message', id, text });
    const isAnswer = (frame: ServerFrame): frame is Frame<'accepted'> | ErrorFrame =>
      (frame.type === 'accepted' && frame.id === id) || (frame.type === 'error' && frame.ref === id);
    return await this.#orClosed(this.next(isAnswer, 'the answer to a message', before));
  }

  /** Writes as the widget does, again and again while the answer is to wait. @throws when it is refused for good. */
  async tell(text: string): Promise<void> {
    const id = randomUUID();
    const until = performance.now() + againForMs;
    for (;;) {
      const answer = await this.say(text, id);
      if (answer?.type === 'accepted') return;
      if (answer?.retryable !== true || performance.now() > until) {
        throw new Error(`A visitor’s message was refused: ${answer?.code ?? `closed (${this.#closed})`}.`);
      }
      await delay(answer.retryAfterMs ?? 500, undefined, { signal: this.#options.signal });
    }
  }

  /** What agents wrote, in order, as it was first said. */
  get heard(): string[] {
    return this.entries.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : []));
  }

  /** Waits for an entry of the transcript. */
  async entry(isIt: (entry: VisitorEntry) => boolean, what: string): Promise<VisitorEntry> {
    await this.#until(() => this.entries.some(isIt), what);
    return this.entries.find(isIt) as VisitorEntry;
  }

  /** Waits until an agent's words are there. */
  async hears(words: string): Promise<void> {
    await this.entry(
      (entry) => entry.kind === 'agentMessage' && entry.text.includes(words),
      `“${words}” at the visitor`,
    );
  }

  /** Waits for a frame after the first `from` ones. */
  async next<T extends ServerFrame>(isIt: (frame: ServerFrame) => frame is T, what: string, from?: number): Promise<T>;
  async next(isIt: (frame: ServerFrame) => boolean, what: string, from?: number): Promise<never>;
  async next(isIt: (frame: ServerFrame) => boolean, what: string, from = this.frames.length): Promise<ServerFrame> {
    await this.#until(() => this.frames.slice(from).some(isIt), what);
    return this.frames.slice(from).find(isIt) as ServerFrame;
  }

  /** Waits until the socket is closed. @returns the code; undefined when it stays open for so long. */
  async closes(ms = patienceMs): Promise<number | undefined> {
    try {
      await this.#until(() => this.#closed !== undefined, 'the close', ms);
    } catch (error) {
      if (!(error instanceof TooLateError)) throw error;
    }
    return this.#closed;
  }

  leave(): void {
    this.#socket?.terminate();
  }

  #take(frame: ServerFrame): void {
    this.frames.push(frame);
    if (frame.type === 'welcome') this.token = frame.token;
    if (frame.type === 'entries') this.entries.push(...frame.entries);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #orClosed<T>(work: Promise<T>): Promise<T | undefined> {
    const closed = this.#until(() => this.#closed !== undefined, 'the close').then(() => undefined);
    closed.catch(() => undefined);
    return await Promise.race([work, closed]);
  }

  #until(isSo: () => boolean, what: string, ms = patienceMs): Promise<void> {
    let look = (): void => undefined;
    const so = new Promise<void>((resolve) => {
      look = () => {
        if (isSo()) resolve();
      };
      this.#waiting.add(look);
      look();
    });
    return within(so, ms, what, this.#options.signal).finally(() => this.#waiting.delete(look));
  }
}
