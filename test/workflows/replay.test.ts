import { readdir, stat } from 'node:fs/promises';
import { DeterminismViolationError } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import * as workflows from '../../workflows/index.ts';
import { dataConverter, workflowBundle } from './harness.ts';
import {
  historiesFolder,
  historyAsJson,
  historyOfJson,
  readHistory,
  storedHistories,
  type History,
} from './stored-history.ts';

/** Runs are recorded by scripts/record-histories.ts, which also says when to record new ones. */
const stored = await storedHistories();

let bundled: Awaited<ReturnType<typeof workflowBundle>>;
beforeAll(async () => {
  bundled = await workflowBundle();
}, 60_000);

const replay = (history: History, workflowId: string) =>
  Worker.runReplayHistory({ workflowBundle: bundled, dataConverter }, history, workflowId);

describe('today’s workflow code continues runs of every released shape', () => {
  test.each(stored)('$file: $proves', async ({ file, workflowId }) => {
    await replay(await readHistory(file), workflowId);
  });

  test('of all workflow types', async () => {
    const histories = await Promise.all(stored.map(({ file }) => readHistory(file)));
    const types = histories.map(
      (history) => history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name,
    );
    expect(new Set(types)).toEqual(new Set(Object.keys(workflows)));
  });
});

describe('a run that today’s code would have led otherwise', () => {
  /** The history of a chat with what `alter` makes of its JSON text. */
  async function altered(alter: (json: string) => string): Promise<History> {
    const json = JSON.stringify(historyAsJson(await readHistory('chat-ended-by-agent.v1.json')));
    const other = alter(json);
    expect(other).not.toBe(json);
    return historyOfJson(JSON.parse(other));
  }

  test.each([
    ['another activity', (json: string) => json.replaceAll('"openChatChannel"', '"inviteAgent"')],
    ['a timer where there was none', (json: string) => withoutFirst(json, 'EVENT_TYPE_TIMER_STARTED')],
  ])('is noticed: %s', async (_what, alter) => {
    await expect(replay(await altered(alter), 'chat/altered')).rejects.toThrow(DeterminismViolationError);
  });

  test('is noticed: another workflow type', async () => {
    const history = await altered((json) => json.replaceAll('"chat"', '"installation"'));
    await expect(replay(history, 'chat/altered')).rejects.toThrow();
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

/** The history's JSON without the first event of a type, as if the code had not done it. */
function withoutFirst(json: string, eventType: string): string {
  const history = JSON.parse(json) as { events: { eventType: string }[] };
  const at = history.events.findIndex((event) => event.eventType === eventType);
  if (at !== -1) history.events[at] = { ...history.events[at], eventType: 'EVENT_TYPE_MARKER_RECORDED' };
  return JSON.stringify(history);
}
