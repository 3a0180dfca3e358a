import { emptyCheck, type Check } from './compare.ts';
import type { KillRecord } from './keeper.ts';
import type { ZoomHappening } from './zoom-feed.ts';

/** What the bot's message says that asks somebody to add the app again. */
const askWords = 'Reconnect Live Chat to Zoom';
/** A new token pair is in MongoDB this long after Zoom gave it, ms; on a busy machine too. */
const storedWithinMs = 2_000;
/** The sandbox's events are told when the answer is made, and clocks are read one after the other. */
const slackMs = 50;
/** A lost grant is noticed when its access token ends or is refused, and the user is asked at once if Zoom lets the bot. */
const askedWithinMs = 120_000;

/** What is known about the administrator's grant. */
export interface GrantFacts {
  /** When Zoom gave a new pair of tokens, and ended the one before it, ms since 1970; and whether somebody added the app. */
  given: readonly { at: number; added: boolean }[];
  /** So many answers with a new pair Zoom has lost itself. */
  lostAnswers: number;
  /** When the bot asked the administrator to connect Zoom again. */
  asks: readonly number[];
  /** Callbacks that the app could not bring to their end, and told the administrator so: from, to. */
  failedCallbacks: readonly (readonly [number, number])[];
  kills: readonly Pick<KillRecord, 'target' | 'killedAt' | 'readyAt'>[];
}

/** Notes what Zoom does with grants, and what the app says about it. */
export class GrantLog {
  readonly given: { at: number; added: boolean }[] = [];
  readonly asks: number[] = [];

  /** @returns whether the bot has asked to connect Zoom again. */
  happened({ type, at, data }: ZoomHappening): boolean {
    if (type === 'oauth.granted' || type === 'oauth.refreshed')
      this.given.push({ at, added: type === 'oauth.granted' });
    const isAsk = type === 'message.created' && data['bot'] === true && String(data['text']).includes(askWords);
    if (isAsk) this.asks.push(at);
    return isAsk;
  }
}

/**
 * Zoom ends a pair of tokens as it gives the next, so a pair that was on its way when somebody was killed, or that Zoom lost,
 * is gone with the grant, whatever anybody does; then the administrator is asked to add the app again. Without that nobody
 * is to be asked.
 */
export function checkGrants({ given, lostAnswers, asks, failedCallbacks, kills }: GrantFacts): Check {
  const result = emptyCheck('grants kept');
  const isCut = (at: number): boolean => {
    const mongoWasDown = kills.findLast(
      ({ target, killedAt, readyAt = Infinity }) =>
        target === 'mongo' && killedAt < at + storedWithinMs && readyAt > at - slackMs,
    );
    const until = Math.max(at, mongoWasDown?.readyAt ?? at) + storedWithinMs;
    const killed = kills.some(
      ({ target, killedAt }) =>
        (target === 'worker' || target === 'api') && killedAt > at - slackMs && killedAt < until,
    );
    return killed || failedCallbacks.some(([from, to]) => from - slackMs < at && at < to + slackMs);
  };
  const cut = given.flatMap(({ at }) => (isCut(at) ? [at] : []));
  const additions = given.flatMap(({ at, added }) => (added ? [at] : []));
  result.expected = given.length;
  result.seen = given.length;
  let lostLeft = lostAnswers;
  let explainedUntil = -Infinity;
  for (const ask of asks) {
    // A bot cannot read back what it told one person, so that can be there twice; it is the same loss.
    const isRepeat = ask < explainedUntil;
    const wasCut = cut.some((at) => at < ask + slackMs && ask - at < askedWithinMs);
    if (!isRepeat && !wasCut) lostLeft -= 1;
    if (isRepeat || wasCut || lostLeft >= 0) {
      result.unavoidable += 1;
      explainedUntil = additions.find((at) => at > ask) ?? Infinity;
    } else {
      result.wrong += 1;
      result.examples.push('the administrator was asked to connect Zoom again though no tokens were lost');
    }
  }
  return result;
}
