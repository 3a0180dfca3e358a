import { z } from 'zod';
import { HeadlessWidget } from '../../../test/support/headless-widget.ts';

const tokenSchema = z.looseObject({ sub: z.string() });

/** A visitor with the page and the chat window open: the widget itself, without its looks. */
export class Guest {
  readonly name: string;
  readonly #widget: HeadlessWidget;

  constructor(appUrl: string, widget: string, number: number) {
    this.name = `Guest ${number}`;
    const url = `${appUrl.replace(/^http/, 'ws')}/visitor`;
    this.#widget = new HeadlessWidget({
      url: () => url,
      widget,
      visitor: { name: this.name },
      // An address of their own, as a proxy would name it.
      headers: { 'x-forwarded-for': `10.${100 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}` },
    });
  }

  /** Connections begun so far. */
  get connects(): number {
    return this.#widget.connects;
  }

  get isWelcome(): boolean {
    return this.#widget.isOnline;
  }

  /** The chat's id: its token names it. */
  get chatId(): string {
    const [, payload = ''] = (this.#widget.app.getState().savedToken ?? '').split('.');
    return tokenSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).sub;
  }

  /** Opens the chat window; resolves at the welcome. */
  arrive(): Promise<void> {
    this.#widget.app.dispatch('open');
    return this.#widget.until(({ isOnline }) => isOnline);
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#widget.cut();
  }

  /** Resolves when the connection there was is lost. */
  lost(): Promise<void> {
    return this.#widget.until(({ isOnline }) => !isOnline);
  }

  /** Resolves at the next welcome, or at once while connected. */
  back(): Promise<void> {
    return this.#widget.until(({ isOnline }) => isOnline);
  }

  say(text: string): void {
    this.#widget.app.submit(text);
  }

  /** Resolves when everything the visitor has written shows ✓✓. */
  delivered(): Promise<void> {
    return this.#widget.until(({ lines }) =>
      lines.every((line) => line.kind !== 'visitorMessage' || line.status === 'delivered'),
    );
  }

  /** Resolves when somebody of the team has joined. */
  joined(): Promise<void> {
    return this.#widget.until(({ lines }) => lines.some(({ kind }) => kind === 'agentJoined'));
  }

  /** Calls back with each message of the team. */
  onMessage(heard: (text: string) => void): void {
    this.#widget.app.on('message', ({ from, text }) => {
      if (from === 'team') heard(text);
    });
  }

  leave(): void {
    this.#widget.leave();
  }
}
