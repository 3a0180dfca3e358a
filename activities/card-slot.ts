import type { Client } from '@temporalio/client';
import type { ChannelRef } from '../domain/channel.ts';
import { limits } from '../domain/limits.ts';
import { searchAttributes } from '../domain/search-attributes.ts';
import { fairnessKey, taskQueues, workflowIds, workflowTaskTimeout } from '../domain/workflow-ids.ts';
import type { Store } from '../store/index.ts';
import type { InboundEvent, InboundInput } from '../workflows/inbound/messages.ts';
import { inboundChannelOf } from './inbound-channel.ts';

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
  /** Signal the workflow of an inbound channel, which is started if it does not run. */
  async function signalInbound(accountId: string, { id, jid }: Pick<ChannelRef, 'id' | 'jid'>, event: InboundEvent) {
    await client.workflow.signalWithStart<(input: InboundInput) => Promise<void>, [InboundEvent]>('inbound', {
      workflowId: workflowIds.inbound({ channelId: id }),
      taskQueue,
      workflowTaskTimeout,
      args: [{ accountId, channel: { id, jid }, continueAfterEvents: limits.eventsPerRun }],
      signal: 'inbound',
      signalArgs: [event],
      typedSearchAttributes: [{ key: searchAttributes.account, value: accountId }],
      staticSummary: `Cards for the inbound channel ${id}`,
      priority: { fairnessKey: fairnessKey({ accountId }) },
    });
  }

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
      const channel = await inboundChannelOf(store, widgetId);
      if (!isPaced) return { channelId: channel.id, isGranted: true };
      await signalInbound(accountId, channel, { kind: 'asked', chatId, since });
      return { channelId: channel.id, isGranted: false };
    },

    /**
     * Have the inbound channel's workflow remind the team that visitors wait; all who ask at about the same time get
     * one post. Fails with `AccountUnknown` for a widget without such a channel.
     */
    async askForReminder({ accountId, widgetId }: { accountId: string; widgetId: string }): Promise<void> {
      await signalInbound(accountId, await inboundChannelOf(store, widgetId), { kind: 'remind' });
    },
  };
}
export type CardSlotActivities = ReturnType<typeof createCardSlotActivities>;
