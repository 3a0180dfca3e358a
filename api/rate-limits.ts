import type { RequestHandler } from 'express';
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from './http/client-address.ts';
import { HttpProblem } from './http/problem.ts';

/** Every rate limit of the api, in one file. Each process counts by itself. */

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
  /** Guesses at the operators' password. */
  operatorSignIn: { requests: 10, seconds: 5 * 60 },
  codec: { requests: 1_200, seconds: 60 },
  /** Webhooks that were refused for their signatures: as many are answered and logged one by one. */
  refusedWebhooks: { requests: 60, seconds: 60 },
} satisfies Record<string, RequestLimit>;

/** A visitor may send this many messages at once after a pause, and then about one a second. */
const burst = 10;
const burstSeconds = 30;
/** Frames of one connection, of any kind: far above what the widget sends. */
const frames = { points: 120, duration: 10 };

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

/** The limit on the frames of one connection, by its id. */
export function frameLimit(): RateLimit {
  return rateLimit(new RateLimiterMemory(frames));
}
