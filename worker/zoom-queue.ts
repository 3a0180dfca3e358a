import { isGrpcServiceError, type Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Logger } from '../config/logger.ts';
import { taskQueues } from '../domain/workflow-ids.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/** Beside a rate Temporal keeps who has set it. What was not set by us is an operator's. */
const ourIdentity = 'live-chat-worker';

/**
 * Have the server keep each account's rate on the Zoom queue: the rate of one fairness key, which is the account. A
 * rate that an operator has set, or taken away, is left alone, and so are the weights, by which the rate of an account
 * on a larger plan is multiplied. To give the rate back to us: `temporal task-queue config set … --identity
 * live-chat-worker`.
 * @param perSecond undefined: no rate is kept.
 */
export async function configureZoomQueue(
  client: Client,
  perSecond: number | undefined,
  log: Logger,
  taskQueue: string = taskQueues.zoom,
): Promise<void> {
  const queue = {
    namespace: client.options.namespace,
    taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
  };
  try {
    const { config } = await client.workflowService.describeTaskQueue({
      ...queue,
      taskQueue: { name: taskQueue },
      reportConfig: true,
    });
    const { rateLimit, metadata } = config?.fairnessKeysRateLimitDefault ?? {};
    const current = rateLimit?.requestsPerSecond;
    if (metadata && metadata.updateIdentity !== ourIdentity) {
      log.info({ perSecond: current, setBy: metadata.updateIdentity }, 'The rate of the Zoom queue is an operator’s.');
      return;
    }
    // Temporal keeps it with fewer digits than we have.
    if (Math.fround(current ?? 0) === Math.fround(perSecond ?? 0)) return;
    await client.workflowService.updateTaskQueueConfig({
      ...queue,
      taskQueue,
      identity: ourIdentity,
      updateFairnessKeyRateLimitDefault: {
        reason: 'Below the rate that Zoom allows one account (ZOOM_PLAN)',
        ...(perSecond === undefined ? {} : { rateLimit: { requestsPerSecond: perSecond } }),
      },
    });
    log.info({ perSecond, before: current }, 'The Zoom queue keeps this rate for each account.');
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    // Zoom then refuses what is too much with 429, and the activities wait as it asks.
    log.warn({ err: error }, 'The server cannot keep the rate of calls to Zoom: that takes Temporal 1.29 or newer.');
  }
}
