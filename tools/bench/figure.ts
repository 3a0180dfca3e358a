import { summarize } from './stats.ts';

export type Unit = 'ms' | 's' | '/s' | 'B' | 'kB' | 'MB' | 'events' | 'ops' | 'sockets' | 'calls' | 'cores' | '×';

/** A figure against what is asked of it. */
export interface Verdict {
  /** Such as `≤ 1.5 × floor`. */
  target: string;
  /** The figure in the target's terms; undefined when what it is compared with was not measured in this run. */
  ratio: number | undefined;
  pass: boolean | undefined;
}

/** One measured number of a run. */
export interface Figure {
  /** Names it in the JSON file, and for targets that compare with it. */
  id: string;
  label: string;
  value: number;
  unit: Unit;
  /** More about it, e.g. its other percentiles. */
  detail?: string;
  /** Further numbers for the JSON file. */
  numbers?: Readonly<Record<string, number>>;
  verdict?: Verdict;
}

/** Many latencies as one figure: the median, with the other percentiles beside it. */
export function latencyFigure(id: string, label: string, values: readonly number[], lost = 0): Figure {
  const { count, p50, p95, p99 } = summarize(values);
  const missing = lost === 0 ? '' : `, ${lost} lost`;
  return {
    id,
    label,
    value: p50,
    unit: 'ms',
    detail: `p95 ${shortNumber(p95)}, p99 ${shortNumber(p99)}, n ${count}${missing}`,
    numbers: { p50, p95, p99, count, lost },
  };
}

/** Holds `value / base` against a limit. A base that was not measured leaves the verdict open. */
export function atMost(target: string, value: number, base: number | undefined, limit: number): Verdict {
  if (base === undefined) return { target, ratio: undefined, pass: undefined };
  return { target, ratio: value / base, pass: value / base <= limit };
}

/** The same for a lower limit. */
export function atLeast(target: string, value: number, base: number | undefined, limit: number): Verdict {
  if (base === undefined) return { target, ratio: undefined, pass: undefined };
  return { target, ratio: value / base, pass: value / base >= limit };
}

/** Three significant digits, no exponent. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}
