import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import { PressError } from './chat.ts';
import { ZoomError } from './errors.ts';

/** A refusal of a control endpoint, sent as application/problem+json (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly extra: Record<string, unknown>;
  constructor(status: number, detail: string, extra: Record<string, unknown> = {}) {
    super(detail);
    this.status = status;
    this.extra = extra;
  }
}

const titles: Record<number, string> = {
  400: 'Bad request',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  500: 'Internal error',
};

/** Answers any error of a control endpoint with a problem document. */
export function toProblem(error: unknown): { status: number; body: Record<string, unknown> } {
  const make = (status: number, detail: string, extra: Record<string, unknown> = {}) => ({
    status,
    body: { type: 'about:blank', title: titles[status] ?? 'Error', status, detail, ...extra },
  });
  if (error instanceof Problem) return make(error.status, error.message, error.extra);
  if (error instanceof PressError) return make(error.kind === 'not_found' ? 404 : 409, error.message);
  if (error instanceof ZoomError)
    return make(error.status === 401 ? 403 : error.status, error.message, { code: error.code });
  if (error instanceof z.ZodError) {
    const errors = error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
    return make(400, 'The request does not fit its schema.', { errors });
  }
  const known = z.object({ status: z.number().min(400).max(499), message: z.string() }).safeParse(error);
  if (known.success) return make(known.data.status, known.data.message);
  console.error(error);
  return make(500, 'Internal error of the sandbox.');
}

/** Express error handler that answers with a problem document. */
export function problemHandler(error: unknown, _req: Request, res: Response, next: NextFunction): void {
  if (res.headersSent) {
    next(error);
    return;
  }
  const { status, body } = toProblem(error);
  res.status(status).type('application/problem+json').send(JSON.stringify(body));
}
