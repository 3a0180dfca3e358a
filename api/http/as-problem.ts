import { NeedsReconnectError, RenewalUnavailableError } from '../../activities/user-zoom.ts';
import { isZoomError, type ZoomError } from '../../zoom/index.ts';
import { TemporalUnavailableError } from '../temporal/call.ts';
import { HttpProblem } from './problem.ts';

/** Whatever a handler threw, as the problem to answer with. What is not known here is an error of ours: 500. */
export function asProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof TemporalUnavailableError || error instanceof RenewalUnavailableError) {
    return unavailable('The service is starting or busy. Try again in a moment.', error);
  }
  if (error instanceof NeedsReconnectError) {
    const detail = 'Zoom no longer accepts this app for your user. Reconnect Zoom, then try again.';
    return new HttpProblem('reconnect-zoom', detail, { next: { label: 'Reconnect Zoom', href: '/install' } });
  }
  if (isZoomError(error)) return zoomProblem(error);
  if (isDatabaseError(error)) return unavailable('The database does not answer. Try again in a moment.', error);
  return bodyProblem(error) ?? new HttpProblem('internal', 'The error was recorded. Try again.', { cause: error });
}

function unavailable(detail: string, cause: unknown): HttpProblem {
  return new HttpProblem('unavailable', detail, { cause, retryAfterSeconds: 5 });
}

function zoomProblem(error: ZoomError): HttpProblem {
  if (error.retryable) {
    const retryAfterSeconds = Math.ceil((error.retryAfterMs ?? 5_000) / 1_000);
    const detail = 'Zoom does not answer as it should right now. Try again in a moment.';
    return new HttpProblem('unavailable', detail, { cause: error, retryAfterSeconds });
  }
  switch (error.kind) {
    case 'scopeMissing':
    case 'grantInvalid':
    case 'unauthorized': {
      const detail = 'Zoom asks for your consent again. Reconnect Zoom, then try again.';
      const next = { label: 'Reconnect Zoom', href: '/install' };
      return new HttpProblem('reconnect-zoom', detail, { cause: error, next });
    }
    default:
      return new HttpProblem('zoom', `Zoom refused. ${error.advice}`, { cause: error });
  }
}

/** Errors of mongoose and its driver, by their names: a driver of another version is another class. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof Error && /^Mongo/.test(error.name);
}

/** Faults that the body parsers found carry a status and a type. */
function bodyProblem(error: unknown): HttpProblem | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  if (error.status === 413) return new HttpProblem('too-large', 'The request is larger than allowed.');
  if (error.status >= 400 && error.status < 500) {
    return new HttpProblem('bad-request', 'The request could not be read.', { status: error.status });
  }
  return undefined;
}
