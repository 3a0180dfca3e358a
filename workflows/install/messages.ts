import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { InstallProgress } from '../../domain/dashboard.ts';

/** Started by the OAuth callback once the grant is stored; holds no token. */
export interface InstallInput {
  zoomUserId: string;
  accountId: string;
}

/** The onboarding page's "I'm Done". */
export const onboardingDoneSignal = defineSignal('onboardingDone');
export const getInstallProgressQuery = defineQuery<InstallProgress>('getInstallProgress');
