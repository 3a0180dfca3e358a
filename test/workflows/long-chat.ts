import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { EncryptionCodec } from '../../codec/payload-codec.ts';
import { taskQueues, workflowIds } from '../../domain/workflow-ids.ts';
import {
  getChatQuery,
  visitorSignal,
  zoomSignal,
  type ChatInput,
  type ChatSnapshot,
  type VisitorEvent,
  type ZoomEvent,
} from '../../workflows/chat/messages.ts';
import type { ChatState } from '../../workflows/chat/parts.ts';
import { testPayloadKeys } from '../support/payload-keys.ts';
import { fakeChatActivities } from './fake-zoom-side.ts';
import { testWorker } from './harness.ts';
import type { History } from './stored-history.ts';

/** A code of gRPC. */
const failedPrecondition = '9';
const { EventType } = proto.temporal.api.enums.v1;

export interface LongChatOptions {
  /** Messages of both sides together. */
  messages: number;
  /** See `ChatInput`; undefined for Temporal's own suggestion. */
  continueAfterEvents?: number;
  /** Called now and then with how far it is. */
  report?: (line: string) => void;
}

/** What became of one long chat. */
export interface LongChat {
  fake: ReturnType<typeof fakeChatActivities>;
  /** What the sides wrote, in order, once each. */
  written: { visitor: string[]; agent: string[] };
  /** The same as it arrived: in the chat channel, and in the transcript. */
  arrived: { visitor: string[]; agent: string[] };
  runs: LongRun[];
  /** Client ids that came again in another run than the one that had them first. */
  repeatsAcrossRuns: number;
  /** From the first message to the last one's arrival, s. */
  seconds: number;
}

/** One run of the chat, from its history. */
export interface LongRun {
  events: number;
  failedTasks: number;
  /** The memory that it handed over; absent for the last one. */
  handedOver?: { bytes: number; state: ChatState };
}

/** Few, for the same reason: what an agent writes comes in at any pace. */
const visitorsShare = 0.1;
/** As many as the visitor writes at once, and as many of the agent's as are under way: it never gets quiet. */
const burst = 30;
const agentsUnderWay = 40;
/** How long Zoom takes for a post, ms. */
const zoomTakesMs = 20;

/** Every so many messages one is sent again, as by a widget or a webhook that has had no answer. */
const repeatEvery = 25;
/** And it is the one this far back. */
const repeated = 20;

/**
 * A chat in which both sides write without a pause, as fast as it takes them, while its runs change. Some messages
 * are sent again, some of those in a later run.
 *
 * Not faster: Temporal fails a task during which more than 100 signals come in, over and over as long as they do.
 */
export async function runLongChat(env: TestWorkflowEnvironment, options: LongChatOptions): Promise<LongChat> {
  const { messages, continueAfterEvents, report } = options;
  const fake = fakeChatActivities();
  const chatId = randomUUID().slice(0, 12);
  const workflowId = workflowIds.chat({ chatId });
  const input: ChatInput = {
    chatId,
    accountId: 'account-1',
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe' },
    timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0 },
    ...(continueAfterEvents === undefined ? {} : { continueAfterEvents }),
  };
  const handle = env.client.workflow.getHandle(workflowId);
  const fromVisitor = Math.floor(messages * visitorsShare);
  // Short words, so that many lines go out in one post: a channel takes 0.4 posts a second in the long run.
  const visitor = Array.from({ length: fromVisitor }, (_, n) => `v${n}`);
  const agent = Array.from({ length: messages - fromVisitor }, (_, n) => `a${n}`);

  const visitorSends = (text: string) => taken(() => handle.signal(visitorSignal, visitorEvent(text)));
  const agentSends = (text: string) => taken(() => handle.signal(zoomSignal, zoomEvent(text)));

  const { postToChannel } = fake.activities;
  fake.activities.postToChannel = async (input) => {
    await pause(zoomTakesMs);
    return postToChannel(input);
  };
  const worker = await testWorker(env, fake.activities, taskQueues.main);
  return worker.runUntil(async () => {
    const begun = performance.now();
    await env.client.workflow.start('chat', { workflowId, taskQueue: taskQueues.main, args: [input] });
    await visitorSends(visitor[0] ?? '');
    await handle.signal(zoomSignal, { kind: 'joinPressed', user: { id: 'jill', name: 'Jill' } });
    await until(handle, (chat) => chat.status === 'active');
    const agentsArrived = countOf(fake.seen.recorded, ({ kind }) => kind === 'agentMessage');
    let agents = 0;
    await Promise.all([
      speak(agent, { from: 0, to: agent.length }, agentSends, async (n) => {
        agents = n;
        while (n - agentsArrived() > agentsUnderWay) await pause(2);
      }),
      bursts(visitor, visitorSends, () => agents / agent.length),
    ]);
    report?.(`all sent after ${seconds(begun)} s`);
    await arrival(handle, messages, report);
    const took = seconds(begun);
    await handle.signal(visitorSignal, { kind: 'ended' });
    await handle.result();
    const histories = await historiesOf(env, workflowId, await firstRunOf(handle));
    return {
      fake,
      written: { visitor, agent },
      arrived: {
        visitor: fake.visitorLines(),
        agent: fake.seen.recorded.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : [])),
      },
      runs: await Promise.all(histories.map(runOf)),
      repeatsAcrossRuns: await repeatsAcross(histories),
      seconds: took,
    };
  });
}

const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;

/** Sent until Temporal has it, as the widget does and Zoom with a webhook that was not answered with 200. */
async function taken(send: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await send();
      return;
    } catch (error) {
      // Between two runs Temporal holds signals off for a moment.
      if (!isGrpcServiceError(error) && !isGrpcServiceError((error as Error).cause)) throw error;
    }
  }
}

/** As long as the ids of widgets and of Zoom. */
const idOf = (text: string): string => text.padStart(36, '0');

const visitorEvent = (text: string): Extract<VisitorEvent, { kind: 'message' }> => ({
  kind: 'message',
  clientId: idOf(text),
  text,
  at: Date.now(),
});

const zoomEvent = (text: string): ZoomEvent => ({
  kind: 'message',
  messageId: idOf(text),
  userId: 'jill',
  text,
  at: Date.now(),
});

/** One after the other, since that is the order which has to arrive; now and then an earlier one again. */
async function speak(
  texts: readonly string[],
  { from, to }: { from: number; to: number },
  send: (text: string) => Promise<void>,
  before?: (n: number) => Promise<void>,
): Promise<void> {
  for (let n = from; n < to; n += 1) {
    await before?.(n);
    await send(texts[n] ?? '');
    const again = n % repeatEvery === 0 ? texts[n - repeated] : undefined;
    if (again !== undefined) await send(again);
  }
}

/** All but the first of the visitor's, in bursts that are spread over what the agent says. */
async function bursts(
  texts: readonly string[],
  send: (text: string) => Promise<void>,
  agentsShare: () => number,
): Promise<void> {
  for (let from = 1; from < texts.length; from += burst) {
    while (agentsShare() < (from - 1) / texts.length) await pause(5);
    await speak(texts, { from, to: Math.min(from + burst, texts.length) }, send);
  }
}

/** How many items of a growing list are so; each is looked at once. */
function countOf<T>(list: readonly T[], so: (item: T) => boolean): () => number {
  let [looked, count] = [0, 0];
  return () => {
    for (const item of list.slice(looked)) if (so(item)) count += 1;
    looked = list.length;
    return count;
  };
}

/** Until everything is relayed and recorded. */
async function arrival(handle: WorkflowHandle, messages: number, report?: (line: string) => void): Promise<void> {
  let last = 0;
  for (let still = 0; ;) {
    const { lastSeq, publishedSeq, waitingForZoom } = await asked(handle);
    // Both sides' messages, and the agent's joining.
    if (lastSeq > messages && publishedSeq === lastSeq && waitingForZoom === 0) return;
    still = last === publishedSeq - waitingForZoom ? still + 1 : 0;
    last = publishedSeq - waitingForZoom;
    // Zoom's limits on one channel can hold a post back for 100 s.
    if (still > 1_200) throw new Error(`Nothing moves: ${JSON.stringify({ lastSeq, publishedSeq, waitingForZoom })}`);
    if (still % 100 === 99) report?.(`${waitingForZoom} lines wait for the pace that a channel allows`);
    await pause(100);
  }
}

async function until(handle: WorkflowHandle, check: (chat: ChatSnapshot) => boolean): Promise<void> {
  while (!check(await asked(handle))) await pause(25);
}

/** Where the chat stands. A task that begins again between runs answers no queries for a moment. */
async function asked(handle: WorkflowHandle): Promise<ChatSnapshot> {
  for (;;) {
    try {
      return await handle.query(getChatQuery);
    } catch (error) {
      const { cause } = error as Error;
      if (!isGrpcServiceError(cause) || `${cause.code}` !== failedPrecondition) throw error;
      await pause(25);
    }
  }
}

async function firstRunOf(handle: WorkflowHandle): Promise<string> {
  const { raw } = await handle.describe();
  return raw.workflowExecutionInfo?.firstRunId ?? '';
}

async function historiesOf(env: TestWorkflowEnvironment, workflowId: string, firstRunId: string): Promise<History[]> {
  const histories: History[] = [];
  for (let runId: string | undefined = firstRunId; runId !== undefined;) {
    const history: History = await env.client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(history);
    runId = continued(history)?.newExecutionRunId ?? undefined;
  }
  return histories;
}

const continued = (history: History) =>
  history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes ?? undefined;

async function runOf(history: History): Promise<LongRun> {
  const events = history.events ?? [];
  const failedTasks = events.filter((event) => event.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED).length;
  const payloads = continued(history)?.input?.payloads;
  if (!payloads) return { events: events.length, failedTasks };
  const bytes = payloads.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  const [, state] = (await decoded(payloads)) as [ChatInput, ChatState];
  return { events: events.length, failedTasks, handedOver: { bytes, state } };
}

async function repeatsAcross(histories: readonly History[]): Promise<number> {
  const firstIn = new Map<string, number>();
  let across = 0;
  for (const [run, history] of histories.entries()) {
    for (const event of history.events ?? []) {
      const signal = event.workflowExecutionSignaledEventAttributes;
      if (signal?.signalName !== 'visitor') continue;
      const [said] = (await decoded(signal.input?.payloads ?? [])) as [VisitorEvent];
      if (said.kind !== 'message') continue;
      const first = firstIn.get(said.clientId);
      if (first === undefined) firstIn.set(said.clientId, run);
      else if (first !== run) across += 1;
    }
  }
  return across;
}

type Payloads = proto.temporal.api.common.v1.IPayload[];

async function decoded(payloads: Payloads): Promise<unknown[]> {
  const opened = await new EncryptionCodec(testPayloadKeys).decode(payloads);
  return opened.map(({ data }): unknown => JSON.parse(Buffer.from(data ?? []).toString('utf8')));
}
