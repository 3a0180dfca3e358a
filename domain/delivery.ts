import type { TimelineEntry } from './timeline.ts';

/** Input of the `deliverToVisitor` activity, which the api instance that holds the visitor's socket runs. */
export interface VisitorDelivery {
  chatId: string;
  /** Entries to store (keyed, so again is harmless) and to push, in `seq` order. May be empty. */
  entries: TimelineEntry[];
  /** Highest `seq` of the chat: a socket that has been sent less reads the rest from MongoDB. */
  lastSeq: number;
  /** Zoom has taken all visitor messages up to this `seq`. */
  deliveredSeq: number;
}

/** `sockets`: how many open sockets of this chat the instance pushed to; 0 means the visitor is not here. */
export interface VisitorDeliveryResult {
  sockets: number;
}

/** The one activity on an api instance's own task queue. */
export interface DeliveryActivities {
  deliverToVisitor(delivery: VisitorDelivery): Promise<VisitorDeliveryResult>;
}
