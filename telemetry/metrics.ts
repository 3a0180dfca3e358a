import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter } from '@temporalio/common';
import { metrics, type LabelsOf, type MetricName, type MetricsOfKind } from '../domain/metrics.ts';

/** Labels as the last argument, left out where a metric has none. */
type WithLabels<N extends MetricName> = keyof LabelsOf<N> extends never ? [] : [labels: LabelsOf<N>];

/** Where the metrics of this process are recorded. Recording never throws and takes some microseconds. */
export interface Metrics {
  count<N extends MetricsOfKind<'counter'>>(name: N, ...labels: WithLabels<N>): void;
  /** Show a counter as 0, so that its first increase is seen as one. */
  expect<N extends MetricsOfKind<'counter'>>(name: N, ...labels: WithLabels<N>): void;
  /** @param value in the metric's unit; NaN when it is not known just now. */
  set<N extends MetricsOfKind<'gauge'>>(name: N, value: number, ...labels: WithLabels<N>): void;
  /** @param value in the metric's unit; below 0 (clocks differ) counts as 0. */
  observe<N extends MetricsOfKind<'histogram'>>(name: N, value: number, ...labels: WithLabels<N>): void;
}

/**
 * The instruments over a meter of Temporal's SDK: its registry holds ours and the SDK's own, behind one endpoint.
 * @param meter `Runtime.instance().metricMeter`, which does nothing when metrics are off.
 */
export function createMetrics(meter: MetricMeter): Metrics {
  const counters = new Map<string, MetricCounter>();
  const gauges = new Map<string, MetricGauge>();
  const histograms = new Map<string, MetricHistogram>();
  for (const [name, { kind, help }] of Object.entries(metrics)) {
    if (kind === 'counter') counters.set(name, meter.createCounter(name, '', help));
    else if (kind === 'gauge') gauges.set(name, meter.createGauge(name, 'float', '', help));
    else histograms.set(name, meter.createHistogram(name, 'float', '', help));
  }
  return {
    count: (name, ...[labels]) => counters.get(name)?.add(1, labels),
    expect: (name, ...[labels]) => counters.get(name)?.add(0, labels),
    set: (name, value, ...[labels]) => gauges.get(name)?.set(value, labels),
    observe: (name, value, ...[labels]) => histograms.get(name)?.record(Math.max(0, value), labels),
  };
}
