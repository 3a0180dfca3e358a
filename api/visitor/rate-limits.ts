import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { MessageLimit } from './session.ts';

/** A visitor may send this many messages at once after a pause, and then about one a second. */
const burst = 10;
const burstSeconds = 30;
/** Frames of one connection, of any kind, within `framesSeconds`: far above what the widget sends. */
const frames = 120;
const framesSeconds = 10;

/** The limit on the messages of one chat, over all its connections to this process. */
export function messageLimit(): MessageLimit {
  const limiter = new BurstyRateLimiter(
    new RateLimiterMemory({ keyPrefix: 'sustained', points: 1, duration: 1 }),
    new RateLimiterMemory({ keyPrefix: 'burst', points: burst - 1, duration: burstSeconds }),
  );
  return async (chatId) => {
    try {
      await limiter.consume(chatId);
      return undefined;
    } catch (refusal) {
      // A whole second has passed when the sustained limit lets the next one in.
      return refusal instanceof RateLimiterRes ? Math.min(Math.max(refusal.msBeforeNext, 250), 1_000) : 1_000;
    }
  };
}

/** Answers whether one connection may go on sending. */
export function frameLimit(clock: () => number): () => boolean {
  let windowEnds = 0;
  let count = 0;
  return () => {
    if (clock() >= windowEnds) {
      windowEnds = clock() + framesSeconds * 1_000;
      count = 0;
    }
    count += 1;
    return count <= frames;
  };
}
