/** What matters of many measurements of one thing. */
export interface Summary {
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

/** The value below which `share` of the sorted values lie (nearest rank); NaN for no values. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
  };
}

export function median(values: readonly number[]): number {
  return summarize(values).p50;
}
