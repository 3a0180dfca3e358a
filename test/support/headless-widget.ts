import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { createApp, type App } from '../../web/widget/app.ts';
import type { Socket } from '../../web/widget/connection.ts';
import { defaultHeartbeatMs } from '../../web/widget/options.ts';
import { conversationLines, type Line } from '../../web/widget/view/lines.ts';
import { createChatStorage, type KeyValueStore } from '../../web/widget/storage.ts';

export interface HeadlessWidgetOptions {
  /** WebSocket address; asked for anew at each connection. */
  url: () => string;
  /** Public widget id. */
  widget: string;
  visitor?: { name?: string; email?: string };
  heartbeatMs?: number;
  headers?: Readonly<Record<string, string>>;
  /** What the browser keeps: the tabs of one browser share it. */
  store?: BrowserStore;
}

/** What one browser keeps for a site, and the tabs that hear of it when another has changed it. */
export class BrowserStore {
  readonly values: KeyValueStore = {};
  readonly tabs = new Set<HeadlessPage>();
}

/** The page that the widget is on, as far as the widget listens to it. */
class HeadlessPage extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible', title: 'Shop', referrer: '' });
  readonly location = { href: 'https://shop.example/atlas' };
  readonly navigator = { language: 'en-GB' };
}

/**
 * The widget as it runs in a browser, with its own connection, session and storage, but without a view: for tests and
 * load that must behave as the widget does.
 */
export class HeadlessWidget {
  readonly app: App;
  readonly #sockets = new Set<WebSocket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #page = new HeadlessPage();
  readonly #store: BrowserStore;
  #left = false;
  /** Connections that were begun. */
  connects = 0;

  constructor({ url, widget, visitor = {}, heartbeatMs, headers, store = new BrowserStore() }: HeadlessWidgetOptions) {
    this.#store = store;
    store.tabs.add(this.#page);
    const options = {
      widget,
      socketUrl: '',
      visitor,
      position: 'right' as const,
      accent: undefined,
      lang: undefined,
      heartbeatMs: heartbeatMs ?? defaultHeartbeatMs,
      forTab: false,
      pageQuery: [],
    };
    const values = new Proxy(store.values, {
      set: (target, name, value) => Reflect.set(target, name, value) && this.#notifyOtherTabs(),
      deleteProperty: (target, name) => Reflect.deleteProperty(target, name) && this.#notifyOtherTabs(),
    });
    this.app = createApp(options, createChatStorage(values, widget), {
      openSocket: () => this.#open(url(), headers),
      clock: {
        now: () => performance.now(),
        setTimeout: (work, ms) => this.#later(work, ms),
        clearTimeout: (timer) => this.#forget(timer as unknown as NodeJS.Timeout),
        random: Math.random,
      },
      page: this.#page as unknown as Window,
      randomId: randomUUID,
    });
  }

  /** What is on the screen, in order. */
  get lines(): Line[] {
    return conversationLines(this.app.getState());
  }

  /** The texts on the screen, in order; what was not said by anybody by its kind. */
  get texts(): string[] {
    return this.lines.map((line) => ('text' in line ? line.text : line.kind));
  }

  get isOnline(): boolean {
    return this.app.getState().connection === 'online';
  }

  /** Resolves when `is` has become true of the widget. */
  until(is: (widget: HeadlessWidget) => boolean): Promise<void> {
    return new Promise((resolve) => {
      let done = false;
      const look = (): void => {
        if (done || !is(this)) return;
        done = true;
        resolve();
      };
      this.app.subscribe(look);
      look();
    });
  }

  /** Cuts the connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** The visitor goes: nothing of the widget is left. */
  leave(): void {
    this.#left = true;
    this.#store.tabs.delete(this.#page);
    for (const timer of this.#timers) clearTimeout(timer);
    this.cut();
  }

  #open(url: string, headers: HeadlessWidgetOptions['headers']): Socket {
    this.connects += 1;
    const socket = new WebSocket(url, { perMessageDeflate: false, ...(headers ? { headers } : {}) });
    this.#sockets.add(socket);
    // `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    // Of what a browser's socket has the widget uses only what this one has, too.
    return socket as unknown as Socket;
  }

  #later(work: () => void, ms: number): number {
    if (this.#left) return 0;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
    return timer as unknown as number;
  }

  #forget(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  /** As in a browser: the event comes to the others, and later. */
  #notifyOtherTabs(): true {
    for (const tab of this.#store.tabs) {
      if (tab !== this.#page) setImmediate(() => tab.dispatchEvent(new Event('storage')));
    }
    return true;
  }
}
