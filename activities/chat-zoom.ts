import { ActingUsers } from './acting-user.ts';
import { createChannelPostActivities } from './channel-post.ts';
import { createChatChannelActivities } from './chat-channel.ts';
import type { ChatZoomContext } from './chat-zoom-context.ts';
import { createInboundCardActivities } from './inbound-card.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import type { Members } from './members.ts';
import { createNotices } from './notices.ts';
import { createQueueCardActivities } from './queue-card.ts';
import type { UserZoom } from './user-zoom.ts';

export interface ChatZoomDependencies extends Pick<ChatZoomContext, 'store' | 'zoom' | 'push' | 'relayed'> {
  userZoom: UserZoom;
  members: Members;
  /** Where the app's pages are. */
  publicUrl: string;
}

/**
 * What a chat does in Zoom, on the queue whose rate the server keeps: one call each, but for a repeat, which looks
 * first for what an earlier try has done. Whether and when a failure is tried again is for the workflow to say.
 */
export function createChatZoomActivities({ userZoom, members, publicUrl, ...shared }: ChatZoomDependencies) {
  const notices = createNotices({ ...shared, publicUrl });
  const acting = new ActingUsers(members, userZoom, (accountId, scopes) =>
    notices.ask(accountId, { cause: 'scopeMissing', scopes }),
  );
  const context: ChatZoomContext = { ...shared, acting, notices, oneAtATime: new KeyedMutex() };
  return {
    ...createInboundCardActivities(context),
    ...createQueueCardActivities(context),
    ...createChatChannelActivities(context),
    ...createChannelPostActivities(context),
  };
}
export type ChatZoomActivities = ReturnType<typeof createChatZoomActivities>;
