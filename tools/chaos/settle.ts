import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { eventually } from '../../test/support/driver.ts';
import { check } from './checks.ts';
import { holds, type Check } from './compare.ts';
import type { Facts } from './facts.ts';
import type { ChaosOptions } from './options.ts';
import type { ChatPlan } from './plan.ts';
import type { Team } from './team.ts';
import { answersOf, type ChaosVisitor } from './visitor.ts';
import { words } from './words.ts';

const webhooksSchema = z.looseObject({ webhooks: z.looseObject({ pending: z.number() }) });
const lookEveryMs = 1_000;
/** So often a difference is seen before it counts. */
const looksAtDifference = 4;
/** How long a last look at all sides may take, ms. */
const lastLookMs = 60_000;

/**
 * How everything stood when nothing more was on its way, and how long that took, ms; undefined if it never came to
 * that.
 */
export interface Settled {
  facts: Facts;
  settledMs: number | undefined;
}

/** However much still comes, a run waits no longer than this for the rest, ms. */
export function longestSettleMs({ settle }: Pick<ChaosOptions, 'settle'>): number {
  return settle * 1_000 + 600_000;
}

/** Waits until everything is where it should be, or nothing more comes. */
export async function settled(parts: {
  options: ChaosOptions;
  visitors: ReadonlyMap<number, ChaosVisitor>;
  chats: readonly ChatPlan[];
  team: Team;
  /** Not settled before this, ms since 1970. */
  notBefore: number;
  look: () => Promise<Facts>;
  signal: AbortSignal;
  say: (line: string) => void;
}): Promise<Settled> {
  const { options, visitors, chats, team, notBefore, look, signal, say } = parts;
  const since = Date.now();
  const hardDeadline = since + longestSettleMs(options);
  let arrivedBefore = -1;
  let deadline = since + options.settle * 1_000;
  let looks = 0;
  while (Date.now() < Math.min(deadline, hardDeadline)) {
    signal.throwIfAborted();
    const arrived = arrivedAt(visitors);
    // On a busy machine it takes longer: as long as something comes, it is waited for.
    if (arrived > arrivedBefore) deadline = Date.now() + options.settle * 1_000;
    arrivedBefore = arrived;
    const restless = chats.find((chat) => !isQuiet(chat, visitors, team));
    if (restless) say(`not yet: ${words.visitorName(restless.number)} or its agents wait for something`);
    if (Date.now() >= notBefore && !restless) {
      const facts = await look().catch((error: unknown) => {
        say(`not yet: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      });
      const checks = facts && check(facts);
      if (facts && checks?.every(isComplete) === true && webhooksUnderWay(facts) === 0) {
        looks += 1;
        // Sides are looked at one after the other: what differs must differ again and again.
        if (checks.every(holds) || looks === looksAtDifference) return { facts, settledMs: Date.now() - since };
      }
      const missing = checks?.find((one) => !isComplete(one));
      if (missing) say(`not yet: ${missing.name}: ${missing.examples[0]}`);
    }
    await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
  return { facts: await eventually(look, lastLookMs), settledMs: undefined };
}

/** Nobody in the chat waits for anything that can be seen at once. */
function isQuiet(
  { number, ends }: ChatPlan,
  visitors: ReadonlyMap<number, ChaosVisitor>,
  team: Pick<Team, 'written' | 'hasLostChannel'>,
): boolean {
  const visitor = visitors.get(number);
  if (!visitor) return false;
  if (ends === 'early' || visitor.ended) return visitor.ended;
  if (!visitor.quiet || ends !== false) return false;
  const written = team.written(number);
  // With a lost channel may go what agents had written there.
  return written > 0 && (answersOf(visitor) >= written || team.hasLostChannel(number));
}

/** How much has arrived at the visitors so far; it only grows. */
function arrivedAt(visitors: ReadonlyMap<number, ChaosVisitor>): number {
  return [...visitors.values()].reduce(
    (sum, { accepted, entries, deliveredSeq, ended }) =>
      sum + accepted.size + entries.length + deliveredSeq + (ended ? 1 : 0),
    0,
  );
}

/** Nothing is on its way any more; what is wrong stays wrong. */
function isComplete(found: Check): boolean {
  return found.lost === 0 && (found.name !== 'workflows' || holds(found));
}

function webhooksUnderWay({ evidence }: Facts): number {
  return webhooksSchema.parse(evidence.zoom).webhooks.pending;
}
