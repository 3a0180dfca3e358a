import { holds, type Check } from './compare.ts';
import type { KillRecord } from './keeper.ts';
import type { ChaosOptions, FaultKind, KillTarget } from './options.ts';
import { table } from './table.ts';

/** What a run came to. */
export interface Result {
  options: ChaosOptions;
  checks: Check[];
  kills: readonly KillRecord[];
  /** Processes that ended though nobody had killed them. */
  endedThemselves: readonly KillTarget[];
  /** How often each fault came true, e.g. calls that were answered 429. */
  faults: ReadonlyMap<FaultKind, number>;
  reconnects: number;
  presses: number;
  /** How long it took after the faults until everything had arrived, ms; undefined if it never had. */
  settledMs: number | undefined;
  /** What went wrong with the run itself. */
  troubles: readonly string[];
}

const mostExamples = 25;

/** Whether the promise was kept. */
export function kept({ checks, endedThemselves, settledMs, troubles }: Result): boolean {
  return checks.every(holds) && endedThemselves.length === 0 && settledMs !== undefined && troubles.length === 0;
}

/** The result for people: one table, then what differs. */
export function report(result: Result): string {
  const { options, checks, kills, faults, reconnects, presses, settledMs, endedThemselves, troubles } = result;
  const checkRows = checks.map((check) => [
    check.name,
    check.expected,
    check.seen,
    check.lost,
    check.duplicated,
    check.outOfOrder,
    check.wrong,
    check.reordered,
    check.unavoidable,
  ]);
  const targets = [...new Set(kills.map(({ target }) => target))];
  const killRows = targets.map((target) => {
    const own = kills.filter((kill) => kill.target === target);
    const down = own.flatMap(({ killedAt, readyAt }) => (readyAt === undefined ? [] : [readyAt - killedAt]));
    const relayed = own.flatMap(({ readyAt, relayedAt }) =>
      readyAt === undefined || relayedAt === undefined ? [] : [relayedAt - readyAt],
    );
    return [`kill ${target}`, own.length, seconds(down), seconds(relayed)];
  });
  const faultRows = [...faults].map(([kind, count]) => [kind, count]);
  const sections: (string | number)[][][] = [
    [
      ['check', 'expected', 'seen', 'lost', 'duplicated', 'out of order', 'wrong', 'reordered by Zoom', 'unavoidable'],
      ...checkRows,
    ],
    [['killed', 'times', 'down (s)', 'ready to first relay (s)'], ...killRows],
    [['fault', 'times'], ...faultRows],
  ];
  const examples = checks.flatMap((check) => check.examples.map((example) => `  ${check.name}: ${example}`));
  return [
    ...sections.filter((rows) => rows.length > 1).map((rows) => `${table(rows)}\n`),
    `seed ${options.seed} · ${options.chats} chats · ${options.seconds} s at ${options.pace}/s a chat · ${reconnects} reconnects · ${presses} presses of Join Chat`,
    settledMs === undefined
      ? `Not settled within ${options.settle} s after the last fault.`
      : `Settled ${(settledMs / 1_000).toFixed(1)} s after the last fault.`,
    ...endedThemselves.map((target) => `The ${target} ended by itself.`),
    ...troubles,
    ...examples.slice(0, mostExamples),
    ...(examples.length > mostExamples ? [`  … and ${examples.length - mostExamples} more`] : []),
    kept(result) ? 'The promise was kept.' : 'THE PROMISE WAS NOT KEPT.',
  ].join('\n');
}

/** `1.2, 0.8` in the order they came. */
function seconds(list: readonly number[]): string {
  return list.map((ms) => (ms / 1_000).toFixed(1)).join(', ');
}
