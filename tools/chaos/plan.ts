import { isAboutNewChats, planFault, timesIn, type Fault } from './faults.ts';
import { faultKinds, type ChaosOptions, type FaultKind, type KillTarget } from './options.ts';
import { Random } from './random.ts';
import { words } from './words.ts';

/** One thing that is done to the running system. */
export type Happening = { /** ms after the first chat may open */ at: number } & (
  { do: 'kill'; targets: KillTarget[]; pauseMs: number } | Fault
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
  /**
   * How long an agent waits before the press on Join Chat, and before the first words after the channel is there, ms.
   */
  joinsAfterMs: number;
  greetsAfterMs: number;
  /** Two agents press Join Chat, at the same time. */
  twoJoin: boolean;
  /**
   * The visitor ends the chat, once all is said: after reading the last answer, without waiting for it, or early,
   * before or while somebody joins.
   */
  ends: false | 'patiently' | 'at once' | 'early';
}

export interface Saying {
  at: number;
  text: string;
}

/** The families of message events that Zoom sends, see docs/sandbox.md. */
export type EventFamily = 'chat_message' | 'team_chat' | 'both';

export interface Plan {
  happenings: Happening[];
  chats: ChatPlan[];
  eventFamily: EventFamily;
}

/** Chats open in this part of the time. */
const openingPart = 0.5;
/** Nothing happens before this part of the time is over, and nothing after the other. */
const faultPart = { from: 0.08, to: 0.95 };
/** A chat that is ended at its end goes on for this part of the time that is left. */
const lastsWhenEnded = 0.7;
/**
 * Share of messages that are the same words again, of visitors' that take several posts, and of agents' that are
 * commands.
 */
const saidAgain = 0.12;
const saidLong = 0.04;
const commands = 0.03;

/** Everything that will be done, from the seed alone. */
export function plan(options: ChaosOptions): Plan {
  const random = new Random(options.seed);
  const eventFamily = random.pick(['chat_message', 'team_chat', 'both'] as const);
  const kills = planKills(options, random.fork());
  // In the order of all kinds, so that leaving one out changes nothing about the others.
  const faults = faultKinds.flatMap((kind) => {
    const own = random.fork();
    return options.faults.includes(kind) ? planFaults(kind, options, own) : [];
  });
  const chats = Array.from({ length: options.chats }, (_, index) => planChat(index + 1, options, random.fork()));
  return { happenings: [...kills, ...faults].sort((a, b) => a.at - b.at), chats, eventFamily };
}

function planKills({ seconds, kill, killEvery }: ChaosOptions, random: Random): Happening[] {
  if (kill.length === 0) return [];
  const from = seconds * faultPart.from;
  const span = seconds * (faultPart.to - faultPart.from);
  const slots = Math.max(kill.length, Math.floor(span / killEvery));
  // Round after round, so that every target is killed in a short run too.
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

function planFaults(kind: FaultKind, { seconds }: ChaosOptions, random: Random): Happening[] {
  const count = timesIn(seconds, kind);
  // One in each stretch of the time.
  return Array.from({ length: count }, (_, stretch) => {
    const part = (stretch + random.next()) / count;
    const to = isAboutNewChats(kind) ? openingPart : faultPart.to;
    const at = Math.round(seconds * (faultPart.from + (to - faultPart.from) * part) * 1_000);
    return { at, ...planFault(kind, random, stretch) };
  });
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
  // Where a repeat can be unavoidable, it could not be distinguished from the same words said again.
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
      const drawn = texts.next();
      if (drawn < again) return { at, text: words.agentAgain(number) };
      const write = drawn < again + commands ? words.agentCommand : words.agent;
      return { at, text: write(number, index + 1) };
    }),
    joinsAfterMs: random.between(0, 1_500),
    greetsAfterMs: random.chance(0.5) ? 0 : random.between(0, 1_000),
    twoJoin: random.chance(0.25),
    ends,
  };
}

/** Times at random, `meanMs` apart on average; now and then several words at once. */
function times(random: Random, from: number, to: number, meanMs: number): number[] {
  const list: number[] = [];
  for (let at = from + random.wait(meanMs); at < to; at += random.wait(meanMs)) {
    list.push(at);
    if (random.chance(0.1)) list.push(at + 1, at + 2);
  }
  return list;
}
