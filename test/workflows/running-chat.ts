import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { expect, vi } from 'vitest';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  getChatQuery,
  visitorSignal,
  zoomSignal,
  type ChatInput,
  type ChatSnapshot,
  type VisitorConnection,
} from '../../workflows/chat/messages.ts';
import type { chat } from '../../workflows/chat/workflow.ts';
import type { FakeChatActivities } from './fake-zoom-side.ts';
import { testWorker } from './harness.ts';

export const jill = { id: 'jill', name: 'Jill' };
export const sam = { id: 'sam', name: 'Sam' };
export const connection: VisitorConnection = { connectionId: 'c1', instanceId: 'api-1', url: 'http://api.example' };

/** Wait for what is seen from outside. */
export const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

/** A chat under test, in the words of its two sides. */
export interface RunningChat {
  handle: WorkflowHandle<typeof chat>;
  chatId: string;
  say(text: string, clientId?: string): Promise<void>;
  agentSays(text: string, messageId?: string, userId?: string): Promise<void>;
  join(user: { id: string; name: string }): Promise<void>;
  /** Join, and wait until the agent is in and everything of the visitor's is posted. */
  joined(user: { id: string; name: string }): Promise<void>;
  visitorEnds(): Promise<void>;
  snapshot(): Promise<ChatSnapshot>;
}

/** Run a chat that begins with “Hello”; one that is still open at the end of the story is ended. */
export async function runningChat(
  env: TestWorkflowEnvironment,
  fake: FakeChatActivities,
  story: (chat: RunningChat) => Promise<void>,
  input: Partial<ChatInput> = {},
): Promise<void> {
  const taskQueue = `chat-test-${randomUUID()}`;
  const worker = await testWorker(env, fake.activities, taskQueue);
  const chatId = randomUUID().slice(0, 12);
  const workflowId = workflowIds.chat({ chatId });
  const timings = { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0 };
  const whole = {
    chatId,
    accountId: 'account-1',
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe' },
    timings,
    ...input,
  };
  await worker.runUntil(async () => {
    await env.client.workflow.start<typeof chat>('chat', { workflowId, taskQueue, args: [whole] });
    // Not of one run: a chat continues as new.
    const handle = env.client.workflow.getHandle<typeof chat>(workflowId);
    let ids = 0;
    const nextId = (): string => `id-${(ids += 1)}`;
    const running: RunningChat = {
      handle,
      chatId,
      say: (text, clientId = nextId()) => handle.signal(visitorSignal, { kind: 'message', clientId, text, at: 1 }),
      agentSays: (text, messageId = nextId(), userId = 'jill') =>
        handle.signal(zoomSignal, { kind: 'message', messageId, userId, text, at: 2 }),
      join: (user) => handle.signal(zoomSignal, { kind: 'joinPressed', user }),
      async joined(user) {
        await running.join(user);
        await eventually(async () => {
          const { agents, waitingForZoom } = await running.snapshot();
          expect(agents).toContainEqual(expect.objectContaining({ id: user.id }));
          expect(waitingForZoom).toBe(0);
        });
      },
      visitorEnds: () => handle.signal(visitorSignal, { kind: 'ended' }),
      snapshot: () => handle.query(getChatQuery),
    };
    await running.say('Hello', 'client-0');
    await story(running);
    const { status } = await handle.describe();
    if (status.name === 'RUNNING') {
      await running.visitorEnds();
      await handle.result();
    }
  });
}

/** What an operator reads when an Update is refused or fails. */
export async function refusal(update: Promise<unknown>): Promise<string> {
  const error: unknown = await update.then(
    () => new Error('It was not refused.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw error as Error;
  return error.cause?.message ?? '';
}

/** What Temporal UI shows as the workflow's current details. */
export async function currentDetails(handle: WorkflowHandle): Promise<string> {
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}
