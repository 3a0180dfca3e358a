import { readdir, stat } from 'node:fs/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, test } from 'vitest';
import { traceHeader } from '../../domain/tracing.ts';
import * as workflows from '../../workflows/index.ts';
import { dataConverter, quietRuntime, workflowBundle } from './harness.ts';
import {
  historiesFolder,
  historyAsJson,
  historyOfJson,
  readHistory,
  storedHistories,
  type History,
} from './stored-history.ts';

/** The same run, as it would have been recorded from an api that sends traces. */
function traced(history: History): History {
  const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
  for (const { workflowExecutionSignaledEventAttributes: signaled } of history.events ?? []) {
    if (signaled) signaled.header = { fields: { [traceHeader]: defaultPayloadConverter.toPayload([traceparent]) } };
  }
  return history;
}

/** Runs are recorded by tools/scripts/record-histories.ts, which also says when to record new ones. */
const stored = await storedHistories();

let bundled: Awaited<ReturnType<typeof workflowBundle>>;
beforeAll(async () => {
  quietRuntime();
  bundled = await workflowBundle();
}, 60_000);

const replay = (history: History, workflowId: string) =>
  Worker.runReplayHistory({ workflowBundle: bundled, dataConverter }, history, workflowId);

describe('today’s workflow code continues the recorded runs', () => {
  test.each(stored)('$file: $proves', async ({ file, workflowId }) => {
    await replay(await readHistory(file), workflowId);
  });

  test.each(stored)('$file, had every signal carried a trace', async ({ file, workflowId }) => {
    await replay(traced(await readHistory(file)), workflowId);
  });

  test('of all workflow types', async () => {
    const histories = await Promise.all(stored.map(({ file }) => readHistory(file)));
    const types = histories.map(
      (history) => history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name,
    );
    expect(new Set(types)).toEqual(new Set(Object.keys(workflows)));
  });
});

describe('a run that today’s code would have gone through otherwise', () => {
  test.each([
    ['a chat', 'chat-ended-by-agent.v1.json', '"createChatChannel"', '"inviteAgent"'],
    ['an install', 'install-done.v1.json', '"provisionAccount"', '"recordOnboarded"'],
    ['a grant', 'grant.v1.json', '"askToReconnect"', '"forgetGrant"'],
  ])('is noticed: %s with another activity', async (_what, file, from, to) => {
    const json = JSON.stringify(historyAsJson(await readHistory(file)));
    expect(json).toContain(from);
    const history = historyOfJson(JSON.parse(json.replaceAll(from, to)));
    const workflowId = stored.find((one) => one.file === file)?.workflowId ?? '';
    await expect(replay(history, workflowId)).rejects.toThrow(DeterminismViolationError);
  });
});

describe('the stored files', () => {
  test('are all in the index, and small', async () => {
    const files = (await readdir(historiesFolder)).filter((file) => file !== 'index.json').sort();
    expect(files).toEqual(stored.map(({ file }) => file).sort());
    for (const file of files) {
      expect(file).toMatch(/^[a-z-]+\.v\d+\.json$/);
      expect((await stat(new URL(file, historiesFolder))).size, file).toBeLessThan(150_000);
    }
  });
});
