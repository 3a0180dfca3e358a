import type { RequestHandler } from 'express';
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from './http/client-address.ts';
import { HttpProblem } from './http/problem.ts';

/** Every rate limit of the api, in one file. Each process counts by itself, but for new chats. */

/**
 * Requests from one client to one group of routes, within `seconds`. Generous: a whole office may share one address.
 */
export interface RequestLimit {
  requests: number;
  seconds: number;
}

export const requestLimits = {
  /** Sign-in, install and the OAuth callback. */
  auth: { requests: 120, seconds: 60 },
  /** OAuth callbacks whose code Zoom refuses: each costs a call with the app's own credentials. */
  refusedCodes: { requests: 10, seconds: 10 * 60 },
  /** The dashboard's JSON API, which the onboarding page polls. */
  api: { requests: 1_200, seconds: 60 },
  /** Wrong operators' passwords of one network. */
  operatorGuesses: { requests: 10, seconds: 5 * 60 },
  /** Those of all networks: beyond it one wrong password is the last of its network for that time. */
  allOperatorGuesses: { requests: 100, seconds: 60 * 60 },
  codec: { requests: 1_200, seconds: 60 },
  /** The page that stops mails to a visitor: mail providers post to it for all their users. */
  mailLinks: { requests: 600, seconds: 60 },
  /** Webhooks that were refused for their signatures: as many are answered and logged one by one. */
  refusedWebhooks: { requests: 60, seconds: 60 },
} satisfies Record<string, RequestLimit>;

/** A visitor may send this many messages at once after a pause, and then about one a second. */
const burst = 10;
const burstSeconds = 30;
/** Frames of one connection, of any kind and WebSocket's own: far above what the widget sends. */
const frames = { most: 120, ms: 10_000 };
/** What visitors who come back may have replayed in a minute, in points: one for coming, one for so many entries. */
const replays = { ofChat: 60, ofNetwork: 300, entriesAPoint: 50 };

/** The limits on new chats, which all api processes keep together: see `newChatLimits`. */
export interface NewChatLimits {
  network: RequestLimit;
  widget: RequestLimit;
  account: RequestLimit;
}

/** @param most how many of each the configuration lets begin. */
export function newChatLimitsOf(most: { perAddress: number; perWidget: number; perAccount: number }): NewChatLimits {
  return {
    // So many at once, and then each once the oldest is so long ago: about one in a minute.
    network: { requests: most.perAddress, seconds: 5 * 60 },
    widget: { requests: most.perWidget, seconds: 60 },
    account: { requests: most.perAccount, seconds: 60 },
  };
}

/** Count one event of `key`. Resolves to how long it has to wait, ms, when that is too many; else to undefined. */
export type RateLimit = (key: string) => Promise<number | undefined>;

function rateLimit(limiter: Pick<RateLimiterMemory | BurstyRateLimiter, 'consume'>): RateLimit {
  return async (key) => {
    try {
      await limiter.consume(key);
      return undefined;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      throw refusal;
    }
  };
}

/** The limit on a group of routes, by the client's network. */
export function requestLimit({ requests, seconds }: RequestLimit): RateLimit {
  const limit = rateLimit(new RateLimiterMemory({ points: requests, duration: seconds }));
  return (address) => limit(networkOf(address));
}

/** The limit on what fails, by the client's network: whoever succeeds is never stopped. */
export function failureLimit({ requests, seconds }: RequestLimit) {
  const limiter = new RateLimiterMemory({ points: requests, duration: seconds });
  return {
    /** How long the client has to wait, ms; undefined when they need not. */
    async waitMs(address: string): Promise<number | undefined> {
      const counted = await limiter.get(networkOf(address));
      return counted && counted.remainingPoints <= 0 ? counted.msBeforeNext : undefined;
    },
    /** Count a failure of the client's. */
    async failed(address: string): Promise<void> {
      await limiter.penalty(networkOf(address));
    },
  };
}

/**
 * The limit on guesses at a secret, by the client's network, and over all networks. The second stops only networks that
 * have guessed wrongly before: nobody elsewhere can keep those out who know the secret.
 */
export function guessLimit({ ofNetwork, ofAll }: { ofNetwork: RequestLimit; ofAll: RequestLimit }) {
  const everybody = 'everybody';
  // Remembered for as long as all of them are counted: whoever has guessed once is known until then.
  const known = new RateLimiterMemory({ points: 1, duration: ofAll.seconds });
  const network = new RateLimiterMemory({ points: ofNetwork.requests, duration: ofNetwork.seconds });
  const all = new RateLimiterMemory({ points: ofAll.requests, duration: ofAll.seconds });
  return {
    /**
     * Count a guess before it is looked at, since many can come at once.
     * @returns how long the client has to wait, ms, when it must not be looked at; undefined when it may.
     */
    async begin(address: string): Promise<number | undefined> {
      const key = networkOf(address);
      const guesses = await network.penalty(key);
      if (guesses.consumedPoints > ofNetwork.requests) return guesses.msBeforeNext;
      const guessers = await known.penalty(key);
      const total = await all.penalty(everybody);
      const isKnown = guessers.consumedPoints > 1;
      return isKnown && total.consumedPoints > ofAll.requests ? total.msBeforeNext : undefined;
    },
    /** It was right: it counts as no guess, nor does what this network has guessed before. */
    async right(address: string): Promise<void> {
      const key = networkOf(address);
      await Promise.all([network.delete(key), known.delete(key), all.reward(everybody)]);
    },
  };
}

/** Answers 429 with `Retry-After` beyond the limit. */
export function limitRequests(group: RequestLimit): RequestHandler {
  const limit = requestLimit(group);
  return async (request, _response, next) => {
    const waitMs = await limit(request.ip ?? '');
    if (waitMs !== undefined) {
      const detail = 'There were too many requests from your network address. Wait a moment, then try again.';
      throw new HttpProblem('too-many-requests', detail, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
    }
    next();
  };
}

/** The limit on the messages of one chat, by its id, over all its connections to this process. */
export function messageLimit(): RateLimit {
  const limit = rateLimit(
    new BurstyRateLimiter(
      new RateLimiterMemory({ keyPrefix: 'sustained', points: 1, duration: 1 }),
      new RateLimiterMemory({ keyPrefix: 'burst', points: burst - 1, duration: burstSeconds }),
    ),
  );
  return async (chatId) => {
    const waitMs = await limit(chatId);
    // Whatever is left of the burst, the sustained limit lets the next message in within a second.
    return waitMs === undefined ? undefined : Math.min(Math.max(waitMs, 250), 1_000);
  };
}

/**
 * The limit on the frames of one connection: counts one, and says whether it is one too many. At once and without a
 * timer, since control frames can come by the million.
 */
export function frameLimit(clock: () => number = () => performance.now()): () => boolean {
  let count = 0;
  let since = clock();
  return () => {
    if (clock() - since >= frames.ms) {
      count = 0;
      since = clock();
    }
    count += 1;
    return count > frames.most;
  };
}

/** The limit on what is read and sent anew for visitors who come back, by chat and by network. */
export function replayLimit() {
  const ofChat = new RateLimiterMemory({ keyPrefix: 'chat', points: replays.ofChat, duration: 60 });
  const ofNetwork = new RateLimiterMemory({ keyPrefix: 'network', points: replays.ofNetwork, duration: 60 });
  const comes = [rateLimit(ofChat), rateLimit(ofNetwork)] as const;
  return {
    /** Somebody comes back. Resolves to how long they have to wait, ms; undefined when they need not. */
    async wait(chatId: string, network: string): Promise<number | undefined> {
      return (await comes[0](chatId)) ?? (await comes[1](network));
    },
    /** So many entries were replayed for them. */
    async replayed(chatId: string, network: string, entries: number): Promise<void> {
      const points = Math.floor(entries / replays.entriesAPoint);
      if (points === 0) return;
      await Promise.all([ofChat.penalty(chatId, points), ofNetwork.penalty(network, points)]);
    },
  };
}
export type ReplayLimit = ReturnType<typeof replayLimit>;
