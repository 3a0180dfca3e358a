import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import proto from '@temporalio/proto';
import type { InstallProgress } from '../domain/dashboard.ts';
import { searchAttributes } from '../domain/search-attributes.ts';
import { limits } from '../domain/limits.ts';
import { taskQueues, workflowIds, workflowTaskTimeout } from '../domain/workflow-ids.ts';
import {
  visitorSignal,
  zoomSignal,
  type ChatInput,
  type VisitorEvent,
  type ZoomSignal,
} from '../workflows/chat/messages.ts';
import {
  getInstallProgressQuery,
  onboardingDoneSignal,
  retryAskedSignal,
  type InstallInput,
} from '../workflows/install/messages.ts';
import { deauthorizedSignal, grantedSignal, type GrantInput } from '../workflows/grant/messages.ts';

/** Temporal did not take a call: it is away, too slow, or (for queries) has no worker. Trying again later can help. */
export class TemporalUnavailableError extends Error {
  override name = 'TemporalUnavailableError';
}

/** `taken`: Temporal has it on disk. `ended`: the workflow is over, or there never was one. */
export type SignalOutcome = 'taken' | 'ended';

/** The last run of a workflow: `none` when Temporal knows none (never started, or past its retention). */
export type RunState = 'none' | 'running' | 'completed' | 'failed';

/** A Zoom user as far as a start of his workflows shows him to operators (in encrypted text). */
export interface GrantHolder {
  zoomUserId: string;
  accountId: string;
  name: string;
  email: string;
}

/** When a worker last asked the main queue for work, ms since 1970, by kind of work; absent if none did. */
export interface WorkerActivity {
  workflowTasksAt?: number;
  activityTasksAt?: number;
}

/** Most time that Temporal gets for one call, ms. Zoom waits 3 s for the answer to a webhook. */
const callTimeoutMs = 2_500;
/** Queries and the like wait for a worker, ms. */
const workerTimeoutMs = 5_000;
/** Temporal's limit on fairness keys, bytes. */
const fairnessKeyBytes = 64;

/**
 * Everything the api says to Temporal, in the product's words. Workflows are started by name, so that no workflow code is
 * loaded here. Every function throws {@link TemporalUnavailableError} when Temporal did not take the call; a message may
 * have arrived all the same, and the workflows recognise repeats.
 */
export function createTemporalGateway(client: Client) {
  const workflow = client.workflow;
  const chat = (chatId: string) => workflow.getHandle(workflowIds.chat({ chatId }));
  const install = (zoomUserId: string) => workflow.getHandle(workflowIds.install({ zoomUserId }));

  async function within<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    try {
      // Between its own retries the client sleeps past a deadline; the timer does not. What it leaves behind sends no more.
      return await beforeTime(timeoutMs, client.withDeadline(Date.now() + timeoutMs, call));
    } catch (cause) {
      if (cause instanceof WorkflowNotFoundError || cause instanceof WorkflowExecutionAlreadyStartedError) throw cause;
      throw new TemporalUnavailableError('Temporal did not take the call.', { cause });
    }
  }

  async function outcome(call: () => Promise<unknown>): Promise<SignalOutcome> {
    try {
      await within(callTimeoutMs, call);
      return 'taken';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError)
        return 'ended';
      throw error;
    }
  }

  const common = (accountId: string, status: string) => ({
    taskQueue: taskQueues.main,
    typedSearchAttributes: [
      { key: searchAttributes.account, value: accountId },
      { key: searchAttributes.status, value: status },
    ],
    priority: { fairnessKey: cutToBytes(accountId, fairnessKeyBytes) },
  });

  const installation = (input: GrantInput, status: string, staticSummary: string) => ({
    ...common(input.accountId, status),
    workflowId: workflowIds.grant(input),
    args: [{ ...input, continueAfterEvents: limits.eventsPerRun }] satisfies [GrantInput],
    workflowTaskTimeout,
    staticSummary,
  });

  return {
    /**
     * A visitor's message: starts the chat if it is new. `ended` if the chat is over; it is never started a second time.
     * @param begun whether Temporal is known to have this chat.
     */
    visitorMessage(
      input: ChatInput,
      event: Extract<VisitorEvent, { kind: 'message' }>,
      begun = false,
    ): Promise<SignalOutcome> {
      // What is known to run needs no start beside the signal.
      if (begun) return outcome(() => chat(input.chatId).signal(visitorSignal, event));
      return outcome(() =>
        workflow.signalWithStart<(input: ChatInput) => Promise<void>, [VisitorEvent]>('chat', {
          ...common(input.accountId, 'waiting'),
          workflowId: workflowIds.chat(input),
          args: [input],
          workflowTaskTimeout,
          signal: visitorSignal,
          signalArgs: [event],
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          staticSummary: `Chat with ${input.visitor.name}`,
        }),
      );
    },

    /** Anything else a visitor did in a chat that exists. */
    signalVisitor(chatId: string, event: VisitorEvent): Promise<SignalOutcome> {
      return outcome(() => chat(chatId).signal(visitorSignal, event));
    },

    /** What happened in Zoom to a chat that exists. */
    signalZoom(chatId: string, event: ZoomSignal): Promise<SignalOutcome> {
      return outcome(() => chat(chatId).signal(zoomSignal, event));
    },

    /** Start the install flow; one that is running goes on, and one whose step has failed tries it again. */
    async startInstall(person: GrantHolder): Promise<void> {
      const { zoomUserId, accountId, name, email } = person;
      await within(callTimeoutMs, () =>
        workflow.signalWithStart<(input: InstallInput) => Promise<void>>('install', {
          ...common(accountId, 'running'),
          workflowId: workflowIds.install(person),
          args: [{ zoomUserId, accountId }],
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
          signal: retryAskedSignal,
          signalArgs: [],
          staticSummary: `Install: ${name} (${email})`,
        }),
      );
    },

    /** How the last install run of this user stands. Needs no worker. */
    async installRun(zoomUserId: string): Promise<RunState> {
      try {
        const { status } = await within(callTimeoutMs, () => install(zoomUserId).describe());
        if (status.name === 'RUNNING') return 'running';
        return status.name === 'COMPLETED' ? 'completed' : 'failed';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'none';
        throw error;
      }
    },

    /** The steps of the last install run, asked of the workflow itself; null when there is none. Needs a worker. */
    async installProgress(zoomUserId: string): Promise<InstallProgress | null> {
      try {
        return await within(workerTimeoutMs, () => install(zoomUserId).query(getInstallProgressQuery));
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },

    /** "I'm Done" was pressed. */
    onboardingDone(zoomUserId: string): Promise<SignalOutcome> {
      return outcome(() => install(zoomUserId).signal(onboardingDoneSignal));
    },

    /** A new grant of this user is stored. */
    async granted(person: GrantHolder): Promise<void> {
      const { zoomUserId, accountId, name, email } = person;
      await within(callTimeoutMs, () =>
        workflow.signalWithStart<(input: GrantInput) => Promise<void>>('grant', {
          ...installation({ zoomUserId, accountId }, 'connected', `Grant: ${name} (${email})`),
          signal: grantedSignal,
          signalArgs: [],
        }),
      );
    },

    /** This user removed the app in Zoom. */
    async deauthorized(input: GrantInput, at?: number): Promise<void> {
      await within(callTimeoutMs, () =>
        workflow.signalWithStart<(input: GrantInput) => Promise<void>, [{ accountId: string; at?: number }]>(
          'grant',
          {
            ...installation(input, 'removed', 'Grant: removed in Zoom'),
            signal: deauthorizedSignal,
            signalArgs: [{ accountId: input.accountId, ...(at === undefined ? {} : { at }) }],
          },
        ),
      );
    },

    /** How many workflows each of these queries finds, as far as Temporal knows by now; null where it did not answer. */
    async countWorkflows(queries: readonly string[]): Promise<(number | null)[]> {
      const count = (query: string) => within(callTimeoutMs, () => workflow.count(query));
      return Promise.all(
        queries.map((query) =>
          count(query).then(
            ({ count }) => count,
            () => null,
          ),
        ),
      );
    },

    /** When workers last asked for work on the main queue. */
    async workerActivity(): Promise<WorkerActivity> {
      const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
      const lastPoll = async (taskQueueType: proto.temporal.api.enums.v1.TaskQueueType) => {
        const { pollers } = await client.workflowService.describeTaskQueue({
          namespace: client.options.namespace,
          taskQueue: { name: taskQueues.main },
          taskQueueType,
        });
        const times = pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000);
        return times.length === 0 ? undefined : Math.max(...times);
      };
      return within(callTimeoutMs, async () => {
        const [workflowTasksAt, activityTasksAt] = await Promise.all([
          lastPoll(TASK_QUEUE_TYPE_WORKFLOW),
          lastPoll(TASK_QUEUE_TYPE_ACTIVITY),
        ]);
        return {
          ...(workflowTasksAt === undefined ? {} : { workflowTasksAt }),
          ...(activityTasksAt === undefined ? {} : { activityTasksAt }),
        };
      });
    },
  };
}
export type TemporalGateway = ReturnType<typeof createTemporalGateway>;

/** The longest start of `text` that is at most `bytes` long in UTF-8. */
function cutToBytes(text: string, bytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > bytes) cut = cut.slice(0, -1);
  return cut;
}

/** The result, or a failure once `ms` are over. */
async function beforeTime<T>(ms: number, result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
