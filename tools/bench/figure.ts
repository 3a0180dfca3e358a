import { summarize } from './stats.ts';

export type Unit =
  'ms' | 's' | '/s' | 'B' | 'kB' | 'MB' | 'events' | 'ops' | 'sockets' | 'chats' | 'calls' | 'cores' | '×';

/** What a figure has to hold. */
export interface Bound {
  /** Such as `≤ 1.5 × floor`. */
  text: string;
  /** The figure in the bound's terms; undefined when what it is compared with was not measured in this run. */
  value: number | undefined;
  held: boolean | undefined;
}

/** One measured number of a run. */
export interface Figure {
  /** Names it in the JSON file, and for bounds that compare with it. */
  id: string;
  label: string;
  value: number;
  unit: Unit;
  /** More about it, e.g. its other percentiles. */
  detail?: string;
  /** Further numbers for the JSON file. */
  numbers?: Readonly<Record<string, number>>;
  bound?: Bound;
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

/** The calls that Zoom refused, of which there are to be none. */
export function refusedFigure(id: string, label: string, refused: number): Figure {
  return { id, label, value: refused, unit: 'calls', bound: { text: '0', value: refused, held: refused === 0 } };
}

/** Holds `value / base` against a limit. A base that was not measured leaves open whether it is held. */
export function atMost(text: string, value: number, base: number | undefined, limit: number): Bound {
  if (base === undefined) return { text, value: undefined, held: undefined };
  return { text, value: value / base, held: value / base <= limit };
}

/** The same for a lower limit. */
export function atLeast(text: string, value: number, base: number | undefined, limit: number): Bound {
  if (base === undefined) return { text, value: undefined, held: undefined };
  return { text, value: value / base, held: value / base >= limit };
}

/** Three significant digits, no exponent. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}
