import { proxyActivities } from '@temporalio/workflow';
import type { InstallActivities } from '../../activities/install.ts';

/**
 * Somebody watches the onboarding page: a step that Zoom keeps refusing ends after a quarter of an hour as a failure with
 * a Retry, and what can never succeed ends at once. Every step is safe to repeat.
 */
const installing = {
  startToCloseTimeout: '60 seconds',
  scheduleToCloseTimeout: '15 minutes',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
} as const;

export const { fetchUser } = proxyActivities<InstallActivities>({
  ...installing,
  summary: 'Look up the installer in Zoom',
});
export const { provisionAccount } = proxyActivities<InstallActivities>({
  ...installing,
  summary: 'Create the trial account, if there is none',
});
export const { setUpInboundChannel } = proxyActivities<InstallActivities>({
  ...installing,
  summary: 'Find or create the inbound channel',
});
export const { postWelcomeCard } = proxyActivities<InstallActivities>({
  ...installing,
  summary: 'Welcome card to the inbound channel',
});
export const { sendWelcomeMessage } = proxyActivities<InstallActivities>({
  ...installing,
  summary: 'Welcome message to the installer',
});
export const { recordOnboarded } = proxyActivities<InstallActivities>({
  ...installing,
  summary: '“I’m Done” was pressed',
});
