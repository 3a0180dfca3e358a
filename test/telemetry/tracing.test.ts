import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../../config/logger.ts';
import { readTraceparent, writeTraceparent } from '../../domain/tracing.ts';
import { currentTraceparent, inSpan, recordSpan, startTracing, type Tracing } from '../../telemetry/tracing.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';

const receiver = new OtlpReceiver();
let tracing: Tracing;

beforeAll(async () => {
  // What the OpenTelemetry SDK reads by itself.
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = await receiver.start();
  process.env['OTEL_EXPORTER_OTLP_HEADERS'] = 'x-key=of-the-collector';
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '10';
  process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'deployment.environment=test';
});
afterAll(() => receiver.stop());

const parent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
const other = `00-${'12'.repeat(16)}-${'34'.repeat(8)}-01`;
const named = async (name: string) => {
  await expect.poll(() => receiver.spans.map((span) => span.name)).toContain(name);
  const found = receiver.spans.findLast((span) => span.name === name);
  if (!found) throw new Error('unreachable');
  return found;
};

describe('a traceparent', () => {
  test('is read and written alike, and nothing else is read', () => {
    const read = readTraceparent(parent);
    expect(read && writeTraceparent(read)).toBe(parent);
    for (const bad of ['', 'x', `01-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`, `${parent}-more`])
      expect(readTraceparent(bad)).toBeUndefined();
  });
});

describe('without tracing', () => {
  test('work runs as it is, and there is no trace', async () => {
    expect(await inSpan('work', { causes: [parent] }, async () => 'done')).toBe('done');
    recordSpan({ name: 'past', began: 1, ended: 2 });
    expect(receiver.spans).toEqual([]);
  });
});

describe('with tracing', () => {
  beforeAll(() => {
    tracing = startTracing('live-chat-api');
  });
  afterAll(() => tracing.stop());
  beforeEach(() => receiver.spans.splice(0));

  test('spans reach the collector under the name of the service, with its headers', async () => {
    await inSpan('visitor message', { kind: 'server', attributes: { 'chat.id': 'chat-1' } }, async () => undefined);
    const span = await named('visitor message');
    expect(span).toMatchObject({ service: 'live-chat-api', attributes: { 'chat.id': 'chat-1' } });
    expect(receiver.headers['x-key']).toBe('of-the-collector');
    expect(receiver.text).toContain('deployment.environment');
  });

  test('a span inside another is its child, over awaits', async () => {
    await inSpan('outer', {}, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await inSpan('inner', {}, async () => undefined);
      recordSpan({ name: 'past', began: Date.now() - 5, ended: Date.now() });
    });
    const outer = await named('outer');
    expect((await named('inner')).parentSpanId).toBe(outer.spanId);
    expect((await named('past')).parentSpanId).toBe(outer.spanId);
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  test('a cause becomes the parent, the others links', async () => {
    await inSpan('activity', { causes: [parent, other, 'nonsense'] }, async () => undefined);
    const span = await named('activity');
    expect(span).toMatchObject({ traceId: 'ab'.repeat(16), parentSpanId: 'cd'.repeat(8) });
    expect(span.links.map(({ traceId }) => traceId)).toEqual(['12'.repeat(16)]);
  });

  test('a span can be given its id, and only that one gets it', async () => {
    recordSpan({ name: 'step', causes: [parent], spanId: 'ef'.repeat(8), began: 1, ended: 2 });
    recordSpan({ name: 'next step', causes: [parent], began: 1, ended: 2 });
    expect((await named('step')).spanId).toBe('ef'.repeat(8));
    expect((await named('next step')).spanId).not.toBe('ef'.repeat(8));
  });

  test('a failure is named by its type, never by its message', async () => {
    const failing = inSpan('failing', {}, () => Promise.reject(new TypeError('The visitor wrote: zebra')));
    await expect(failing).rejects.toThrow('zebra');
    expect((await named('failing')).status).toMatchObject({ message: 'TypeError' });
    expect(receiver.text).not.toContain('zebra');
  });

  test('a log line names the trace that it belongs to', async () => {
    const lines: string[] = [];
    const log = createLogger('api', 'info', { write: (line) => void lines.push(line) });
    log.info('outside');
    const traceparent = await inSpan('logged', {}, async () => {
      log.info('inside');
      return currentTraceparent();
    });
    const [outside, inside] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(outside).not.toHaveProperty('traceId');
    expect(inside).toMatchObject({ traceId: readTraceparent(traceparent ?? '')?.traceId });
  });
});
