import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, setCurrentDetails, sleep, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { time } from '../time.ts';
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
  const show = (state: string) =>
    setCurrentDetails(
      `**${stepWords[step]}**: ${state}\n\n- Account: ${accountId}\n- In the name of Zoom user: ${zoomUserId}`,
    );
  show(`under way since ${time(Date.now())}; for a quarter of an hour Zoom is asked again (see Pending Activities)`);
  switch (step) {
    case 'inbound-channel': {
      const { name, url } = await setUpInboundChannel({ accountId, zoomUserId });
      show('done');
      return { detail: name, url };
    }
    case 'welcome-card': {
      const result = await postWelcomeCard({ accountId, zoomUserId });
      show(`done, ${result.detail}`);
      return result;
    }
  }
}

const stepWords: Record<AccountStep, string> = {
  'inbound-channel': 'Inbound channel of the account',
  'welcome-card': 'Welcome card of the account',
};

/**
 * Do a set-up step of the account, or wait until the colleague who is doing it just now is through, and then do it
 * again: each step does nothing where it was done before.
 */
export async function onceForAccount(input: AccountStepInput): Promise<AccountStepResult> {
  for (;;) {
    try {
      return await executeChild(accountStep, {
        workflowId: workflowIds.accountStep(input),
        args: [input],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: stepWords[input.step],
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await sleep('1 second');
    }
  }
}
