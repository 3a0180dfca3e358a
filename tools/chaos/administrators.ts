import { Mutex } from 'async-mutex';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { StackUrls } from '../embedded/supervisor.ts';
import { Admin } from '../../test/support/driver.ts';

const problemSchema = z.looseObject({ type: z.string(), detail: z.string().optional() });
/** What a person at a page tries again until it works, and how long. */
const tryAgainMs = 700;
const patienceMs = 120_000;

/** Two administrators who have added the app, at its pages: whoever did so first, and a colleague. */
export interface People {
  owner: string;
  colleague: string;
}

/** What the people who have added the app do at its pages. They do one thing after the other. */
export class Administrators {
  /** Times of callbacks that ended in an error: from, to, ms since 1970. */
  readonly failedCallbacks: [number, number][] = [];
  readonly people: People;
  readonly #urls: StackUrls;
  readonly #signal: AbortSignal;
  readonly #mutex = new Mutex();
  #owner: Admin;

  /** @param owner signed in as the owner. */
  constructor(urls: StackUrls, people: People, owner: Admin, signal: AbortSignal) {
    this.#urls = urls;
    this.people = people;
    this.#owner = owner;
    this.#signal = signal;
  }

  /** While this work goes on, nobody does anything else at the app's pages. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.runExclusive(work);
  }

  /** Resolves when nobody is about to do anything. */
  async idle(): Promise<void> {
    await this.alone(() => Promise.resolve());
  }

  /** Tries again what a page could not do, as people do. @throws its last error when their patience is at its end. */
  async patiently(work: () => Promise<void>): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!this.#signal.aborted) {
      try {
        await work();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await pause(tryAgainMs, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
  }

  /** Add the app again: the earlier grant's tokens end at once. */
  async addApp(userId: string): Promise<void> {
    const admin = new Admin(this.#urls);
    const callback = await admin.decide(await admin.consentUrl(), userId, 'allow');
    const begun = Date.now();
    const landed = await admin.request(callback.href).catch((error: unknown) => error);
    if (landed instanceof Response && landed.status === 302) {
      if (userId === this.people.owner) this.#owner = admin;
      return;
    }
    this.failedCallbacks.push([begun, Date.now()]);
    throw new Error(`the callback answered ${landed instanceof Response ? landed.status : String(landed)}`);
  }

  /** Choose the channel where new chats appear. */
  async choose(channelId: string): Promise<void> {
    const response = await this.#owner.request('/api/settings', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ channelId }),
    });
    if (response.ok) return;
    const { type, detail } = problemSchema.parse(await response.json());
    // The page says so, beside a link; the bot's message may still be on its way.
    if (type.endsWith('reconnect-zoom')) await this.addApp(this.people.owner);
    throw new Error(`the settings answered ${response.status}: ${detail}`);
  }

  /** Look at the dashboard's list of channels, which needs the owner's tokens. */
  async lookAtChannels(): Promise<void> {
    await this.#owner.request('/api/channels').catch(() => undefined);
  }

  /** Whether the dashboard asks to connect Zoom again. */
  async needsReconnect(): Promise<boolean> {
    return (await this.#owner.dashboard()).needsReconnect;
  }
}
