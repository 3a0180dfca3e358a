import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { workflowIds } from '../domain/workflow-ids.ts';
import { tryAgainSignal } from '../workflows/chat/messages.ts';

/** Signal an open chat that something was repaired. One that has ended meanwhile needs nothing. */
export function tryAgain(client: Client): (chatId: string) => Promise<void> {
  return async (chatId) => {
    try {
      await client.workflow.getHandle(workflowIds.chat({ chatId })).signal(tryAgainSignal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };
}
