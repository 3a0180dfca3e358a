import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, sleep, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { postWelcomeCard, setUpInboundChannel } from './activities.ts';

/** Set-up steps that an account sees once, however many people install at the same time. */
export type AccountStep = 'inbound-channel' | 'welcome-card';

export interface AccountStepInput {
  accountId: string;
  /** In whose name the step is done. */
  zoomUserId: string;
  step: AccountStep;
}
/** A word about what came out, for the onboarding page. */
export interface AccountStepResult {
  detail: string;
  url?: string;
}

/** One set-up step of an account. Its workflow id names account and step, so Temporal runs it once at a time. */
export async function accountStep({ accountId, zoomUserId, step }: AccountStepInput): Promise<AccountStepResult> {
  switch (step) {
    case 'inbound-channel': {
      const { name, url } = await setUpInboundChannel({ accountId, zoomUserId });
      return { detail: name, url };
    }
    case 'welcome-card':
      return postWelcomeCard({ accountId, zoomUserId });
  }
}

/**
 * Do a set-up step of the account, or wait until the colleague who is doing it just now is through, and then do it again:
 * each step does nothing where it was done before.
 */
export async function onceForAccount(input: AccountStepInput): Promise<AccountStepResult> {
  for (;;) {
    try {
      return await executeChild(accountStep, {
        workflowId: workflowIds.accountStep(input),
        args: [input],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary:
          input.step === 'inbound-channel' ? 'Inbound channel of the account' : 'Welcome card of the account',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await sleep('1 second');
    }
  }
}
