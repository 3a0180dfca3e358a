import { faultKinds, type ChaosOptions, type FaultKind, type KillTarget } from './options.ts';
import type { Direction } from './proxy.ts';
import { Random } from './random.ts';
import { words } from './words.ts';

/** One thing that is done to the running system. */
export type Happening = { /** ms after the first chat may open */ at: number } & (
  | { do: 'kill'; targets: KillTarget[]; pauseMs: number }
  | { do: 'rules'; fault: FaultKind; rules: object[] }
  | { do: 'cut'; fault: 'cut'; share: number }
  | { do: 'freeze'; fault: 'half-open'; share: number; direction: Direction }
  | { do: 'slow'; fault: 'slow-network'; ms: number; forMs: number }
  | { do: 'expireTokens'; fault: 'expired-tokens' }
  | { do: 'regrant'; fault: 'regrant' }
  | { do: 'reroute'; fault: 'reroute' }
  | { do: 'loseRefresh'; fault: 'lost-refresh' }
);

/** One chat as it is planned. */
export interface ChatPlan {
  /** From 1. */
  number: number;
  opensAt: number;
  /** What the visitor writes and when, ms after the start; the first is at `opensAt`. */
  visitorSays: Saying[];
  /** What agents write. Only times after an agent has joined count. */
  agentsSay: Saying[];
  /** How long an agent waits before the press on Join Chat, and before the first words after the channel is there, ms. */
  joinsAfterMs: number;
  greetsAfterMs: number;
  /** Two agents press Join Chat, at the same time. */
  twoJoin: boolean;
  /**
   * The visitor ends the chat, once all is said: after reading the last answer, without waiting for it, or early, before
   * or while somebody joins.
   */
  ends: false | 'patiently' | 'at once' | 'early';
}

export interface Saying {
  at: number;
  text: string;
}

export interface Plan {
  happenings: Happening[];
  chats: ChatPlan[];
}

/** Chats open in this part of the time. */
const openingPart = 0.5;
/** Nothing happens before this part of the time is over, and nothing after the other. */
const faultPart = { from: 0.08, to: 0.95 };
/** How often each kind of fault comes, s. */
const faultEvery = 10;
/** The same for a fault that a person has to put right. */
const lossEvery = 60;

/** Everything that will be done, from the seed alone. */
export function plan(options: ChaosOptions): Plan {
  const random = new Random(options.seed);
  const kills = planKills(options, random.fork());
  // In the order of all kinds, so that leaving one out changes nothing about the others.
  const faults = faultKinds.flatMap((kind) => {
    const own = random.fork();
    return options.faults.includes(kind) ? planFault(kind, options, own) : [];
  });
  const chats = Array.from({ length: options.chats }, (_, index) => planChat(index + 1, options, random.fork()));
  return { happenings: [...kills, ...faults].sort((a, b) => a.at - b.at), chats };
}

function planKills({ seconds, kill, killEvery }: ChaosOptions, random: Random): Happening[] {
  if (kill.length === 0) return [];
  const from = seconds * faultPart.from;
  const span = seconds * (faultPart.to - faultPart.from);
  const slots = Math.max(kill.length, Math.floor(span / killEvery));
  // Round after round, so that every target has its turn in a short run too.
  const order: KillTarget[] = [];
  while (order.length < slots) order.push(...random.shuffled(kill));
  return order.slice(0, slots).map((target, slot) => {
    const second = slots > kill.length && random.chance(0.2) ? random.pick(kill) : target;
    return {
      at: Math.round((from + (span * (slot + random.between(0.1, 0.6))) / slots) * 1_000),
      do: 'kill',
      targets: [...new Set([target, second])],
      pauseMs: Math.round(random.between(100, 2_000)),
    };
  });
}

function planFault(kind: FaultKind, { seconds }: ChaosOptions, random: Random): Happening[] {
  const every = kind === 'lost-refresh' ? lossEvery : faultEvery;
  const count = Math.max(1, Math.round(seconds / every));
  // One in each stretch of the time.
  return Array.from({ length: count }, (_, stretch) => {
    const part = (stretch + random.next()) / count;
    const at = Math.round(seconds * (faultPart.from + (faultPart.to - faultPart.from) * part) * 1_000);
    return { at, ...fault(kind, random, stretch) };
  });
}

/** What the result calls the happenings: a fault's kind, told apart where it makes a difference to the visitor. */
export function nameOf(happening: Exclude<Happening, { do: 'kill' }>): string {
  if (happening.do !== 'freeze') return happening.fault;
  const side = { in: 'cannot send', out: 'cannot receive', both: 'neither way' }[happening.direction];
  return `half-open, ${side}`;
}

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never;

const posts = { method: 'POST', path: '/v2/im/chat/messages' };
/** What the app calls. Posts are drawn most often: there a repeat would show. */
const calls = [
  posts,
  posts,
  posts,
  { method: 'PUT', path: '/v2/im/chat/messages/*' },
  { method: 'GET', path: '/v2/chat/users/*/messages' },
  { method: 'POST', path: '/v2/chat/users/*/channels' },
  { method: 'GET', path: '/v2/users/*' },
];
/** Zoom does nothing later than the promise allows for, see docs/promise.md; `late-effect` is for that. Two delays can fall on one call. */
const longestDelayMs = 1_500;
/** What agents wrote: the bot's own posts come back as webhooks too, and of those nothing would show. */
const messageEvents = { event: 'chat_message.sent', endpoint: 'events', body: '*"message":"a-*' };

const halfOpenDirections: readonly Direction[] = ['out', 'in', 'both'];

/**
 * One fault of a kind. All of the sandbox's rules are for the next few calls that fit. The first of a kind is one that
 * comes true in any run: it is about what happens all the time.
 */
function fault(kind: FaultKind, random: Random, nth: number): WithoutTime<Happening> {
  const times = random.int(1, 3);
  const drawn = random.pick(calls);
  const match = nth === 0 ? posts : drawn;
  const oftenElse = (chance: number): boolean => random.chance(chance) || nth === 0;
  const rules = (...list: object[]): WithoutTime<Happening> => ({ do: 'rules', fault: kind, rules: list });
  switch (kind) {
    case 'cut':
      return { do: 'cut', fault: kind, share: random.pick([0.3, 0.6, 1]) };
    case 'half-open':
      return {
        do: 'freeze',
        fault: kind,
        share: random.pick([0.2, 0.4]),
        direction: halfOpenDirections[nth % halfOpenDirections.length] ?? 'both',
      };
    case 'slow-network':
      return { do: 'slow', fault: kind, ms: random.int(50, 800), forMs: random.int(1_000, 4_000) };
    case 'rate-limited':
      return rules({
        kind: 'status',
        status: 429,
        message: 'You have reached the maximum per-second rate limit for this API. Try again later.',
        headers: oftenElse(0.7) ? { 'Retry-After': String(random.int(1, 2)) } : {},
        match: random.chance(0.5) ? { path: '/v2/*' } : match,
        times,
      });
    case 'error-before':
      return rules({
        kind: 'status',
        status: random.pick([500, 502, 503]),
        match: random.pick([match, { path: '/*' }]),
        times,
      });
    case 'error-after':
      return rules({ kind: 'status', status: random.pick([500, 502, 504]), when: 'after', match, times });
    case 'reset-after':
      return rules({ kind: 'reset', match, times });
    case 'hang-after':
      return rules({ kind: 'hang', match, times: 1 });
    case 'slow-zoom':
      return rules({ kind: 'delay', delay_ms: random.int(300, longestDelayMs), match: { path: '/v2/*' }, times });
    case 'duplicate-webhook':
      return rules({
        kind: 'webhook',
        effect: 'duplicate',
        copies: random.int(2, 3),
        same_request_id: random.chance(0.5),
        match: oftenElse(0.7) ? messageEvents : {},
        times,
      });
    case 'late-webhook':
      return rules({
        kind: 'webhook',
        effect: 'delay',
        delay_ms: random.int(1_500, 4_000),
        match: messageEvents,
        times,
      });
    case 'reordered-webhook':
      return rules({
        kind: 'webhook',
        effect: 'reorder',
        delay_ms: random.int(1_500, 4_000),
        match: messageEvents,
        times,
      });
    case 'lost-webhook':
      return rules({ kind: 'webhook', effect: 'drop', match: messageEvents, times: 1 });
    case 'late-effect':
      return rules({ kind: 'delay', delay_ms: random.int(13_000, 15_000), match: posts, times: 1 });
    case 'expired-tokens':
      return { do: 'expireTokens', fault: kind };
    case 'regrant':
      return { do: 'regrant', fault: kind };
    case 'lost-refresh':
      return { do: 'loseRefresh', fault: kind };
    case 'reroute':
      return { do: 'reroute', fault: kind };
  }
}

function planChat(number: number, options: ChaosOptions, random: Random): ChatPlan {
  const { seconds, chats, pace } = options;
  const endMs = seconds * 1_000;
  const opensAt = ((number - 1) / chats) * openingPart * endMs + random.between(0, 500);
  const ends = number % 4 === 0 ? (number % 8 === 0 ? 'patiently' : 'at once') : number % 8 === 6 ? 'early' : false;
  // A chat that is ended ends while there are still faults.
  const until =
    ends === false ? endMs : ends === 'early' ? opensAt + 1_500 : opensAt + (endMs - opensAt) * lastsWhenEnded;
  const meanMs = ends === 'early' ? 700 : 2_000 / pace;
  const visitorTimes = [opensAt, ...times(random.fork(), opensAt, until, meanMs)];
  const agentTimes = times(random.fork(), opensAt, until, meanMs);
  const texts = random.fork();
  // Where a repeat can be unavoidable, it could not be told from the same words said again.
  const again = options.faults.includes('late-effect') ? 0 : saidAgain;
  return {
    number,
    opensAt,
    visitorSays: visitorTimes.map((at, index) => {
      const drawn = texts.next();
      const length = texts.int(1_100, 3_500);
      // The first words name the chat on its card, and a card has no room for long ones.
      const plain = index === 0 || ends === 'early' || drawn > again + saidLong;
      if (plain) return { at, text: words.visitor(number, index + 1) };
      if (drawn < again) return { at, text: words.visitorAgain(number) };
      return { at, text: words.visitorLong(number, index + 1, length) };
    }),
    agentsSay: agentTimes.map((at, index) => {
      const text = texts.chance(again) ? words.agentAgain(number) : words.agent(number, index + 1);
      return { at, text };
    }),
    joinsAfterMs: random.between(0, 1_500),
    greetsAfterMs: random.chance(0.5) ? 0 : random.between(0, 1_000),
    twoJoin: random.chance(0.25),
    ends,
  };
}

/** A chat that is ended at its end goes on for this part of the time that is left. */
const lastsWhenEnded = 0.7;
/** Share of messages that are the same words again, and of visitors' messages that take several posts. */
const saidAgain = 0.12;
const saidLong = 0.04;

/** Times at random, `meanMs` apart on average; now and then several words at once. */
function times(random: Random, from: number, to: number, meanMs: number): number[] {
  const list: number[] = [];
  for (let at = from + random.wait(meanMs); at < to; at += random.wait(meanMs)) {
    list.push(at);
    if (random.chance(0.1)) list.push(at + 1, at + 2);
  }
  return list;
}
