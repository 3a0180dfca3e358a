import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { InstallProgress } from '../../domain/dashboard.ts';
import type { ByOperator } from '../operator-input.ts';

/** Name of the workflow type, for whoever starts it without its code. */
export const installWorkflowType = 'install';

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

export type RetryInstallInput = ByOperator | undefined;
/** The same by an operator in Temporal UI: refused while no step has failed. */
export const retryInstallUpdate = defineUpdate<InstallProgress, [RetryInstallInput]>('retryInstall');
