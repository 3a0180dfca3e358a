/**
 * How a trace goes through Temporal: the W3C `traceparent` of whoever caused a call travels in a header of this name,
 * as a JSON string (a list of them for what several messages caused, the last one first). Headers are not encrypted;
 * a trace id is a random number and says nothing.
 */
export const traceHeader = 'live-chat-trace';

/** Most causes that one activity names. */
export const mostCauses = 8;

/** One step of a workflow on the way of a message: from the signal's arrival to the activity that it led to. */
export interface WorkflowStep {
  /** `traceparent` of each message that led to it, the latest first. */
  causes: string[];
  /** Span id that was made for this step, 16 hex digits. */
  spanId: string;
  /** What is about to be done: the activity's type. */
  activityType: string;
  /** ms since 1970, the workflow's time: when the latest cause came in, and when the activity was scheduled. */
  began: number;
  ended: number;
}

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The parts of a `traceparent`, or undefined when it is none. */
export function readTraceparent(text: string): { traceId: string; spanId: string; flags: number } | undefined {
  const [, traceId, spanId, flags] = form.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, flags: parseInt(flags, 16) };
}

/** The `traceparent` of a span. */
export function writeTraceparent(span: { traceId: string; spanId: string; flags: number }): string {
  return `00-${span.traceId}-${span.spanId}-${(span.flags & 0xff).toString(16).padStart(2, '0')}`;
}
