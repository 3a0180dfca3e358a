import type { Clock } from './clock.ts';
import type { Switches } from './switches.ts';

/** Rate limit label of an endpoint (developers.zoom.us/docs/api/rate-limits/). */
export type Label = 'LIGHT' | 'MEDIUM' | 'HEAVY' | 'RESOURCE_INTENSIVE';

type Plan = Switches['ratePlan'];

/** Calls in a second; resource-intensive calls are counted by the minute. */
const perWindow: Record<Plan, Record<Label, number>> = {
  free: { LIGHT: 4, MEDIUM: 2, HEAVY: 1, RESOURCE_INTENSIVE: 10 },
  pro: { LIGHT: 30, MEDIUM: 20, HEAVY: 10, RESOURCE_INTENSIVE: 10 },
  business: { LIGHT: 80, MEDIUM: 60, HEAVY: 40, RESOURCE_INTENSIVE: 20 },
};

/** Calls in a day; the paid plans share one number for heavy and resource-intensive calls. */
const perDay: Record<Plan, Partial<Record<Label | 'COMBINED', number>>> = {
  free: { LIGHT: 6000, MEDIUM: 2000, HEAVY: 1000, RESOURCE_INTENSIVE: 30_000 },
  pro: { COMBINED: 30_000 },
  business: { COMBINED: 60_000 },
};

const categoryNames: Record<Label, string> = {
  LIGHT: 'Light',
  MEDIUM: 'Medium',
  HEAVY: 'Heavy',
  RESOURCE_INTENSIVE: 'Resource-intensive',
};

/** The four windows of messages into one channel: more than `count` in `ms` blocks the channel for `block` ms. */
const burstWindows = [
  { count: 10, ms: 1_000, block: 10_000 },
  { count: 30, ms: 10_000, block: 30_000 },
  { count: 60, ms: 100_000, block: 60_000 },
  { count: 450, ms: 1_000_000, block: 300_000 },
] as const;

/** What a rate limit says to one call. */
export interface RateVerdict {
  refused: null | 'second' | 'daily';
  /** When a refused call can be tried again, in milliseconds since 1970. */
  until: number;
  /** X-RateLimit-* headers, to be sent when the switch says so. */
  headers: Record<string, string>;
}

const day = 86_400_000;
const keep = (times: number[], after: number): void => {
  let gone = 0;
  while ((times[gone] ?? Infinity) <= after) gone++;
  if (gone > 0) times.splice(0, gone);
};

/** Counts calls per account and messages per channel. Counts live in memory: they are about seconds. */
export class Limits {
  readonly #clock: Clock;
  readonly #switches: () => Switches;
  readonly #calls = new Map<string, number[]>();
  readonly #daily = new Map<string, { day: number; count: number }>();
  readonly #channels = new Map<string, { sent: number[]; blockedUntil: number }>();

  constructor(clock: Clock, switches: () => Switches) {
    this.#clock = clock;
    this.#switches = switches;
  }

  /** Counts one API call of an account, unless a limit refuses it. */
  call(accountId: string, label: Label): RateVerdict {
    const switches = this.#switches();
    const now = this.#clock.now();
    const windowMs = label === 'RESOURCE_INTENSIVE' ? 60_000 : 1_000;
    const scaled = Math.floor(perWindow[switches.ratePlan][label] * switches.rateScale);
    const allowed = Math.max(0, scaled - switches.foreignCallsPerSecond);
    const times = this.#calls.get(`${accountId} ${label}`) ?? [];
    this.#calls.set(`${accountId} ${label}`, times);
    keep(times, now - windowMs);

    const caps = perDay[switches.ratePlan];
    const combined = caps.COMBINED !== undefined && (label === 'HEAVY' || label === 'RESOURCE_INTENSIVE');
    const cap = combined ? caps.COMBINED : caps[label];
    const dayKey = `${accountId} ${combined ? 'COMBINED' : label}`;
    const today = Math.floor(now / day);
    const counted = this.#daily.get(dayKey);
    const used = counted?.day === today ? counted.count : 0;
    const scaledCap = cap === undefined ? undefined : Math.floor(cap * switches.rateScale);

    const headers = (type: 'QPS' | 'Daily-limit', limit: number, remaining: number): Record<string, string> => ({
      'X-RateLimit-Category': categoryNames[label],
      'X-RateLimit-Type': type,
      'X-RateLimit-Limit': String(limit),
      'X-RateLimit-Remaining': String(Math.max(0, remaining)),
    });
    if (!switches.rateLimits) return { refused: null, until: now, headers: {} };
    if (scaledCap !== undefined && used >= scaledCap) {
      return { refused: 'daily', until: (today + 1) * day, headers: headers('Daily-limit', scaledCap, 0) };
    }
    if (times.length >= allowed) {
      const until = (times[times.length - allowed] ?? now) + windowMs;
      return { refused: 'second', until, headers: headers('QPS', allowed, 0) };
    }
    times.push(now);
    this.#daily.set(dayKey, { day: today, count: used + 1 });
    return { refused: null, until: now, headers: headers('QPS', allowed, allowed - times.length) };
  }

  /**
   * Counts one message into a channel.
   * @returns 0, or the time in milliseconds since 1970 until which the channel is blocked
   */
  message(channelId: string): number {
    const switches = this.#switches();
    if (!switches.channelBurst) return 0;
    const now = this.#clock.now();
    const entry = this.#channels.get(channelId) ?? { sent: [], blockedUntil: 0 };
    this.#channels.set(channelId, entry);
    if (now < entry.blockedUntil) return entry.blockedUntil;
    keep(entry.sent, now - 1_000_000);
    for (const window of burstWindows) {
      const allowed = Math.floor(window.count * switches.channelBurstScale);
      const inWindow = entry.sent.filter((time) => time > now - window.ms).length;
      if (inWindow >= allowed) entry.blockedUntil = Math.max(entry.blockedUntil, now + window.block);
    }
    if (now < entry.blockedUntil) return entry.blockedUntil;
    entry.sent.push(now);
    return 0;
  }

  /** Blocks a channel as if it had been flooded. */
  block(channelId: string, milliseconds: number): void {
    const entry = this.#channels.get(channelId) ?? { sent: [], blockedUntil: 0 };
    entry.blockedUntil = this.#clock.now() + milliseconds;
    this.#channels.set(channelId, entry);
  }

  /** Forgets all counts. */
  clear(): void {
    this.#calls.clear();
    this.#daily.clear();
    this.#channels.clear();
  }
}
