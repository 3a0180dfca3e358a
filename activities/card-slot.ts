import { ApplicationFailure } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { failureTypes } from '../domain/failures.ts';
import { limits } from '../domain/limits.ts';
import { searchAttributes } from '../domain/search-attributes.ts';
import { fairnessKey, taskQueues, workflowIds, workflowTaskTimeout } from '../domain/workflow-ids.ts';
import type { Store } from '../store/index.ts';
import type { InboundEvent, InboundInput } from '../workflows/inbound/messages.ts';

export interface CardSlotDependencies {
  store: { widgets: Pick<Store['widgets'], 'get'> };
  client: Client;
  /** Whether Zoom's limits are kept; false gives every chat a slot at once. */
  isPaced: boolean;
  /** Default: the workflows' own. */
  taskQueue?: string;
}

/** What became of a chat's wish to post its card. */
export interface AskedSlot {
  /** The inbound channel that its widget has now. */
  channelId: string;
  /** It may post at once. Otherwise the channel's workflow signals it when it may. */
  isGranted: boolean;
}

/** Asks for a slot in an inbound channel, which only a workflow that runs can give. */
export function createCardSlotActivities({
  store,
  client,
  isPaced,
  taskQueue = taskQueues.main,
}: CardSlotDependencies) {
  return {
    /**
     * Ask the workflow of the widget's inbound channel, which is started if it does not run. Repeating it is harmless.
     * Fails with `AccountUnknown` for a widget without such a channel.
     */
    async askForCardSlot(input: {
      chatId: string;
      accountId: string;
      widgetId: string;
      since: number;
    }): Promise<AskedSlot> {
      const { chatId, accountId, widgetId, since } = input;
      const channel = (await store.widgets.get(widgetId))?.inboundChannel;
      if (!channel) {
        throw ApplicationFailure.nonRetryable(
          `The widget ${widgetId} has no inbound channel: finish the install, or choose one in the settings.`,
          failureTypes.accountUnknown,
        );
      }
      const { id, jid } = channel;
      if (!isPaced) return { channelId: id, isGranted: true };
      await client.workflow.signalWithStart<(input: InboundInput) => Promise<void>, [InboundEvent]>('inbound', {
        workflowId: workflowIds.inbound({ channelId: id }),
        taskQueue,
        workflowTaskTimeout,
        args: [{ accountId, channel: { id, jid }, continueAfterEvents: limits.eventsPerRun }],
        signal: 'inbound',
        signalArgs: [{ kind: 'asked', chatId, since }],
        typedSearchAttributes: [{ key: searchAttributes.account, value: accountId }],
        staticSummary: `Cards for the inbound channel ${id}`,
        priority: { fairnessKey: fairnessKey({ accountId }) },
      });
      return { channelId: id, isGranted: false };
    },
  };
}
export type CardSlotActivities = ReturnType<typeof createCardSlotActivities>;
