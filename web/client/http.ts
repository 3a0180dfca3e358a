import type { Problem } from '../../domain/dashboard.ts';
import { text } from '../text/index.ts';

/** Why a request gave no data, with a sentence for the reader. */
export interface Failure {
  kind: 'offline' | 'unreachable' | 'signedOut' | 'problem';
  message: string;
  /** Faults by field, of a 422. */
  errors?: Problem['errors'];
}

export type Answer<T> = { ok: true; data: T } | { ok: false; failure: Failure };

const timeoutMs = 15_000;

/** One request to our own JSON API. Never throws: whatever goes wrong is a `Failure` that can be shown. */
export async function request<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return navigator.onLine
      ? failed({ kind: 'unreachable', message: text.common.unreachable })
      : failed({ kind: 'offline', message: text.common.offline });
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return { ok: true, data: answer as T };
  if (response.status === 401) return failed({ kind: 'signedOut', message: text.common.signedOut });
  const { detail, errors } = asProblem(answer);
  return failed({ kind: 'problem', message: detail ?? text.common.unexpected, ...(errors && { errors }) });
}

function failed(failure: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure };
}

/** A proxy in between can answer with anything, so the body is a problem only if it looks like one. */
function asProblem(body: unknown): { detail?: string; errors?: Problem['errors'] } {
  if (typeof body !== 'object' || body === null) return {};
  const { detail, errors } = body as Partial<Problem>;
  return {
    ...(typeof detail === 'string' && detail !== '' ? { detail } : {}),
    ...(Array.isArray(errors) ? { errors } : {}),
  };
}
