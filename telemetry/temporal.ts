import { activityInfo } from '@temporalio/activity';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, InjectedSinks } from '@temporalio/worker';
import { traceHeader, type WorkflowStep } from '../domain/tracing.ts';
import { currentTraceparent, inSpan, recordSpan } from './tracing.ts';

/** What workflows report of themselves; `workflows/tracing.ts` calls it. */
export interface TracingSinks {
  [name: string]: { step(step: WorkflowStep): void };
  tracing: { step(step: WorkflowStep): void };
}

/**
 * A client's calls to workflows as spans, whose trace goes on in the workflow. For a client of a process that traces.
 */
export const tracedClient: WorkflowClientInterceptor = {
  signal: (input, next) =>
    inSpan(`signal ${input.signalName}`, workflowSpan(input.workflowExecution.workflowId), () =>
      next({ ...input, headers: withTrace(input.headers) }),
    ),
  signalWithStart: (input, next) =>
    inSpan(`signal ${input.signalName}`, workflowSpan(input.options.workflowId), () =>
      next({ ...input, headers: withTrace(input.headers) }),
    ),
  startWithDetails: (input, next) =>
    inSpan(`start ${input.workflowType}`, workflowSpan(input.options.workflowId), () => next(input)),
  startUpdateWithStart: (input, next) =>
    inSpan(`update ${input.updateName}`, workflowSpan(input.workflowStartOptions.workflowId), () => next(input)),
};

function workflowSpan(workflowId: string) {
  return { kind: 'client', attributes: { temporalWorkflowId: workflowId } } as const;
}

function withTrace(headers: Headers): Headers {
  const traceparent = currentTraceparent();
  return traceparent === undefined
    ? headers
    : { ...headers, [traceHeader]: defaultPayloadConverter.toPayload([traceparent]) };
}

/** An activity, local ones too, as a span: child of the workflow's step that led to it, linked to its other causes. */
export const tracedActivity: ActivityInboundCallsInterceptor = {
  execute(input, next) {
    const { activityType, attempt, workflowExecution } = activityInfo();
    return inSpan(
      `activity ${activityType}`,
      {
        causes: causesIn(input.headers),
        attributes: {
          'temporal.attempt': attempt,
          ...(workflowExecution === undefined
            ? {}
            : { temporalWorkflowId: workflowExecution.workflowId, temporalRunId: workflowExecution.runId }),
        },
      },
      () => next(input),
    );
  },
};

function causesIn(headers: Headers): string[] {
  const payload = headers[traceHeader];
  if (payload === undefined) return [];
  // It came over the wire: whatever is no list of texts causes nothing.
  const causes: unknown = defaultPayloadConverter.fromPayload(payload);
  return Array.isArray(causes) ? causes.filter((cause): cause is string => typeof cause === 'string') : [];
}

/** The worker's end of what workflows report. Never during a replay. */
export const tracingSinks: InjectedSinks<TracingSinks> = {
  tracing: {
    step: {
      fn: ({ workflowId, runId, workflowType }, { causes, spanId, activityType, began, ended }) => {
        recordSpan({
          name: `workflow ${workflowType}`,
          causes,
          spanId,
          began,
          ended,
          attributes: { temporalWorkflowId: workflowId, temporalRunId: runId, 'temporal.schedules': activityType },
        });
      },
    },
  },
};
