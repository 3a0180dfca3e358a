import type { ChannelRef } from '../../domain/channel.ts';

/** Name of the workflow type, for whoever starts it without its code. */
export const routeChangeWorkflowType = 'routeChange';

/** Somebody has routed a widget's new chats to another channel. */
export interface RouteChangeInput {
  accountId: string;
  /** The member who did it. */
  zoomUserId: string;
  from?: ChannelRef;
  to: ChannelRef;
}
