import { proxyActivities } from '@temporalio/workflow';
import type { ChatActivities } from '../../activities/chat.ts';
import type { DeliveryActivities } from '../../domain/delivery.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/** Waiting grows from 0.3 s to half a minute; Zoom's own Retry-After wins where it gives one. */
const patient = { initialInterval: '300 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/**
 * MongoDB writes: keyed, so repeating them is harmless. No end to the retries: a chat whose record cannot be written
 * waits for the database, and a person is needed to fix that.
 */
export const { beginChat, recordTimeline } = proxyActivities<ChatActivities>({
  startToCloseTimeout: '15 seconds',
  retry: { ...patient, maximumInterval: '10 seconds' },
});

/**
 * Everything a chat needs from Zoom to go on. Zoom may be down for hours and the chat waits; after two days a person has
 * to look. One attempt makes a few calls of at most 10 s each; posting looks before it repeats itself.
 */
export const { postInboundCard, findAgent, openChatChannel, inviteAgent, postToChatChannel } =
  proxyActivities<ChatActivities>({
    startToCloseTimeout: '60 seconds',
    scheduleToCloseTimeout: '2 days',
    retry: patient,
  });

/** Editing the card and reading the channel back help, but no message depends on them: soon given up. */
export const { updateInboundCard, readChannelBack } = proxyActivities<ChatActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '10 minutes',
  retry: patient,
});

/**
 * Delivery by the api instance that holds the visitor's socket. One attempt: an instance that does not take the task
 * within 2 s is gone, and the visitor's next connection reads what it missed from MongoDB.
 */
export function deliveryBy(instanceId: string): DeliveryActivities {
  return proxyActivities<DeliveryActivities>({
    taskQueue: taskQueues.visitorDelivery({ instanceId }),
    scheduleToStartTimeout: '2 seconds',
    startToCloseTimeout: '10 seconds',
    retry: { maximumAttempts: 1 },
  });
}
