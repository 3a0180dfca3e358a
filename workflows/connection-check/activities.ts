import { proxyActivities } from '@temporalio/workflow';
import type { ConnectionCheckActivities } from '../../activities/connection-check.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/** Somebody watches: what Zoom keeps refusing for some seconds is shown as a failure, with a Retry beside it. */
const step = {
  startToCloseTimeout: '20 seconds',
  scheduleToCloseTimeout: '30 seconds',
  heartbeatTimeout: '4 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
} as const;
/** Nobody waits for it, and it should be done. */
const cleaningUp = { ...step, scheduleToCloseTimeout: '5 minutes' } as const;

const recording = (summary: string, options: typeof step | typeof cleaningUp = step) =>
  proxyActivities<ConnectionCheckActivities>({ ...options, summary });
const inZoom = (summary: string, options: typeof step | typeof cleaningUp = step) =>
  proxyActivities<ConnectionCheckActivities>({ ...options, taskQueue: taskQueues.zoom, summary });

export const { openCheck } = recording('Have the events of the inbound channel passed on');
export const { closeCheck } = recording('Have no more events passed on', cleaningUp);
export const { findMissingScopes } = recording('Compare what Zoom has granted with what is needed');

export const { checkToken } = inZoom('Ask Zoom who the administrator is, with their token');
export const { findInboundChannel } = inZoom('Look for the inbound channel among members’ channels');
export const { postCheckCard } = inZoom('Card with a button to the inbound channel');
export const { createPrivateChannel } = inZoom('Create a private channel');
export const { postInPrivateChannel } = inZoom('Post in the private channel');
export const { readPrivateChannel } = inZoom('Read the private channel back');
export const { removePrivateChannel } = inZoom('Remove the private channel');

export const { closeCheckCard } = inZoom('The card says that the check is done', cleaningUp);
export const { removePrivateChannel: removeLeftChannel } = inZoom('Remove the private channel at the end', cleaningUp);
