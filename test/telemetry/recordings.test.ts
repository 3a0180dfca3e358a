import { describe, expect, test } from 'vitest';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import { measuredRefresh, pushedToVisitor, relayedToZoom } from '../../telemetry/recordings.ts';
import { observeZoomCalls } from '../../telemetry/zoom-calls.ts';
import { RecordedMetrics } from '../support/recorded-metrics.ts';

const said = (seq: number, agoMs: number): TranscriptEntry => ({
  seq,
  at: Date.now() - agoMs,
  kind: 'visitorMessage',
  clientId: `client-${seq}`,
  text: 'words',
});
const answered = (seq: number, agoMs: number): TranscriptEntry => ({
  seq,
  at: Date.now() - agoMs,
  kind: 'agentMessage',
  messageId: `m-${seq}`,
  agent: { id: 'jill', name: 'Jill' },
  text: 'words',
});

describe('relay times', () => {
  test('are those of posts of what a visitor wrote, from when they were first to be made', () => {
    const metrics = new RecordedMetrics();
    const relayed = relayedToZoom(metrics);
    for (const agoMs of [3_000, 1_000]) relayed(Date.now() - agoMs);
    const times = metrics.observed.get('live_chat_relay_seconds{direction="to_zoom"}') ?? [];
    expect(times.map(Math.round)).toEqual([3, 1]);
    expect(metrics.observed.size).toBe(1);
  });

  test('are those of the agents’ messages, the other way', () => {
    const metrics = new RecordedMetrics();
    pushedToVisitor(metrics, 'chat-1', [said(1, 3_000), answered(2, 2_000)]);
    const times = metrics.observed.get('live_chat_relay_seconds{direction="to_visitor"}') ?? [];
    expect(times.map(Math.round)).toEqual([2]);
  });
});

describe('calls to Zoom', () => {
  test('are counted and timed by operation, failures by kind; kinds that have not happened show as 0', () => {
    const metrics = new RecordedMetrics();
    const onCall = observeZoomCalls(metrics, ['rateLimited', 'timeout']);
    onCall({ operation: 'bot.post', status: 201, durationMs: 120 });
    onCall({ operation: 'bot.post', status: 429, durationMs: 20, error: { kind: 'rateLimited' } });
    expect(Object.fromEntries(metrics.counts)).toEqual({
      'live_chat_zoom_errors{kind="rateLimited"}': 1,
      'live_chat_zoom_errors{kind="timeout"}': 0,
      'live_chat_zoom_calls{operation="bot.post",outcome="ok"}': 1,
      'live_chat_zoom_calls{operation="bot.post",outcome="error"}': 1,
    });
    expect(metrics.observed.get('live_chat_zoom_call_seconds{operation="bot.post"}')).toEqual([0.12, 0.02]);
  });
});

describe('a refresh of tokens', () => {
  test('is counted by its outcome, and goes on as it went', async () => {
    const metrics = new RecordedMetrics();
    const refresh = measuredRefresh(metrics, async (outcome: string) => {
      if (outcome === 'throws') throw new Error('no answer');
      return outcome;
    });
    expect(await refresh('renewed')).toBe('renewed');
    expect(await refresh('grantInvalid')).toBe('grantInvalid');
    await expect(refresh('throws')).rejects.toThrow('no answer');
    expect(metrics.counted).toEqual({
      'live_chat_token_refreshes{outcome="renewed"}': 1,
      'live_chat_token_refreshes{outcome="grantInvalid"}': 1,
      'live_chat_token_refreshes{outcome="failed"}': 1,
    });
  });
});
