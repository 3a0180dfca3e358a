import { ApplicationFailure } from '@temporalio/activity';
import type { ChannelRef } from '../domain/channel.ts';
import { failureTypes } from '../domain/failures.ts';
import type { Store } from '../store/index.ts';

/** The inbound channel that a widget has now. Fails with `AccountUnknown` for a widget without one. */
export async function inboundChannelOf(
  { widgets }: { widgets: Pick<Store['widgets'], 'get'> },
  widgetId: string,
): Promise<ChannelRef> {
  const channel = (await widgets.get(widgetId))?.inboundChannel;
  if (channel) return channel;
  throw ApplicationFailure.nonRetryable(
    `The widget ${widgetId} has no inbound channel: finish the install, or choose one in the settings.`,
    failureTypes.accountUnknown,
  );
}
