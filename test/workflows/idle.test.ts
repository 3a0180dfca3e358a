import proto from '@temporalio/proto';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { visitorSignal } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { timeSkipping } from './harness.ts';
import { connection, eventually, jill, runningChat, type RunningChat } from './running-chat.ts';

const { EventType } = proto.temporal.api.enums.v1;

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
}, 120_000);
afterAll(() => env.teardown());

/** What a chat has cost so far: activities by name, and events by type. */
interface Cost {
  activities: Record<string, number>;
  events: Record<string, number>;
}

const counted = (names: readonly string[]): Record<string, number> =>
  names.reduce<Record<string, number>>((counts, name) => ({ ...counts, [name]: (counts[name] ?? 0) + 1 }), {});

async function costOf(handle: WorkflowHandle): Promise<Cost> {
  const { events } = await handle.fetchHistory();
  const scheduled = (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes?.activityType?.name ?? [],
  );
  const types = (events ?? []).map(({ eventType }) => String(EventType[eventType ?? 0]).replace('EVENT_TYPE_', ''));
  return { activities: counted(scheduled), events: counted(types) };
}

/** What was added, without what was not. */
const added = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(after)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count !== 0),
  );

/** What a day adds in which nobody does anything. */
async function aDay({ handle }: RunningChat): Promise<Cost> {
  const before = await costOf(handle);
  await env.sleep('1 day');
  const after = await costOf(handle);
  return { activities: added(before.activities, after.activities), events: added(before.events, after.events) };
}

/** Nothing is under way any more, in this state. */
async function settled({ handle, snapshot }: RunningChat, status: string): Promise<void> {
  let last = -1;
  await eventually(async () => {
    expect(await snapshot()).toMatchObject({ status });
    const { historyLength, raw } = await handle.describe();
    const before = last;
    last = historyLength;
    expect(raw.pendingActivities ?? []).toEqual([]);
    expect(raw.pendingWorkflowTask ?? undefined).toBeUndefined();
    expect(historyLength).toBe(before);
  });
}

/** Three days of silence end such a chat. */
const patient = { timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 3 * 86_400_000, reopenMs: 0 } };

/**
 * A timer runs out, the channel is read, the next timer is set; each step is a workflow task. Before that the timer
 * runs out that would have said that the agent's joining is slow.
 */
const threeLooks = {
  TIMER_FIRED: 4,
  TIMER_STARTED: 4,
  ACTIVITY_TASK_SCHEDULED: 3,
  ACTIVITY_TASK_STARTED: 3,
  ACTIVITY_TASK_COMPLETED: 3,
  WORKFLOW_TASK_SCHEDULED: 7,
  WORKFLOW_TASK_STARTED: 7,
  WORKFLOW_TASK_COMPLETED: 7,
};

describe('a day in which nobody says anything', { retry: 2 }, () => {
  test.each([
    ['an open chat', false],
    ['one whose visitor has the page open', true],
  ])('costs %s three looks at its channel, and no write', async (_what, isConnected) => {
    await runningChat(
      env,
      fakeChatActivities(),
      async (chat) => {
        if (isConnected) await chat.handle.signal(visitorSignal, { kind: 'connected', connection });
        await chat.joined(jill);
        await settled(chat, 'active');
        expect(await aDay(chat)).toEqual({ activities: { readChannel: 3 }, events: threeLooks });
        expect(await aDay(chat), 'the second day').toEqual({ activities: {}, events: {} });
      },
      patient,
    );
  });

  test('costs one that nobody joins the news of it, on the card and in the record, and then nothing', async () => {
    await runningChat(
      env,
      fakeChatActivities(),
      async (chat) => {
        await settled(chat, 'waiting');
        const { activities } = await aDay(chat);
        expect(activities).toEqual({ publish: 1, updateInboundCard: 1 });
        await settled(chat, 'missed');
        expect(await aDay(chat), 'the second day').toEqual({ activities: {}, events: {} });
      },
      patient,
    );
  });
});
