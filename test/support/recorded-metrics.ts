import type { Metrics } from '../../telemetry/index.ts';

/** Metrics that can be read back: the name with its labels, `name{label="value"}`, as Prometheus writes it. */
export class RecordedMetrics implements Metrics {
  /** What counters came to. */
  readonly counts = new Map<string, number>();
  /** The last value of gauges. */
  readonly values = new Map<string, number>();
  readonly observed = new Map<string, number[]>();

  count: Metrics['count'] = (name, ...[labels]) => {
    const key = seriesOf(name, labels);
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  };
  expect: Metrics['expect'] = (name, ...[labels]) => {
    const key = seriesOf(name, labels);
    this.counts.set(key, this.counts.get(key) ?? 0);
  };
  set: Metrics['set'] = (name, value, ...[labels]) => {
    this.values.set(seriesOf(name, labels), value);
  };
  observe: Metrics['observe'] = (name, value, ...[labels]) => {
    const key = seriesOf(name, labels);
    this.observed.set(key, [...(this.observed.get(key) ?? []), value]);
  };

  /** Counters above 0. */
  get counted(): Record<string, number> {
    return Object.fromEntries([...this.counts].filter(([, count]) => count > 0));
  }
}

function seriesOf(name: string, labels: Record<string, string> = {}): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}
