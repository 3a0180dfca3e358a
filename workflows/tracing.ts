import {
  defaultPayloadConverter,
  proxySinks,
  workflowInfo,
  type Headers,
  type Sinks,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { mostCauses, readTraceparent, traceHeader, writeTraceparent, type WorkflowStep } from '../domain/tracing.ts';

interface TracingSinks extends Sinks {
  tracing: { step(step: WorkflowStep): void };
}
const { tracing } = proxySinks<TracingSinks>();

/** A signal that carried a trace. */
interface Cause {
  traceparent: string;
  signalName: string;
  /** ms, workflow time. */
  at: number;
  /** What has been done for it: purposes of activities. */
  answered: string[];
}

/** How long a signal counts as the cause of what follows, ms. What a timer does later is a trace of its own. */
const causeLastsMs = 30_000;

/**
 * What an activity is for, and whose words it carries: the name of their signal. Any other activity is for itself,
 * and is put down to the side that was heard last.
 */
const purposes: Readonly<Record<string, { purpose: string; side: string }>> = {
  postToChannel: { purpose: 'relay', side: 'visitor' },
  publish: { purpose: 'push', side: 'zoom' },
};

/**
 * Which message led to which activity: the trace that a signal carried goes on in the activities that follow on it,
 * so that one trace holds a message's whole way. A workflow works off its signals by itself, in its own time, so no
 * context is "active" when it schedules an activity; this remembers the last ones instead.
 *
 * Loaded with every worker. Nothing here is asynchronous, makes a command or takes a random number: workflows run and
 * replay the same with it and without it. Signals without a trace cost one look at their headers.
 */
export const interceptors = (): WorkflowInterceptors => {
  let causes: Cause[] = [];
  let steps = 0;

  const headersFor = (activityType: string, headers: Headers): Headers => {
    if (causes.length === 0) return headers;
    const now = Date.now();
    causes = causes.filter(({ at }) => now - at < causeLastsMs);
    const { purpose, side } = purposes[activityType] ?? { purpose: activityType, side: causes.at(-1)?.signalName };
    const ofSide = causes.filter(({ signalName }) => signalName === side);
    const open = (among: Cause[]) => among.filter(({ answered }) => !answered.includes(purpose));
    const choices = [open(ofSide), ofSide.slice(-1), open(causes), causes.slice(-1)];
    const [latest, ...others] = (choices.find(({ length }) => length > 0) ?? []).reverse();
    const parent = latest && readTraceparent(latest.traceparent);
    if (!parent) return headers;
    for (const cause of [latest, ...others]) cause.answered.push(purpose);
    steps += 1;
    const spanId = stepId(parent.spanId, steps);
    const links = others.map(({ traceparent }) => traceparent);
    // Told once: not by a replay, which has no one to tell it to either.
    if (!workflowInfo().unsafe.isReplaying) {
      tracing.step({ causes: [latest.traceparent, ...links], spanId, activityType, began: latest.at, ended: now });
    }
    const list = [writeTraceparent({ ...parent, spanId }), ...links];
    return { ...headers, [traceHeader]: defaultPayloadConverter.toPayload(list) };
  };

  const outbound: WorkflowOutboundCallsInterceptor = {
    scheduleActivity: (input, next) => next({ ...input, headers: headersFor(input.activityType, input.headers) }),
  };
  return {
    inbound: [
      {
        handleSignal(input, next) {
          const traceparent = traceOf(input.headers);
          if (traceparent !== undefined) {
            causes.push({ traceparent, signalName: input.signalName, at: Date.now(), answered: [] });
            if (causes.length > mostCauses) causes.shift();
          }
          return next(input);
        },
      },
    ],
    outbound: [outbound],
  };
};

function traceOf(headers: Headers): string | undefined {
  const payload = headers[traceHeader];
  if (payload === undefined) return undefined;
  const list: unknown = defaultPayloadConverter.fromPayload(payload);
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  return typeof first === 'string' && readTraceparent(first) ? first : undefined;
}

/**
 * A span id for the nth step after a span: the same at every replay, and hardly ever another's. Two FNV-1a hashes of 32
 * bits; an id has to be unlikely to repeat, not hard to guess.
 */
function stepId(parentSpanId: string, n: number): string {
  const half = (seed: number): string => {
    let hash = seed;
    for (const character of `${parentSpanId}/${n}`) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
    }
    return hash.toString(16).padStart(8, '0');
  };
  const id = half(0x811c9dc5) + half(0x9747b28c);
  return /^0+$/.test(id) ? `${id.slice(1)}1` : id;
}
