import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { fairnessKey, taskQueues, workflowTaskTimeout } from '../../domain/workflow-ids.ts';

/** Temporal did not take a call: it is away, too slow, or (for queries) has no worker. Trying again later can help. */
export class TemporalUnavailableError extends Error {
  override name = 'TemporalUnavailableError';
}

/** `taken`: Temporal has it on disk. `ended`: the workflow is over, or there never was one. */
export type SignalOutcome = 'taken' | 'ended';

/** Most time that Temporal gets for one call, ms. Zoom waits 3 s for the answer to a webhook. */
export const callTimeoutMs = 2_500;

/**
 * Make one call to Temporal within a time limit.
 * @throws WorkflowNotFoundError, WorkflowExecutionAlreadyStartedError as they come; for everything else
 * {@link TemporalUnavailableError}. The call may have arrived all the same: workflows recognise repeats.
 */
export async function callTemporal<T>(
  client: Client,
  call: () => Promise<T>,
  timeoutMs: number = callTimeoutMs,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  // Between its own retries the client sleeps past a deadline; the timer does not. What it leaves behind sends no more.
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([client.withDeadline(Date.now() + timeoutMs, call), late]);
  } catch (cause) {
    if (isNotRunning(cause)) throw cause;
    throw new TemporalUnavailableError('Temporal did not take the call.', { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Send a signal, with or without a start. @throws {TemporalUnavailableError} */
export async function signal(client: Client, call: () => Promise<unknown>): Promise<SignalOutcome> {
  try {
    await callTemporal(client, call);
    return 'taken';
  } catch (error) {
    if (isNotRunning(error)) return 'ended';
    throw error;
  }
}

function isNotRunning(error: unknown): boolean {
  return error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError;
}

/** What every workflow of an account is started with; `status` is its first one in Temporal UI. */
export function startOptions(accountId: string, status: string) {
  return {
    taskQueue: taskQueues.main,
    workflowTaskTimeout,
    typedSearchAttributes: [
      { key: searchAttributes.account, value: accountId },
      { key: searchAttributes.status, value: status },
    ],
    priority: { fairnessKey: fairnessKey({ accountId }) },
  };
}
