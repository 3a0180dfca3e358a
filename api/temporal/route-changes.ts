import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { routeChangeWorkflowType, type RouteChangeInput } from '../../workflows/route-change/messages.ts';
import { callTemporal, startOptions } from './call.ts';

/** What the api says when new chats are routed to another channel. */
export function createRouteChangesClient(client: Client) {
  return {
    /**
     * Have both channels told.
     * @throws TemporalUnavailableError when Temporal did not take the call.
     */
    async tell(change: RouteChangeInput): Promise<void> {
      await callTemporal(client, () =>
        client.workflow.start<(input: RouteChangeInput) => Promise<void>>(routeChangeWorkflowType, {
          ...startOptions(change.accountId, 'running'),
          workflowId: workflowIds.routeChange({ changeId: randomUUID() }),
          args: [change],
          staticSummary: `New chats go to channel ${change.to.id}, by Zoom user ${change.zoomUserId}`,
        }),
      );
    },
  };
}
export type RouteChangesClient = ReturnType<typeof createRouteChangesClient>;
