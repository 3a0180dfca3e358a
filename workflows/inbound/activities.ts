import { proxyActivities } from '@temporalio/workflow';
import type { QueueCardActivities } from '../../activities/queue-card.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/** Behind the chats' own cards, and given up soon: the next change tries again. */
const call = (summary: string) =>
  proxyActivities<QueueCardActivities>({
    taskQueue: taskQueues.zoom,
    startToCloseTimeout: '15 seconds',
    heartbeatTimeout: '4 seconds',
    scheduleToCloseTimeout: '1 minute',
    priority: { priorityKey: 4 },
    summary,
  });

export const { postQueueCard } = call('Card that says how many chats wait');
export const { postReminder } = call('Remind the team that visitors wait');
export const { updateQueueCard } = call('Bring that card up to date');
