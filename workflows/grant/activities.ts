import { proxyActivities } from '@temporalio/workflow';
import type { GrantActivities } from '../../activities/grant.ts';
import type { MemberCheckActivities } from '../../activities/member-check.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/**
 * Zoom kills the old refresh token as it gives the new one, so a refresh whose answer is lost loses the grant. One
 * careful second try, in case the first never reached Zoom; what comes of that is final.
 */
export const { renewTokens } = proxyActivities<GrantActivities>({
  taskQueue: taskQueues.tokens,
  startToCloseTimeout: '30 seconds',
  retry: { maximumAttempts: 2, initialInterval: '1 second' },
  summary: 'Refresh the Zoom tokens',
});

/** Tried for a day: nobody might look at the dashboard, which says it too. */
export const { askToReconnect } = proxyActivities<GrantActivities>({
  taskQueue: taskQueues.zoom,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
  summary: 'Ask the user to add the app again',
});

/** Likewise: the dashboard says it too, and chats that lack a scope ask again. */
export const { tellMissingScopes } = proxyActivities<GrantActivities>({
  taskQueue: taskQueues.zoom,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
  summary: 'Tell the user which scopes are missing',
});

/** Writes under a key. No end to the retries: without its record a grant is not what this workflow says it is. */
const recording = (summary: string) => proxyActivities<GrantActivities>({ startToCloseTimeout: '30 seconds', summary });
export const { recordLost } = recording('Record that Zoom refuses the grant');
export const { forgetGrant } = recording('Forget the tokens of the removed app');

/** Each chat also tries again by itself, so this one may be given up. */
export const { wakeChats } = proxyActivities<GrantActivities>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '10 minutes',
  summary: 'Have chats that wait for Zoom try again',
});

/** Every hour: one that fails is made up for by the next. */
export const { checkMember } = proxyActivities<MemberCheckActivities>({
  taskQueue: taskQueues.zoom,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '10 minutes',
  summary: 'Ask Zoom for the member’s role',
});
