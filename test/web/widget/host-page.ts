import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { bundleWidget } from '../../../web/widget/bundle.ts';
import { findChromium, launch } from './browser.ts';
import { ChatServer } from './chat-server.ts';

/** Expects what is not so at once, with patience for a busy machine. */
export const eventually = <Value>(get: () => Value | Promise<Value>) => expect.poll(get, { timeout: 8_000 });

/** A browser and a chat server for one test file, and pages with the widget on them. */
export class Stage {
  readonly server = new ChatServer();
  #browser: Browser | null = null;
  readonly #contexts: BrowserContext[] = [];
  /** Uncaught errors of all pages since the last reset. */
  readonly errors: string[] = [];

  async start(): Promise<void> {
    const chromium = findChromium();
    if (chromium === null) throw new Error('These tests need Chromium: put it on PATH or set CHROMIUM_PATH');
    const [browser, bundle] = await Promise.all([
      launch(chromium),
      bundleWidget({ minify: true }),
      this.server.start(),
    ]);
    this.#browser = browser;
    this.server.script = bundle.code;
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.server.stop();
  }

  async reset(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
    this.server.reset();
    this.errors.length = 0;
  }

  /** The host page of the next visits. */
  host({ attributes = '', head = '', lang = 'en' }: { attributes?: string; head?: string; lang?: string } = {}): void {
    this.server.html = `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>Shop</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">${head}</head>
      <body><main><h1>Shop</h1><p>Welcome.</p></main>
      <script async src="/widget.js" data-widget="w1" ${attributes}></script></body></html>`;
  }

  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    if (!this.#browser) throw new Error('start() comes first');
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(8_000);
    this.#contexts.push(context);
    return context;
  }

  /** Opens the host page, in a context of its own unless one is given. */
  async visit(context?: BrowserContext | BrowserContextOptions): Promise<Widget> {
    const owner = context && 'newPage' in context ? context : await this.context(context);
    const page = await owner.newPage();
    page.on('pageerror', (error) => this.errors.push(error.message));
    await page.goto(this.server.url);
    return new Widget(page);
  }
}

/** The widget on a page, by the names that people and screen readers know its parts by. */
export class Widget {
  readonly page: Page;
  readonly launcher: Locator;
  readonly closer: Locator;
  readonly panel: Locator;
  readonly log: Locator;
  readonly textbox: Locator;
  readonly sendButton: Locator;

  constructor(page: Page) {
    this.page = page;
    this.launcher = page.getByRole('button', { name: 'Open chat' });
    this.closer = page.getByRole('button', { name: 'Close chat' });
    this.panel = page.getByRole('dialog');
    this.log = page.getByRole('log', { name: 'Messages' });
    this.textbox = page.getByRole('textbox', { name: 'Message' });
    this.sendButton = page.getByRole('button', { name: 'Send' });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name });
  }

  text(text: string): Locator {
    return this.page.getByText(text, { exact: true });
  }

  async open(): Promise<this> {
    await this.launcher.click();
    await this.online();
    return this;
  }

  /** Resolves once there is no word of a connection that is lost, or yet to be made. */
  async online(): Promise<void> {
    await this.page.locator('.presence.online').waitFor({ state: 'attached' });
  }

  async send(text: string): Promise<void> {
    await this.textbox.fill(text);
    await this.textbox.press('Enter');
  }

  /** The texts of all message bubbles, in order. */
  bubbles(): Promise<string[]> {
    return this.page.locator('.bubble').allInnerTexts();
  }

  /** The tick of the message with this text, in words. */
  status(text: string): Locator {
    return this.page
      .locator('.message', { hasText: text })
      .locator('.row, .hidden')
      .getByText(/^(Sending|Sent|Delivered|Not sent)$/);
  }
}

/** Keeps a picture where one is asked for (`WIDGET_PICTURES`, a folder). */
export async function picture(widget: Widget, name: string): Promise<void> {
  const folder = process.env['WIDGET_PICTURES'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await widget.panel.screenshot({ path: join(folder, `${name}.png`) });
}
