import { proxyActivities } from '@temporalio/workflow';
import type { RouteChangeActivities } from '../../activities/route-change.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/** Tried for an hour: what is not told by then is in the log, and on the dashboard. */
export const { tellRouteChange } = proxyActivities<RouteChangeActivities>({
  taskQueue: taskQueues.zoom,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 hour',
  summary: 'Tell a channel where new chats go now',
});
