import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Logger } from '../config/logger.ts';
import { taskQueues } from '../domain/workflow-ids.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/** How our own configuration is recognised: an operator's has another reason. */
const reason = 'live-chat: below the rate that Zoom allows one account (ZOOM_PLAN)';

/**
 * Have the server keep each account's rate on the Zoom queue: the rate of one fairness key, which is the account. Weights, for
 * accounts on larger plans, are the operators', and so is a rate that somebody else has set: both are left alone.
 * @param perSecond undefined: no rate is kept.
 */
export async function configureZoomQueue(client: Client, perSecond: number | undefined, log: Logger): Promise<void> {
  try {
    const known = await currentRate(client);
    if (known && known.reason !== reason) {
      log.info(
        { perSecond: known.perSecond, reason: known.reason },
        'The Zoom queue keeps a rate that an operator has set.',
      );
      return;
    }
    if (known?.perSecond === perSecond) return;
    await client.workflowService.updateTaskQueueConfig({
      namespace: client.options.namespace,
      identity: 'live-chat-worker',
      taskQueue: taskQueues.zoom,
      taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
      updateFairnessKeyRateLimitDefault: {
        reason,
        ...(perSecond === undefined ? {} : { rateLimit: { requestsPerSecond: perSecond } }),
      },
    });
    log.info({ perSecond }, 'The Zoom queue keeps this rate for each account.');
  } catch (error) {
    // Zoom then refuses what is too much with 429, and the activities wait as it asks.
    log.warn({ err: error }, 'The server could not be asked to keep the rate of calls to Zoom.');
  }
}

async function currentRate(client: Client): Promise<{ perSecond: number; reason: string } | undefined> {
  const { config } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueues.zoom },
    taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    reportConfig: true,
  });
  const { rateLimit, metadata } = config?.fairnessKeysRateLimitDefault ?? {};
  return rateLimit ? { perSecond: rateLimit.requestsPerSecond ?? 0, reason: metadata?.reason ?? '' } : undefined;
}
