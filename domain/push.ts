import { z } from 'zod';
import { limits } from './limits.ts';
import { transcriptEntrySchema } from './transcript.ts';

/** What a worker pushes to the api instances that hold a visitor's sockets. */
export const visitorPushSchema = z.object({
  chatId: z.string().min(1).max(40),
  /** Recorded entries in `seq` order; may be empty. */
  entries: z.array(transcriptEntrySchema).max(limits.entriesPerFrame),
  /** Highest recorded `seq` of the chat: a socket that has been sent less reads the rest from MongoDB. */
  lastSeq: z.int().nonnegative(),
  /** Zoom has taken all visitor messages up to this `seq`. */
  deliveredSeq: z.int().nonnegative(),
  /** So much waits for the team that the chat takes no more for now. Absent: as before. */
  isFull: z.boolean().optional(),
  /** Zoom keeps the chat waiting: what is written does not get through now. Absent: as before. */
  isInTrouble: z.boolean().optional(),
});
export type VisitorPush = z.infer<typeof visitorPushSchema>;

/** An api instance that holds sockets of a visitor. */
export interface PushTarget {
  /** One start of one api process. */
  instanceId: string;
  /** Where workers reach that instance, e.g. `http://10.0.0.7:3000`. */
  url: string;
}

/**
 * What became of a push to one instance. `gone`: the instance has ended, or holds no socket of the chat. `unreached`:
 * there was no answer, so nobody knows.
 */
export type PushOutcome = 'pushed' | 'gone' | 'unreached';

/**
 * Pushes to api instances; the outcomes are in the order of the targets. Never throws: a push that fails loses
 * nothing, since a widget says its last `seq` when it comes back.
 */
export type PushToVisitor = (targets: readonly PushTarget[], push: VisitorPush) => Promise<PushOutcome[]>;

/** Where an api instance takes pushes. The body is sealed with the payload keys, see `codec/sealed-json.ts`. */
export const pushPath = '/internal/visitor-pushes';
/** What binds a sealed push to the instance that it is for. */
export const pushContext = ({ instanceId }: Pick<PushTarget, 'instanceId'>): string => `push to ${instanceId}`;
