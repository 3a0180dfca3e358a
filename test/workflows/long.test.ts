import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { limits } from '../../domain/limits.ts';
import { devServer } from './harness.ts';
import { runLongChat, type LongChat } from './long-chat.ts';

/** `npm run soak` does the same with 20,000. */
const messages = 3_000;
const continueAfterEvents = 600;

describe('a chat in which both sides write without a pause', () => {
  let env: TestWorkflowEnvironment;
  let long: LongChat;
  beforeAll(async () => {
    env = await devServer();
    long = await runLongChat(env, { messages, continueAfterEvents });
  }, 240_000);
  afterAll(() => env.teardown());

  test('has every message on the far side once and in order, and in the transcript without a gap', () => {
    expect(long.arrived.visitor).toEqual(long.written.visitor);
    expect(long.arrived.agent).toEqual(long.written.agent);
    const { recorded } = long.fake.seen;
    const spoken = recorded.filter(({ kind }) => kind === 'visitorMessage' || kind === 'agentMessage');
    expect(spoken).toHaveLength(messages);
    expect(recorded.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(recorded.map((_, n) => n + 1));
    expect(long.fake.seen.begun).toHaveLength(1);
  });

  test('is handed over from run to run soon after its history is long, though there is never a quiet moment', () => {
    expect(long.runs.length).toBeGreaterThan(3);
    for (const { events } of long.runs) expect(events).toBeLessThan(2 * continueAfterEvents);
  });

  test('recognises what comes again in a later run', () => {
    expect(long.repeatsAcrossRuns).toBeGreaterThan(0);
  });

  test('hands over a small memory: what it remembers of repeats is bounded, and nothing else grows', () => {
    for (const { handedOver } of long.runs.slice(0, -1)) {
      const { bytes = Infinity, state } = handedOver ?? {};
      expect(bytes).toBeLessThan(120_000);
      for (const ids of [state?.seenFromVisitor, state?.seenFromZoom, state?.outbox.ownPostIds])
        expect(ids?.length).toBeLessThanOrEqual(limits.rememberedIds);
      expect(state?.outbox.postTimes.length).toBeLessThanOrEqual(400);
    }
  });
});
