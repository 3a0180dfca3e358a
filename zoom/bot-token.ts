import { isZoomError } from './errors.ts';
import type { BotToken } from './oauth.ts';

/** How long before its end a chatbot token is renewed, in milliseconds. */
const RENEW_AHEAD_MS = 60_000;

/**
 * Keeps the chatbot token in memory: one request at a time however many callers wait, renewed 60 s ahead of its end.
 * Each process has its own; Zoom lets several live side by side.
 */
export class BotTokenSource {
  readonly #fetchToken: () => Promise<BotToken>;
  readonly #clock: () => number;
  #token: { readonly value: string; readonly renewAt: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(fetchToken: () => Promise<BotToken>, clock: () => number = Date.now) {
    this.#fetchToken = fetchToken;
    this.#clock = clock;
  }

  /** The current token, fetched when there is none or it is about to end. */
  async get(): Promise<string> {
    if (this.#token && this.#clock() < this.#token.renewAt) return this.#token.value;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Forgets `value` if it is still the current token; a newer one stays. */
  drop(value: string): void {
    if (this.#token?.value === value) this.#token = undefined;
  }

  /**
   * Runs a call with the token. If Zoom calls the token invalid, it is dropped and the call made once more with a new
   * one; that is safe for any call, since what is refused for its token has not taken effect.
   */
  async use<Result>(call: (token: string) => Promise<Result>): Promise<Result> {
    const token = await this.get();
    try {
      return await call(token);
    } catch (error) {
      if (!isZoomError(error, 'unauthorized')) throw error;
      this.drop(token);
      return call(await this.get());
    }
  }

  async #renew(): Promise<string> {
    const now = this.#clock();
    const { accessToken, expiresAt } = await this.#fetchToken();
    // A token of less than two minutes would otherwise count as used up from its first moment.
    const lifetime = expiresAt.getTime() - now;
    this.#token = { value: accessToken, renewAt: expiresAt.getTime() - Math.min(RENEW_AHEAD_MS, lifetime / 2) };
    return accessToken;
  }
}
