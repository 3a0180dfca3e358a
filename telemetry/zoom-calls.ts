import type { Metrics } from './metrics.ts';
import { recordSpan } from './tracing.ts';

/** What the Zoom client reports of a finished call; see `ZoomCall` in zoom/config.ts. */
interface FinishedCall {
  readonly operation: string;
  readonly status?: number | undefined;
  readonly durationMs: number;
  readonly error?: { readonly kind: string } | undefined;
}

/**
 * The `onCall` of the Zoom client: counts the call, and makes its span, a child of what is under way. Nothing of ours
 * is sent to Zoom for it.
 * @param errorKinds every `kind` that a failed call can have.
 */
export function observeZoomCalls(metrics: Metrics, errorKinds: readonly string[]): (call: FinishedCall) => void {
  for (const kind of errorKinds) metrics.expect('live_chat_zoom_errors', { kind });
  return ({ operation, status, durationMs, error }) => {
    metrics.count('live_chat_zoom_calls', { operation, outcome: error ? 'error' : 'ok' });
    if (error) metrics.count('live_chat_zoom_errors', { kind: error.kind });
    metrics.observe('live_chat_zoom_call_seconds', durationMs / 1_000, { operation });
    const ended = Date.now();
    recordSpan({
      name: `Zoom ${operation}`,
      kind: 'client',
      began: ended - durationMs,
      ended,
      attributes: {
        'zoom.operation': operation,
        ...(status === undefined ? {} : { 'http.response.status_code': status }),
      },
      failure: error?.kind,
    });
  };
}
