import { holds, type Check } from './compare.ts';
import type { KillRecord } from './keeper.ts';
import { commandOf, type ChaosOptions, type KillTarget } from './options.ts';
import { nameOf } from './faults.ts';
import type { Direction } from './proxy.ts';
import { table } from './table.ts';

/** What a run came to. */
export interface Result {
  options: ChaosOptions;
  checks: Check[];
  kills: readonly KillRecord[];
  /** Processes that ended though nobody had killed them. */
  endedThemselves: readonly KillTarget[];
  /** How often each fault came true, e.g. calls that were answered 429. */
  faults: ReadonlyMap<string, number>;
  /** After how long visitors let go of a connection that was half open, ms, by what was lost. */
  noticedMs: ReadonlyMap<Direction, readonly number[]>;
  reconnects: number;
  presses: number;
  /** How long it took after the faults until everything had arrived, ms; undefined if it never had. */
  settledMs: number | undefined;
  /** At the limit something was still being worked on: what is missing may have been only slow. */
  underWay: boolean;
  /** Events in the longest history of a workflow. */
  longestHistory: number;
  /** Resident memory at the end, bytes, by process. */
  memory: ReadonlyMap<string, number>;
  /** How many histories of workflows were replayed. */
  replayed: number;
  /** What went wrong with the run itself. */
  troubles: readonly string[];
}

type Row = (string | number)[];

/** Of each check. */
const mostExamples = 8;
const longestExample = 160;

/** Whether the promise was kept. */
export function kept({ checks, endedThemselves, settledMs, troubles }: Result): boolean {
  return checks.every(holds) && endedThemselves.length === 0 && settledMs !== undefined && troubles.length === 0;
}

/** The result for people: one table, then what differs, and how to do it again. */
export function report(result: Result): string {
  const { options, checks, reconnects, presses, settledMs, underWay, endedThemselves, troubles } = result;
  const examples = checks.flatMap(examplesOf);
  const memory = [...result.memory].map(([name, bytes]) => `${name} ${Math.round(bytes / 1e6)} MB`);
  return [
    `${table([...checkRows(checks), [], ...killRows(result.kills), [], ...faultRows(result)])}\n`,
    `${options.chats} chats · ${options.seconds} s at ${options.pace}/s a chat · ${reconnects} reconnects · ${presses} presses of Join Chat`,
    [`${result.replayed} histories replayed, the longest of ${result.longestHistory} events`, ...memory].join(' · '),
    settledMs === undefined
      ? `Not settled: for ${options.settle} s nothing more had arrived.`
      : `Settled ${(settledMs / 1_000).toFixed(1)} s after the last fault.`,
    ...(underWay ? ['Something was still under way: what is lost may be only slow. Try a longer --settle.'] : []),
    ...endedThemselves.map((target) => `The ${target} ended by itself.`),
    ...troubles,
    ...examples,
    `Repeat: ${commandOf(options)}`,
    kept(result) ? 'The promise was kept.' : 'THE PROMISE WAS NOT KEPT.',
  ].join('\n');
}

function examplesOf({ name, examples }: Check): string[] {
  return [
    ...examples.slice(0, mostExamples).map((example) => cut(`  ${name}: ${example}`)),
    ...(examples.length > mostExamples ? [`  ${name}: … and ${examples.length - mostExamples} more`] : []),
  ];
}

function checkRows(checks: readonly Check[]): Row[] {
  return [
    ['check', 'expected', 'seen', 'lost', 'duplicated', 'out of order', 'wrong', 'reordered by Zoom', 'unavoidable'],
    ...checks.map((check) => [
      check.name,
      check.expected,
      check.seen,
      check.lost,
      check.duplicated,
      check.outOfOrder,
      check.wrong,
      check.reordered,
      check.unavoidable,
    ]),
  ];
}

function killRows(kills: readonly KillRecord[]): Row[] {
  const targets = [...new Set(kills.map(({ target }) => target))];
  return [
    ['killed', 'times', 'down (s)', '', 'longest', 'relays after', '', 'longest'],
    ...targets.map((target): Row => {
      const own = kills.filter((kill) => kill.target === target);
      const down = own.flatMap(({ killedAt, readyAt }) => (readyAt === undefined ? [] : [readyAt - killedAt]));
      const relayed = own.flatMap(({ readyAt, relayedAt }) =>
        readyAt === undefined || relayedAt === undefined ? [] : [relayedAt - readyAt],
      );
      return [target, own.length, median(down), '', longest(down), median(relayed), '', longest(relayed)];
    }),
  ];
}

function faultRows({ faults, noticedMs }: Result): Row[] {
  const noticed = new Map(
    [...noticedMs].map(([direction, ms]) => [nameOf({ do: 'freeze', fault: 'half-open', share: 0, direction }), ms]),
  );
  return [
    ['fault', 'times', 'noticed (s)', '', 'longest'],
    ...[...faults].map(([name, times]): Row => {
      const after = noticed.get(name);
      return after ? [name, times, median(after), '', longest(after)] : [name, times];
    }),
  ];
}

function median(list: readonly number[]): string {
  return seconds([...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]);
}

function longest(list: readonly number[]): string {
  return seconds(list.length === 0 ? undefined : Math.max(...list));
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '–' : (ms / 1_000).toFixed(1);
}

function cut(text: string): string {
  return text.length <= longestExample ? text : `${text.slice(0, longestExample - 1)}…`;
}
