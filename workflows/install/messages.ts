import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { z } from 'zod';
import type { InstallProgress } from '../../domain/dashboard.ts';

/** Started by the OAuth callback once the grant is stored; holds no token. */
export interface InstallInput {
  zoomUserId: string;
  accountId: string;
}

/** The onboarding page's "I'm Done". */
export const onboardingDoneSignal = defineSignal('onboardingDone');
/** The page's Retry, or a new grant: the step that failed is tried again. Passed over while none has failed. */
export const retryAskedSignal = defineSignal('retryAsked');
export const getInstallProgressQuery = defineQuery<InstallProgress>('getInstallProgress');

export const retryInstallInput = z.strictObject({ by: z.literal('operator').optional() }).optional();
export type RetryInstallInput = z.infer<typeof retryInstallInput>;
/** The same by an operator in Temporal UI: refused while no step has failed. */
export const retryInstallUpdate = defineUpdate<InstallProgress, [RetryInstallInput]>('retryInstall');
