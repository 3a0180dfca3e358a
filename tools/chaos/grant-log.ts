import { emptyCheck, type Check } from './compare.ts';
import type { KillRecord } from './keeper.ts';
import type { EndedGrants } from './world.ts';
import type { ZoomHappening } from './zoom-feed.ts';

/** What the bot's message says that asks somebody to add the app again. */
const askWords = 'Reconnect Live Chat to Zoom';
/** A new token pair is in MongoDB this long after Zoom gave it, ms; on a busy machine too. */
const storedWithinMs = 2_000;
/** The sandbox's events are seen when the answer is made, and clocks are read one after the other. */
const slackMs = 50;
/**
 * A lost grant is noticed when its access token ends or is refused, and the user is asked at once if Zoom lets the
 * bot.
 */
const askedWithinMs = 120_000;

/**
 * When Zoom gave a new pair of tokens, and ended the one before it, ms since 1970; and whether somebody added the
 * app.
 */
interface GivenPair {
  at: number;
  added: boolean;
}

/** When, ms since 1970, and whom the bot asked to connect Zoom again. */
export interface Ask {
  at: number;
  userId: string;
}

/** What is known about the grants of the people who have added the app. */
export interface GrantFacts {
  given: readonly GivenPair[];
  /** So many answers with a new pair Zoom has lost itself. */
  lostAnswers: number;
  asks: readonly Ask[];
  /** Callbacks that the app could not bring to their end, as it showed: from, to. */
  failedCallbacks: readonly (readonly [number, number])[];
  /** Grants that somebody ended, or made worthless, in Zoom. */
  ended: readonly EndedGrants[];
  kills: readonly Pick<KillRecord, 'target' | 'killedAt' | 'readyAt'>[];
}

/** Notes what Zoom does with grants, and what the app says about it. */
export class GrantLog {
  readonly given: GivenPair[] = [];
  readonly asks: Ask[] = [];

  /** @returns the ask, if the bot has just asked somebody to connect Zoom again. */
  happened({ type, at, data }: ZoomHappening): Ask | undefined {
    if (type === 'oauth.granted' || type === 'oauth.refreshed')
      this.given.push({ at, added: type === 'oauth.granted' });
    const userId = /^b:(.+)$/.exec(String(data['conversation']))?.[1];
    const isAsk = type === 'message.created' && data['bot'] === true && String(data['text']).includes(askWords);
    if (!isAsk || userId === undefined) return undefined;
    const ask = { at, userId };
    this.asks.push(ask);
    return ask;
  }
}

/**
 * Zoom ends a pair of tokens as it gives the next, so a pair that was on its way when somebody was killed, or that
 * Zoom lost, is gone with the grant, whatever anybody does; then the user is asked to add the app again, as after
 * somebody ended the grant in Zoom. Without that nobody is to be asked.
 */
export function checkGrants({ given, lostAnswers, asks, failedCallbacks, ended, kills }: GrantFacts): Check {
  const result = emptyCheck('grants kept');
  const isCut = ({ at }: GivenPair): boolean => {
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
  const cut = given.filter(isCut);
  const wasEnded = (ask: number): boolean =>
    ended.some(({ from, to }) => from - slackMs < ask && ask < to + askedWithinMs);
  const additions = given.flatMap(({ at, added }) => (added ? [at] : []));
  result.expected = given.length;
  result.seen = given.length;
  let lostLeft = lostAnswers;
  let explainedUntil = -Infinity;
  for (const { at: ask } of asks) {
    // A bot cannot read back what it wrote to one person, so that can be there twice; it is the same loss.
    const isRepeat = ask < explainedUntil;
    const isKnown = isRepeat || wasEnded(ask) || cut.some(({ at }) => at < ask + slackMs && ask - at < askedWithinMs);
    if (!isKnown) lostLeft -= 1;
    if (isKnown || lostLeft >= 0) {
      result.unavoidable += 1;
      explainedUntil = additions.find((at) => at > ask) ?? Infinity;
    } else {
      result.wrong += 1;
      result.examples.push('somebody was asked to connect Zoom again though no tokens were lost');
    }
  }
  return result;
}
