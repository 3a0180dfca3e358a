import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { ZoomError } from './errors.ts';
import type { ActiveRule } from './faults.ts';
import type { World } from './world.ts';

/** What a handler wants to answer. Exactly one of `json`, `html` and `location` is sent, or nothing. */
export interface Answer {
  status: number;
  json?: unknown;
  html?: string;
  location?: string;
  headers?: Record<string, string>;
}

type Phase = 'before' | 'after';

function phaseOf(rule: ActiveRule): Phase {
  return 'when' in rule ? rule.when : 'after';
}

function send(res: Response, answer: Answer): void {
  res.status(answer.status);
  res.set(answer.headers ?? {});
  if (answer.location !== undefined) {
    res.set('location', answer.location);
    res.end();
  } else if (answer.html !== undefined) {
    res.type('html').send(answer.html);
  } else if (answer.json !== undefined) {
    res.json(answer.json);
  } else {
    res.end();
  }
}

function statusAnswer(rule: Extract<ActiveRule, { kind: 'status' }>): Answer {
  const body = rule.body ?? { code: rule.code ?? rule.status, message: rule.message ?? 'Injected fault.' };
  return { status: rule.status, json: body, headers: rule.headers };
}

/**
 * Lets the rules of one phase act.
 * @returns whether they have dealt with the request for good
 */
async function act(
  rules: ActiveRule[],
  phase: Phase,
  req: Request,
  res: Response,
  answer: Answer | undefined,
): Promise<boolean> {
  for (const rule of rules) {
    if (phaseOf(rule) !== phase) continue;
    switch (rule.kind) {
      case 'delay':
        await sleep(rule.delay_ms);
        break;
      case 'status':
        send(res, statusAnswer(rule));
        return true;
      case 'reset':
      case 'token_answer_lost':
        req.socket.resetAndDestroy();
        return true;
      case 'hang':
        return true; // The connection stays open until the caller gives up.
      case 'malformed_json': {
        const text = JSON.stringify(answer?.json ?? { fault: 'malformed' });
        res
          .status(answer?.status ?? 200)
          .type('json')
          .end(text.slice(0, Math.ceil(text.length / 2)));
        return true;
      }
      case 'webhook':
      case 'mail':
        break;
    }
  }
  return false;
}

/** What a handler threw, as an answer in Zoom's words. */
function answerOf(error: unknown): Answer {
  if (error instanceof ZoomError) return { status: error.status, json: error.body, headers: error.headers };
  console.error(error);
  return { status: 500, json: { code: 500, message: 'Internal error of the sandbox.' } };
}

/**
 * Answers one request of Zoom's API: injected faults around the handler's work, and everything the work changed
 * committed before the answer leaves.
 */
export async function respond(
  world: World,
  req: Request,
  res: Response,
  work: () => Answer | Promise<Answer>,
  options: { isRefresh?: boolean } = {},
): Promise<void> {
  res.set('x-zm-trackingid', `v=2.0;clid=sandbox;rid=WEB_${randomUUID().replaceAll('-', '')}`);
  const path = req.originalUrl.split('?', 1)[0] ?? '/';
  const { method, body } = req as { method: string; body: unknown };
  const rules = world.faults.forRequest({ method, path, body, isRefresh: options.isRefresh === true });
  if (await act(rules, 'before', req, res, undefined)) return;
  let answer: Answer;
  try {
    answer = await work();
  } catch (error) {
    answer = answerOf(error);
  }
  world.store.commit();
  if (await act(rules, 'after', req, res, answer)) return;
  send(res, answer);
}
