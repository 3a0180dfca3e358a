import type { Response } from 'express';
import type { Problem } from '../../domain/dashboard.ts';

/** The kinds of problems the api answers with; the `type` of the answer is made of it. */
export type ProblemKind =
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'invalid'
  | 'too-many-requests'
  | 'reconnect-zoom'
  | 'zoom'
  | 'unavailable'
  | 'internal';

const statuses: Record<ProblemKind, number> = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  invalid: 422,
  'too-many-requests': 429,
  'reconnect-zoom': 409,
  zoom: 502,
  unavailable: 503,
  internal: 500,
};

const titles: Record<ProblemKind, string> = {
  'bad-request': 'The request could not be read',
  unauthorized: 'Please sign in',
  forbidden: 'This is not allowed',
  'not-found': 'Not found',
  conflict: 'Not possible now',
  'too-large': 'Too large',
  invalid: 'Something needs to be corrected',
  'too-many-requests': 'Too many requests',
  'reconnect-zoom': 'Reconnect Zoom',
  zoom: 'Zoom refused',
  unavailable: 'Not available right now',
  internal: 'Something went wrong',
};

/** What a page offers as the way on. */
export interface NextStep {
  label: string;
  href: string;
}

export interface ProblemOptions {
  errors?: Problem['errors'];
  /** Seconds, for the `Retry-After` header. */
  retryAfterSeconds?: number;
  title?: string;
  /** HTTP status, where it differs from the kind's own. */
  status?: number;
  /** For a problem shown as a page: where to go on. */
  next?: NextStep;
  cause?: unknown;
}

/**
 * An answer that is not a success, in words for the person who reads it. Thrown by handlers, sent by the error handler.
 */
export class HttpProblem extends Error {
  override name = 'HttpProblem';
  readonly kind: ProblemKind;
  readonly status: number;
  readonly title: string;
  readonly errors: Problem['errors'];
  readonly retryAfterSeconds: number | undefined;
  readonly next: NextStep | undefined;

  /** @param detail a sentence: what happened and what to do next. */
  constructor(kind: ProblemKind, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.status = options.status ?? statuses[kind];
    this.title = options.title ?? titles[kind];
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.next = options.next;
  }

  /** As RFC 9457 has it. */
  toJSON(): Problem {
    const { kind, title, status, message: detail, errors } = this;
    return { type: `urn:live-chat:problem:${kind}`, title, status, detail, ...(errors ? { errors } : {}) };
  }
}

/** Answer with `application/problem+json`. */
export function sendProblem(response: Response, problem: HttpProblem): void {
  if (problem.retryAfterSeconds !== undefined) response.set('Retry-After', String(problem.retryAfterSeconds));
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}
