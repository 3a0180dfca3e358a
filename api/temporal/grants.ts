import type { Client } from '@temporalio/client';
import { limits } from '../../domain/limits.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  deauthorizedSignal,
  grantedSignal,
  grantWorkflowType,
  type GrantInput,
} from '../../workflows/grant/messages.ts';
import { callTemporal, startOptions } from './call.ts';

type GrantWorkflow = (input: GrantInput) => Promise<void>;

/** A Zoom user as far as their workflows know them: an operator's page leads from names to ids. */
export interface GrantHolder {
  zoomUserId: string;
  accountId: string;
}

/**
 * What the api says to grants. Every function throws `TemporalUnavailableError` when Temporal did not take the call.
 */
export function createGrantsClient(client: Client) {
  const start = (input: Omit<GrantInput, 'continueAfterEvents'>, status: string, staticSummary: string) => ({
    ...startOptions(input.accountId, status),
    workflowId: workflowIds.grant(input),
    args: [{ ...input, continueAfterEvents: limits.eventsPerRun }] satisfies [GrantInput],
    staticSummary,
  });

  return {
    /** A new grant of this user is stored. */
    async granted({ zoomUserId, accountId }: GrantHolder): Promise<void> {
      await callTemporal(client, () =>
        client.workflow.signalWithStart<GrantWorkflow>(grantWorkflowType, {
          ...start({ zoomUserId, accountId }, 'connected', `Grant of Zoom user ${zoomUserId}`),
          signal: grantedSignal,
          signalArgs: [],
        }),
      );
    },

    /** This user removed the app in Zoom. `at`: when, ms since 1970; now by default. */
    async deauthorized({ zoomUserId, accountId }: GrantInput, at?: number): Promise<void> {
      await callTemporal(client, () =>
        client.workflow.signalWithStart<GrantWorkflow, [{ accountId: string; at?: number }]>(grantWorkflowType, {
          ...start({ zoomUserId, accountId }, 'removed', `Grant of Zoom user ${zoomUserId}`),
          signal: deauthorizedSignal,
          signalArgs: [{ accountId, ...(at === undefined ? {} : { at }) }],
        }),
      );
    },
  };
}
export type GrantsClient = ReturnType<typeof createGrantsClient>;
