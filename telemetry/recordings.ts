import type { TranscriptEntry } from '../domain/transcript.ts';
import type { Metrics } from './metrics.ts';
import { recordSpan } from './tracing.ts';

/** What is recorded where one line in the code that does the work says so. */

/**
 * Zoom has taken a post of what a visitor wrote.
 * @returns to be called with when the post was first to be made, ms. What was written before anybody joined waited for
 * a person.
 */
export function relayedToZoom(metrics: Metrics): (sinceMs: number) => void {
  return (sinceMs) => {
    metrics.observe('live_chat_relay_seconds', (Date.now() - sinceMs) / 1_000, { direction: 'to_zoom' });
  };
}

/**
 * What agents wrote is written to the visitor's socket; `entries` are those of a live delivery, not of a reconnect's
 * replay.
 */
export function pushedToVisitor(metrics: Metrics, chatId: string, entries: readonly TranscriptEntry[]): void {
  const messages = entries.filter(({ kind }) => kind === 'agentMessage');
  if (messages.length === 0) return;
  const now = Date.now();
  for (const { at } of messages) {
    metrics.observe('live_chat_relay_seconds', (now - at) / 1_000, { direction: 'to_visitor' });
  }
  const attributes = { 'chat.id': chatId, 'chat.messages': messages.length };
  recordSpan({ name: 'push to visitor', began: now, ended: now, attributes });
}

/** The activity that refreshes somebody's Zoom tokens, its outcomes counted; `failed` when it threw. */
export function measuredRefresh<Input, Outcome extends string>(
  metrics: Metrics,
  refresh: (input: Input) => Promise<Outcome>,
): (input: Input) => Promise<Outcome> {
  const outcomes = ['renewed', 'alreadyNewer', 'grantInvalid', 'failed'];
  for (const outcome of outcomes) metrics.expect('live_chat_token_refreshes', { outcome });
  return async (input) => {
    let outcome = 'failed';
    try {
      const answer = await refresh(input);
      outcome = answer;
      return answer;
    } finally {
      metrics.count('live_chat_token_refreshes', { outcome });
    }
  };
}
