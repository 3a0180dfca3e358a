import { WebSocket } from 'ws';
import { backoffMs } from '../../web/widget/connection.ts';
import type { ServerFrame } from '../../domain/visitor-protocol.ts';

/** A visitor who only has the page open. Keeps coming back with the widget's own backoff until he is welcomed. */
export class Guest {
  /** Tries of all guests that did not end in a welcome. */
  static refused = 0;

  readonly #url: string;
  readonly #widget: string;
  readonly #address: string;
  #socket: WebSocket | undefined;
  #token: string | undefined;
  #failures = 0;
  #isWelcome = false;
  #welcomed: () => void = () => undefined;

  constructor(appUrl: string, widget: string, number: number) {
    this.#url = `${appUrl.replace(/^http/, 'ws')}/visitor`;
    this.#widget = widget;
    // An address of his own, as a proxy would tell it.
    this.#address = `10.${100 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
  }

  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** Resolves at the welcome. */
  arrive(): Promise<void> {
    return new Promise((resolve) => {
      this.#welcomed = resolve;
      this.#try();
    });
  }

  /** Cuts the connection without a word; resolves when the visitor is welcomed again. */
  cut(): Promise<void> {
    return new Promise((resolve) => {
      this.#welcomed = resolve;
      this.#failures = 0;
      this.#socket?.terminate();
    });
  }

  #try(): void {
    const socket = new WebSocket(this.#url, {
      headers: { 'x-forwarded-for': this.#address },
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.#isWelcome = false;
    socket.on('open', () => {
      const token = this.#token === undefined ? {} : { token: this.#token, lastSeq: 0 };
      socket.send(JSON.stringify({ type: 'hello', v: 1, widget: this.#widget, ...token }));
    });
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as ServerFrame;
      if (frame.type !== 'welcome') return;
      this.#isWelcome = true;
      this.#token = frame.token;
      this.#failures = 0;
      this.#welcomed();
    });
    // `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.#isWelcome) {
        Guest.refused += 1;
        this.#failures += 1;
      }
      this.#isWelcome = false;
      setTimeout(() => this.#try(), backoffMs(this.#failures, Math.random()));
    });
  }
}
