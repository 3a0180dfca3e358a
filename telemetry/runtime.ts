import type { TelemetryOptions } from '@temporalio/worker';
import type { SharedConfig } from '../config/env.ts';
import { metrics, type MetricDefinition } from '../domain/metrics.ts';

/**
 * What `Runtime.install` is given: an endpoint for Prometheus, `http://<host>:<port>/metrics`, with the SDK's metrics
 * and ours; nothing when no port is configured. Durations are in seconds, as Prometheus has them.
 *
 * `Runtime.install` throws when the port is taken.
 */
export function runtimeTelemetry({ port, host }: SharedConfig['metrics']): { telemetryOptions?: TelemetryOptions } {
  if (port === undefined) return {};
  const bindAddress = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const buckets: Record<string, number[]> = {};
  for (const [name, definition] of Object.entries<MetricDefinition>(metrics)) {
    if (definition.buckets) buckets[name] = [...definition.buckets];
  }
  return {
    telemetryOptions: {
      metrics: {
        attachServiceName: false,
        prometheus: {
          bindAddress,
          countersTotalSuffix: true,
          useSecondsForDurations: true,
          // The SDK names its histograms' unit then too: temporal_…_latency_seconds.
          unitSuffix: true,
          histogramBucketOverrides: buckets,
        },
      },
    },
  };
}
