import { createServer } from 'node:net';
import { once } from 'node:events';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportedName, metrics, type MetricDefinition, type MetricName } from '../../domain/metrics.ts';
import { freePort } from '../../tools/embedded/ports.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { startTelemetry } from '../../telemetry/index.ts';
import { parseExposition, type Series } from '../support/promql.ts';

/** Temporal's runtime as a process installs it, with its endpoint. */
let url: string;
let recorded: Metrics;
const quiet = { logger: new DefaultLogger('ERROR') };
const names = Object.keys(metrics) as MetricName[];

beforeAll(async () => {
  const port = await freePort(new Set());
  url = `http://127.0.0.1:${port}/metrics`;
  recorded = startTelemetry({ metrics: { port, host: '127.0.0.1' }, tracing: false }, 'live-chat-api', quiet).metrics;
});
afterAll(() => Runtime.instance().shutdown());

const scrape = async () => parseExposition(await (await fetch(url)).text());
const of = (series: Series[], metric: string) => series.filter((one) => one.metric === metric);

/** Record something for each metric, whatever its kind and labels. */
function recordEach(target: Metrics): void {
  const loose = target as unknown as Record<'count' | 'set' | 'observe', (name: string, ...rest: unknown[]) => void>;
  for (const name of names) {
    const { kind, labels }: MetricDefinition = metrics[name];
    const given = Object.fromEntries(labels.map((label) => [label, 'x']));
    if (kind === 'counter') loose.count(name, given);
    else if (kind === 'gauge') loose.set(name, 1, given);
    else loose.observe(name, 0.2, given);
  }
}

describe('the metrics endpoint', () => {
  test('exports every metric under its name, of its kind, with its labels and buckets', async () => {
    recordEach(recorded);
    const { series, types } = await scrape();
    for (const name of names) {
      const definition: MetricDefinition = metrics[name];
      expect(types.get(exportedName(name)), name).toBe(definition.kind);
      const suffix = definition.kind === 'histogram' ? '_count' : '';
      const [one] = of(series, exportedName(name) + suffix).filter(({ labels }) =>
        Object.values(labels).every((value) => value === 'x'),
      );
      expect(Object.keys(one?.labels ?? {}).sort(), name).toEqual([...definition.labels].sort());
      if (definition.buckets) {
        const bounds = new Set(of(series, `${name}_bucket`).map(({ labels }) => labels['le']));
        expect([...bounds], name).toEqual([...definition.buckets.map(String), '+Inf']);
      }
    }
  });

  test('shows a counter that is expected as 0', async () => {
    recorded.expect('live_chat_frames_refused', { code: 'too_long' });
    const { series } = await scrape();
    const [one] = of(series, 'live_chat_frames_refused_total').filter(({ labels }) => labels['code'] === 'too_long');
    expect(one?.value).toBe(0);
  });

  test('takes a time below 0, which two clocks can make, for 0', async () => {
    recorded.observe('live_chat_relay_seconds', -3, { direction: 'to_zoom' });
    const { series } = await scrape();
    const [sum] = of(series, 'live_chat_relay_seconds_sum').filter(({ labels }) => labels['direction'] === 'to_zoom');
    expect(sum?.value).toBe(0);
  });

  test('says NaN for what is not known', async () => {
    recorded.set('live_chat_oldest_waiting_seconds', NaN);
    const { series } = await scrape();
    expect(of(series, 'live_chat_oldest_waiting_seconds')[0]?.value).toBeNaN();
  });

  test('reports the process itself', async () => {
    const { series } = await scrape();
    // Set before the other test wrote over it, and true to this process.
    expect(of(series, 'live_chat_process_start_time_seconds')).toHaveLength(1);
    expect(of(series, 'live_chat_process_resident_memory_bytes')).toHaveLength(1);
  });
});

test('a port that is taken ends the start with the variables to set', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await Runtime.instance().shutdown();
  const config = { metrics: { port, host: '127.0.0.1' }, tracing: false };
  expect(() => startTelemetry(config, 'live-chat-api', quiet)).toThrow(
    `No metrics can be served on 127.0.0.1:${port}: set METRICS_PORT and METRICS_HOST.`,
  );
  server.close();
});

test('without a port nothing is recorded, and nothing fails', () => {
  const { metrics: none } = startTelemetry(
    { metrics: { port: undefined, host: '127.0.0.1' }, tracing: false },
    'live-chat-api',
    quiet,
  );
  recordEach(none);
  recordEach(createMetrics(Runtime.instance().metricMeter));
});
