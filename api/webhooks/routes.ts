import { raw, Router, type Request, type RequestHandler, type Response } from 'express';
import { LRUCache } from 'lru-cache';
import { limits } from '../../domain/limits.ts';
import { normalizeEvent, urlValidationAnswer, verifyWebhook } from '../../zoom/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { failureLimit, requestLimits } from '../rate-limits.ts';
import { routeEvent } from './route-event.ts';

/** Zoom gives up on an answer after 3 s; past this an operator should know. */
const slowAfterMs = 2_000;
/** Nearly all webhooks are smaller, bytes. */
const usualBodyBytes = 50_000;

/**
 * What becomes of a webhook: `refused_…` was not signed as Zoom signs, `not_stored` was answered 503, Zoom sends it
 * again.
 */
const webhookOutcomes = [
  'taken',
  'dropped',
  'repeated',
  'validation',
  'unreadable',
  'not_stored',
  'refused_missing',
  'refused_malformed',
  'refused_mismatch',
  'refused_stale',
  'refused_future',
] as const;
type WebhookOutcome = (typeof webhookOutcomes)[number];
type WebhookRefusal = WebhookOutcome extends infer O ? (O extends `refused_${infer Reason}` ? Reason : never) : never;

/**
 * What Zoom sends: to the bot's endpoint and to the event subscription's, alike. Answers 200 once Temporal has the
 * event (or it is none of ours), 503 when it could not be stored, since Zoom then sends it again; 401 only for a wrong
 * signature, since what is answered with 4xx is lost for good.
 */
export function webhookRoutes(dependencies: ApiDependencies): Router {
  const { config, clock, log, metrics } = dependencies;
  for (const outcome of webhookOutcomes) metrics.expect('live_chat_webhooks', { outcome });
  const became = (outcome: WebhookOutcome): void => metrics.count('live_chat_webhooks', { outcome });
  /**
   * Request ids of webhooks that were passed on: Zoom keeps the id over its retries. It only spares work, since the
   * workflows recognise repeats themselves: it may forget, and processes do not share it.
   */
  const seen = new LRUCache<string, true>({ max: 10_000 });
  const refusals = failureLimit(requestLimits.refusedWebhooks);
  let refused = 0;

  async function refuse(request: Request, reason: WebhookRefusal): Promise<never> {
    refused += 1;
    became(`refused_${reason}`);
    // Only what is wrongly signed is ever limited: Zoom's own must get in, whoever else shares its way to us.
    const waitMs = await refusals.waitMs(request.ip ?? '');
    await refusals.failed(request.ip ?? '');
    if (waitMs !== undefined) {
      throw new HttpProblem('too-many-requests', 'Too many wrongly signed requests.', { retryAfterSeconds: 60 });
    }
    const help =
      reason === 'mismatch'
        ? 'check ZOOM_WEBHOOK_SECRET_TOKEN'
        : reason === 'stale' || reason === 'future'
          ? 'check this machine’s clock and ZOOM_WEBHOOK_TOLERANCE_SECONDS'
          : undefined;
    log.warn({ reason, help, refused, path: request.path }, 'a webhook was refused');
    throw new HttpProblem('unauthorized', 'The signature of this request is not valid.');
  }

  const receive: RequestHandler = async (request, response) => {
    const began = clock();
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const verdict = verifyWebhook({
      rawBody: body,
      headers: request.headers,
      secretToken: config.zoom.webhookSecretToken,
      now: began,
      toleranceMs: config.zoom.webhookToleranceSeconds * 1_000,
    });
    if (!verdict.ok) return refuse(request, verdict.reason);
    const { requestId } = verdict;
    if (requestId !== undefined && seen.has(requestId)) {
      became('repeated');
      response.status(200).end();
      return;
    }
    try {
      await handle(body, response);
    } finally {
      metrics.observe('live_chat_webhook_seconds', (clock() - began) / 1_000);
    }
    if (requestId !== undefined) seen.set(requestId, true);
    const tookMs = clock() - began;
    if (tookMs > slowAfterMs) log.warn({ tookMs }, 'a webhook was answered late');
  };

  async function handle(body: Buffer, response: Response): Promise<void> {
    const normalized = normalizeEvent(parsed(body), { botJid: config.zoom.botJid });
    if (!normalized.ok) {
      const { reason, event, problem } = normalized;
      log.warn({ reason, event, problem }, 'a webhook that could not be read was dropped');
      became('unreadable');
      response.status(200).end();
      return;
    }
    const { event } = normalized;
    if (event.kind === 'urlValidation') {
      const answer = urlValidationAnswer(event.plainToken, config.zoom.webhookSecretToken);
      became('validation');
      if (!answer) log.warn('a URL validation with an unsafe plain token was not answered');
      if (answer) response.json(answer);
      else response.status(200).end();
      return;
    }
    const outcome = await routeEvent(dependencies, event).catch((cause: unknown) => {
      became('not_stored');
      throw new HttpProblem('unavailable', 'The event could not be stored. Send it again.', { cause });
    });
    became(outcome);
    response.status(200).end();
  }

  /**
   * Where so much came wrongly signed, only what is as small as Zoom's own usually are is read and hashed. Should it be
   * one of Zoom's all the same, it comes again.
   */
  const onlySmallAfterRefusals: RequestHandler = async (request, _response, next) => {
    const size = Number(request.get('content-length') ?? Infinity);
    if (size > usualBodyBytes && (await refusals.waitMs(request.ip ?? '')) !== undefined) {
      became('not_stored');
      throw new HttpProblem('unavailable', 'Too many wrongly signed requests. Send it again.', {
        retryAfterSeconds: 60,
      });
    }
    next();
  };

  const router = Router();
  router.post(
    ['/webhooks/zoom/bot', '/webhooks/zoom/events'],
    onlySmallAfterRefusals,
    // Whatever its content type: the signature is over the bytes.
    raw({ type: () => true, limit: limits.webhookBodyBytes, inflate: false }),
    receive,
  );
  return router;
}

/** The parsed JSON, or undefined, which is no event. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
