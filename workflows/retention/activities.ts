import { proxyActivities } from '@temporalio/workflow';
import type { RetentionActivities } from '../../activities/retention.ts';

/** Each is safe to repeat. What cannot be done now is tried for a day: by then the next run is due. */
const deleting = (summary: string) =>
  proxyActivities<RetentionActivities>({
    startToCloseTimeout: '2 minutes',
    scheduleToCloseTimeout: '1 day',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
    summary,
  });

export const { closeAbandonedChats } = deleting('Close records of chats that have no workflow any more');
export const { forgetOldRecords } = deleting('Forget used OAuth states, ended api instances, old notices');
export const { nextAccounts } = deleting('The next accounts');
export const { eraseExpired } = deleting('Erase chats that ended too long ago');
export const { findChats } = deleting('Find the chats to erase');
export const { eraseChats } = deleting('Erase chats');
