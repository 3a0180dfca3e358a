import { ActivityFailure, log } from '@temporalio/workflow';
import { tellRouteChange } from './activities.ts';
import type { RouteChangeInput } from './messages.ts';

/**
 * New chats of a widget go to another channel: both channels are told, the old one first, so that nobody routes a
 * team's chats away unseen.
 */
export async function routeChange(change: RouteChangeInput): Promise<void> {
  const { from, to } = change;
  for (const channel of from && from.id !== to.id ? [from, to] : [to]) {
    try {
      await tellRouteChange({ ...change, channel });
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      // The other one is told all the same: the old channel may have been deleted.
      log.warn('A channel could not be told where new chats go.', { channelId: channel.id });
    }
  }
}
