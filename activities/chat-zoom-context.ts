import type { PushToVisitor } from '../domain/push.ts';
import type { Store } from '../store/index.ts';
import type { ZoomClient } from '../zoom/index.ts';
import type { ActingUsers } from './acting-user.ts';
import type { KeyedMutex } from './keyed-mutex.ts';
import type { Notices } from './notices.ts';

/** What the activities of a chat in Zoom share, one of each for a process. */
export interface ChatZoomContext {
  store: Store;
  zoom: Pick<ZoomClient, 'bot'>;
  acting: ActingUsers;
  notices: Notices;
  push: PushToVisitor;
  /** Called when Zoom has taken what a visitor wrote, with the time at which that was first tried, ms; for metrics. */
  relayed?: (firstTriedAt: number) => void;
  /**
   * By chat. An attempt that Temporal has given up may still be at work, with a call to Zoom under way: the next one
   * must not look for what is there while that can change it.
   */
  oneAtATime: KeyedMutex;
}
