import type { WorkflowClientInterceptor } from '@temporalio/client';
import { noopMetricMeter } from '@temporalio/common';
import { Runtime, type ActivityInboundCallsInterceptor, type RuntimeOptions } from '@temporalio/worker';
import type { SharedConfig } from '../config/env.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { watchProcess } from './process-metrics.ts';
import { runtimeTelemetry } from './runtime.ts';
import { tracedActivity, tracedClient } from './temporal.ts';
import { startTracing } from './tracing.ts';

export type { Metrics } from './metrics.ts';

/** What one process reports about itself. */
export interface Telemetry {
  metrics: Metrics;
  /** Whether anybody can ask for them: if not, nothing needs to be looked up for them. */
  served: boolean;
  /** For its Temporal client, and for its workers' activities; empty unless traces are sent. */
  interceptors: {
    client: WorkflowClientInterceptor[];
    activity: ActivityInboundCallsInterceptor[];
  };
  /** Send what is left. Never rejects. */
  stop: () => Promise<void>;
}

/**
 * Install Temporal's runtime with our metrics in it, and switch tracing on if it is configured. Once in a process,
 * before anything of Temporal's is used.
 * @param runtime the rest of the runtime's options.
 * @throws when the metrics port cannot be listened on.
 */
export function startTelemetry(
  config: Pick<SharedConfig, 'metrics' | 'tracing'>,
  service: 'live-chat-api' | 'live-chat-worker',
  runtime: RuntimeOptions,
): Telemetry {
  try {
    Runtime.install({ ...runtime, ...runtimeTelemetry(config.metrics) });
  } catch (cause) {
    const { host, port } = config.metrics;
    if (port === undefined) throw cause;
    throw new Error(`No metrics can be served on ${host}:${port}: set METRICS_PORT and METRICS_HOST.`, { cause });
  }
  const metrics = createMetrics(Runtime.instance().metricMeter);
  const served = config.metrics.port !== undefined;
  const unwatch = served ? watchProcess(metrics) : undefined;
  const tracing = config.tracing ? startTracing(service) : undefined;
  return {
    metrics,
    served,
    interceptors: { client: tracing ? [tracedClient] : [], activity: tracing ? [tracedActivity] : [] },
    stop: async () => {
      unwatch?.();
      await tracing?.stop();
    },
  };
}

/** Telemetry that goes nowhere. */
export function noTelemetry(): Telemetry {
  return {
    metrics: createMetrics(noopMetricMeter),
    served: false,
    interceptors: { client: [], activity: [] },
    stop: () => Promise.resolve(),
  };
}
