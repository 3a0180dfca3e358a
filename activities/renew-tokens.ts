import { WithStartWorkflowOperation, WorkflowIdConflictPolicy, type Client } from '@temporalio/client';
import { limits } from '../domain/limits.ts';
import { searchAttributes } from '../domain/search-attributes.ts';
import { taskQueues, workflowIds, workflowTaskTimeout } from '../domain/workflow-ids.ts';
import type { Store } from '../store/index.ts';
import { renewTokensUpdate, type GrantInput } from '../workflows/grant/messages.ts';
import { NeedsReconnectError, RenewalUnavailableError, type RenewTokens } from './user-zoom.ts';

export interface RenewTokensDependencies {
  client: Client;
  store: { members: Pick<Store['members'], 'get'> };
  /** How long a caller waits for the renewal, ms. Default 15,000: the refresh itself may take Zoom 10 s. */
  timeoutMs?: number;
}

/**
 * Renewal by what alone may do it, the user's grant workflow, which is started if it is not running.
 *
 * @throws {NeedsReconnectError} when no such member is known.
 * @throws {RenewalUnavailableError} when no answer came in time: no worker, or Temporal or MongoDB is away.
 */
export function createRenewTokens({ client, store, timeoutMs = 15_000 }: RenewTokensDependencies): RenewTokens {
  return async (zoomUserId, staleTokenSetId) => {
    const member = await store.members.get(zoomUserId).catch((error: unknown) => {
      throw new RenewalUnavailableError(error);
    });
    if (!member) throw new NeedsReconnectError();
    const { accountId } = member;
    const startWorkflowOperation = new WithStartWorkflowOperation<(input: GrantInput) => Promise<void>>('grant', {
      workflowId: workflowIds.grant({ zoomUserId }),
      taskQueue: taskQueues.main,
      args: [{ zoomUserId, accountId, continueAfterEvents: limits.eventsPerRun }],
      workflowTaskTimeout,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      typedSearchAttributes: [{ key: searchAttributes.account, value: accountId }],
      staticSummary: `Grant: ${member.name} (${member.email})`,
      priority: { fairnessKey: accountId },
    });
    try {
      const { renewed } = await client.withDeadline(Date.now() + timeoutMs, () =>
        client.workflow.executeUpdateWithStart(renewTokensUpdate, {
          args: [{ staleTokenSetId }],
          startWorkflowOperation,
        }),
      );
      return renewed;
    } catch (error) {
      throw new RenewalUnavailableError(error);
    }
  };
}
