import type { TranscriptEntry } from './transcript.ts';

/** Input of the `deliverToVisitor` activity, which the api instance that holds the visitor's socket runs. */
export interface VisitorDelivery {
  chatId: string;
  /** Entries to store (keyed, so again is harmless) and to push, in `seq` order. May be empty. */
  entries: TranscriptEntry[];
  /** Highest `seq` of the chat: a socket that has been sent less reads the rest from MongoDB. */
  lastSeq: number;
  /** Zoom has taken all visitor messages up to this `seq`. */
  deliveredSeq: number;
}

/** `sockets`: how many open sockets of this chat the instance pushed to; 0 means the visitor is not here. */
export interface VisitorDeliveryResult {
  sockets: number;
}

/** An api instance that holds sockets of a visitor. */
export interface VisitorRoute {
  instanceId: string;
  /** Where workers reach that instance without a detour, e.g. `http://10.0.0.7:3000`. Absent: only by its task queue. */
  url?: string;
}

/**
 * What became of a delivery that a worker handed to an api instance directly. `gone`: that instance is not there any more, or
 * holds no socket of the chat; `unreached`: there was no answer, so nobody knows.
 */
export type RouteOutcome = 'reached' | 'gone' | 'unreached';

/** Where an api instance takes deliveries from workers. The body is sealed with the payload keys, see `codec/sealed-json.ts`. */
export const directDeliveryPath = '/internal/visitor-deliveries';
/** What binds a sealed delivery to the instance that it is for. */
export const directDeliveryContext = ({ instanceId }: { instanceId: string }): string => `delivery to ${instanceId}`;

/** The one activity on an api instance's own task queue. */
export interface DeliveryActivities {
  deliverToVisitor(delivery: VisitorDelivery): Promise<VisitorDeliveryResult>;
}
