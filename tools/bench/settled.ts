import { setTimeout as delay } from 'node:timers/promises';
import { workflowIds } from '../../domain/workflow-ids.ts';
import type { Bench } from './bench.ts';
import type { BenchChat } from './chat.ts';

const lookEveryMs = 25;

/** How long a workflow's history is. */
export interface HistorySize {
  events: number;
  bytes: number;
}

/** The chat's history once nothing is under way in it any more. */
export function settled(bench: Bench, chat: BenchChat): Promise<HistorySize> {
  return settledWorkflow(bench, workflowIds.chat({ chatId: chat.visitor.chatId }));
}

/** The same for any workflow. */
export async function settledWorkflow(bench: Bench, workflowId: string): Promise<HistorySize> {
  const client = await bench.client();
  const handle = client.workflow.getHandle(workflowId);
  let last = -1;
  for (;;) {
    const { historyLength, historySize = 0, raw } = await handle.describe();
    const busy = (raw.pendingWorkflowTask ?? undefined) !== undefined || (raw.pendingActivities?.length ?? 0) > 0;
    // Twice the same: between two steps there is a moment in which nothing is pending.
    if (!busy && historyLength === last) return { events: historyLength, bytes: historySize };
    last = busy ? -1 : historyLength;
    await delay(lookEveryMs, undefined, { signal: bench.signal });
  }
}
