import {
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import type { ConnectionCheckProgress } from '../../domain/connection-check.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  checkChoiceSignal,
  checkEventSignal,
  connectionCheckWorkflowType,
  getConnectionCheckQuery,
  type CheckChosen,
  type CheckEvent,
  type ConnectionCheckInput,
} from '../../workflows/connection-check/messages.ts';
import { callTemporal, signal, startOptions, type SignalOutcome } from './call.ts';

type ConnectionCheckWorkflow = (input: ConnectionCheckInput) => Promise<ConnectionCheckProgress>;

/** A query waits for a worker this long, ms. */
const queryTimeoutMs = 5_000;

/**
 * What the api says to connection checks. Every function throws `TemporalUnavailableError` when Temporal did not take
 * the call.
 */
export function createConnectionChecksClient(client: Client) {
  const { workflow } = client;
  const check = (accountId: string) =>
    workflow.getHandle<ConnectionCheckWorkflow>(workflowIds.connectionCheck({ accountId }));

  return {
    /** Start a check; one of this account that runs goes on. */
    async startCheck(input: ConnectionCheckInput): Promise<void> {
      await callTemporal(client, () =>
        workflow.start<ConnectionCheckWorkflow>(connectionCheckWorkflowType, {
          ...startOptions(input.accountId, 'running'),
          workflowId: workflowIds.connectionCheck(input),
          workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
          args: [input],
          staticSummary: `Connection check by Zoom user ${input.zoomUserId}`,
        }),
      );
    },

    /** Where the account's last check stands, asked of its workflow; null when none is known. Needs a worker. */
    async checkProgress(accountId: string): Promise<ConnectionCheckProgress | null> {
      const query = () => check(accountId).query(getConnectionCheckQuery);
      return callTemporal(client, query, queryTimeoutMs).catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      });
    },

    /** What somebody chose on the page. */
    chooseInCheck(accountId: string, chosen: CheckChosen): Promise<SignalOutcome> {
      return signal(client, () => check(accountId).signal(checkChoiceSignal, chosen));
    },

    /** What Zoom has sent about the check. */
    signalCheck(accountId: string, event: CheckEvent): Promise<SignalOutcome> {
      return signal(client, () => check(accountId).signal(checkEventSignal, event));
    },
  };
}
export type ConnectionChecksClient = ReturnType<typeof createConnectionChecksClient>;
