import { proxyActivities } from '@temporalio/workflow';
import type { InstallActivities } from '../../activities/install.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

/**
 * Somebody watches the onboarding page: a step that Zoom keeps refusing ends after a quarter of an hour as a failure
 * with a Retry, and what can never succeed ends at once. Every step is safe to repeat.
 */
const step = {
  startToCloseTimeout: '60 seconds',
  scheduleToCloseTimeout: '15 minutes',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
} as const;

const inZoom = (summary: string) =>
  proxyActivities<InstallActivities>({ ...step, taskQueue: taskQueues.zoom, summary });
const recording = (summary: string) => proxyActivities<InstallActivities>({ ...step, summary });

export const { fetchUser } = inZoom('Look up the installer in Zoom');
export const { provisionAccount } = recording('Create the trial account and its widget, if there is none');
export const { setUpInboundChannel } = inZoom('Find or create the inbound channel');
export const { postWelcomeCard } = inZoom('Welcome card to the inbound channel');
export const { sendWelcomeMessage } = inZoom('Welcome message to the installer');
export const { recordOnboarded } = recording('“I’m Done” was pressed');
