import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { HttpProblem } from './problem.ts';

/** Requests from one IP address to one group of routes, within `windowMs`. Generous: a whole office may share one address. */
export interface RequestLimit {
  limit: number;
  windowMs: number;
}

export const requestLimits = {
  /** Sign-in, install and the OAuth callback. */
  auth: { limit: 120, windowMs: 60_000 },
  /** The dashboard's JSON API, which the onboarding page polls. */
  api: { limit: 1_200, windowMs: 60_000 },
  /** Guesses at the operators' password. */
  operatorSignIn: { limit: 10, windowMs: 5 * 60_000 },
  codec: { limit: 1_200, windowMs: 60_000 },
} satisfies Record<string, RequestLimit>;

/** Answers 429 with `Retry-After` beyond the limit. */
export function limitRequests({ limit, windowMs }: RequestLimit): RequestHandler {
  return rateLimit({
    limit,
    windowMs,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // Its checks print to the console; `TRUST_PROXY` says how addresses are read.
    validate: false,
    handler: (_request, response) => {
      const retryAfterSeconds = Number(response.getHeader('Retry-After') ?? Math.ceil(windowMs / 1_000));
      const detail = 'There were too many requests from your network address. Wait a moment, then try again.';
      throw new HttpProblem('too-many-requests', detail, { retryAfterSeconds });
    },
  });
}
