import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { taskQueues, workflowIds } from '../domain/workflow-ids.ts';
import { retentionWorkflowType } from '../workflows/retention/messages.ts';

/** Have Temporal start retention once a day, unless it does: an operator's changes of the schedule stay. */
export async function ensureRetentionSchedule(client: Client): Promise<void> {
  const scheduleId = workflowIds.retention();
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: '1 day', offset: '3 hours' }] },
      action: {
        type: 'startWorkflow',
        workflowType: retentionWorkflowType,
        workflowId: scheduleId,
        taskQueue: taskQueues.main,
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
