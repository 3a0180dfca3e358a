import { randomBytes, randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Worker, type InjectedSinks } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readTraceparent, traceHeader, type WorkflowStep } from '../../domain/tracing.ts';
import type { TracingSinks } from '../../telemetry/temporal.ts';
import { visitorSignal, zoomSignal, type VisitorEvent, type ZoomSignal } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { dataConverter, devServer, testWorker, workflowBundle, workflowsPath } from './harness.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  // The time-skipping server drops the headers of signal-with-start.
  env = await devServer();
}, 120_000);
afterAll(() => env.teardown());

/** A trace as a client would begin it. */
const newTrace = () => `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
const traceIds = (causes: readonly string[]) => causes.map((cause) => readTraceparent(cause)?.traceId);

/** A chat whose signals carry the traces that they are given, and what reaches activities and the tracing sink. */
async function traced(
  story: (chat: {
    visitor: (text: string, trace?: string) => Promise<void>;
    zoom: (event: ZoomSignal, trace?: string) => Promise<void>;
    activities: () => { activityType: string; causes: string[] }[];
    steps: WorkflowStep[];
    fake: ReturnType<typeof fakeChatActivities>;
  }) => Promise<void>,
  fake = fakeChatActivities(),
) {
  const [taskQueue, chatId] = [`tracing-test-${randomUUID()}`, randomUUID().slice(0, 12)];
  const workflowId = `chat/${chatId}`;
  const steps: WorkflowStep[] = [];
  const ran: { activityType: string; causes: string[] }[] = [];
  const sinks: InjectedSinks<TracingSinks> = {
    tracing: { step: { fn: (_info, step) => void steps.push(step), callDuringReplay: false } },
  };
  const worker = await testWorker(env, fake.activities, taskQueue, {
    sinks,
    interceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            execute(input, next) {
              ran.push({ activityType: info.activityType, causes: causesIn(input.headers) });
              return next(input);
            },
          },
        }),
      ],
    },
  });

  let trace: string | undefined;
  const withTrace = (headers: Headers): Headers =>
    trace === undefined ? headers : { ...headers, [traceHeader]: defaultPayloadConverter.toPayload([trace]) };
  const client = new Client({
    connection: env.connection,
    dataConverter,
    interceptors: {
      workflow: [
        {
          signal: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
          signalWithStart: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
        },
      ],
    },
  });
  let ids = 0;
  await worker.runUntil(() =>
    story({
      fake,
      steps,
      activities: () => ran,
      async visitor(text, of) {
        trace = of;
        ids += 1;
        await client.workflow.signalWithStart<(input: object) => Promise<void>, [VisitorEvent]>('chat', {
          workflowId,
          taskQueue,
          args: [
            {
              chatId,
              accountId: 'account-1',
              widgetId: 'widget-1',
              visitor: { name: 'Jane Doe' },
              timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0 },
            },
          ],
          signal: visitorSignal,
          signalArgs: [{ kind: 'message', clientId: `client-${ids}`, text, at: 1 }],
        });
      },
      async zoom(event, of) {
        trace = of;
        await client.workflow.getHandle(workflowId).signal(zoomSignal, event);
      },
    }),
  );
  return { history: await client.workflow.getHandle(workflowId).fetchHistory(), workflowId };
}

function causesIn(headers: Headers): string[] {
  const payload = headers[traceHeader];
  return payload ? defaultPayloadConverter.fromPayload<string[]>(payload) : [];
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 25 });
const jill = { id: 'jill', name: 'Jill' };

describe('a message’s trace', () => {
  test('goes on in the activities that follow on it, and only there', async () => {
    const [first, join, second, answer] = [newTrace(), newTrace(), newTrace(), newTrace()];
    await traced(async ({ visitor, zoom, activities, steps, fake }) => {
      await visitor('Hello', first);
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      await zoom({ kind: 'joinPressed', user: jill }, join);
      await eventually(() => expect(fake.posts().at(-1)).toContain('Hello'));
      await visitor('Second', second);
      await eventually(() => expect(fake.posts().at(-1)).toContain('Second'));
      await zoom({ kind: 'message', messageId: 'm-1', userId: 'jill', text: 'An answer', at: 2 }, answer);
      await eventually(() => expect(fake.seen.recorded.map(({ kind }) => kind)).toContain('agentMessage'));

      const led = (to: string) =>
        activities().flatMap(({ activityType, causes }) => (activityType === to ? [traceIds(causes)] : []));
      expect(led('postInboundCard')).toEqual([traceIds([first])]);
      expect(led('createChatChannel')).toEqual([traceIds([join])]);
      expect(led('postToChannel').at(-1)).toEqual(traceIds([second]));
      expect(led('publish').at(-1)).toEqual(traceIds([answer]));

      // The activity is a child of the workflow's step, which is a child of the signal.
      const relay = activities().findLast(({ activityType }) => activityType === 'postToChannel');
      const step = steps.findLast(({ activityType }) => activityType === 'postToChannel');
      expect(step?.causes).toEqual([second]);
      expect(step?.spanId).toBe(readTraceparent(relay?.causes[0] ?? '')?.spanId);
      expect(new Set(steps.map(({ spanId }) => spanId)).size).toBe(steps.length);
    });
  });

  test('is named beside the others where several messages go out in one post', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const posted: string[] = [];
    const fake = fakeChatActivities({
      async postToChannel({ post, as }) {
        posted.push(post.kind);
        if (post.kind === 'greeting') await gate;
        return { messageId: `post-${posted.length}`, as, outcomes: [] };
      },
    });
    const [first, second, third] = [newTrace(), newTrace(), newTrace()];
    await traced(async ({ visitor, zoom, activities }) => {
      await visitor('Hello');
      await zoom({ kind: 'joinPressed', user: jill }, newTrace());
      await eventually(() => expect(posted).toEqual(['greeting']));
      for (const [text, trace] of [
        ['One', first],
        ['Two', second],
        ['Three', third],
      ] as const)
        await visitor(text, trace);
      release();
      await eventually(() => expect(posted).toEqual(['greeting', 'visitorLines']));
      const relay = activities().findLast(({ activityType }) => activityType === 'postToChannel');
      expect(traceIds(relay?.causes ?? [])).toEqual(traceIds([third, second, first]));
    }, fake);
  });

  test('is nowhere when the signal carried none, or none that can be read', async () => {
    await traced(async ({ visitor, zoom, activities, steps, fake }) => {
      await visitor('Hello');
      await eventually(() => expect(fake.seen.cards).toHaveLength(1));
      await zoom({ kind: 'joinPressed', user: jill }, 'not a traceparent');
      await eventually(() => expect(fake.posts().at(-1)).toContain('Hello'));
      expect(activities().flatMap(({ causes }) => causes)).toEqual([]);
      expect(steps).toEqual([]);
    });
  });

  test('changes nothing that a replay would notice, with the interceptors or without', async () => {
    const { history, workflowId } = await traced(async ({ visitor, zoom, fake }) => {
      await visitor('Hello', newTrace());
      await zoom({ kind: 'joinPressed', user: jill }, newTrace());
      await eventually(() => expect(fake.posts().at(-1)).toContain('Hello'));
    });
    const plain = await bundleWorkflowCode({
      workflowsPath,
      failureConverterPath: dataConverter.failureConverterPath ?? '',
      logger: new DefaultLogger('WARN'),
    });
    for (const bundle of [plain, await workflowBundle()]) {
      await Worker.runReplayHistory({ workflowBundle: bundle, dataConverter }, history, workflowId);
    }
  }, 60_000);
});
