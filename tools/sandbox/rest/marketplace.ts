import type { Request, Router } from 'express';
import { z } from 'zod';
import { zoomDateTime } from '../clock.ts';
import { ZoomError } from '../errors.ts';
import { newId } from '../ids.ts';
import { respond, type Answer } from '../respond.ts';
import { appScopes, bothLevels, coversEvent, eventNeeds } from '../scopes.ts';
import type { Delivery } from '../state.ts';
import type { World } from '../world.ts';
import { bearerOf, checkScopes, flag, pageSize, read, tokenFault, type endpointsOn } from './api.ts';
import { page } from './paging.ts';

/*
 * Webhook log and event subscriptions (developers.zoom.us/docs/api/marketplace/).
 */

const logQuery = z.object({
  page_size: pageSize(30, 300),
  next_page_token: z.string().optional(),
  /** 1 all, 2 failed, 3 successful. */
  type: z.coerce.number().int().min(1).max(3).default(2),
  event: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  retry: flag,
});

const subscriptionInput = z.looseObject({
  events: z.array(z.string()).min(1),
  event_subscription_name: z.string().min(1).default('Subscription'),
  event_webhook_url: z.url({ protocol: /^https?$/ }),
  subscription_scope: z.enum(['user', 'account', 'master_account']).optional(),
  user_ids: z.array(z.string()).max(10).optional(),
  account_id: z.string().optional(),
});
const subscriptionPatch = subscriptionInput.partial();

function logLine(delivery: Delivery): object {
  return {
    event: delivery.event,
    status: delivery.status ?? 0,
    failed_reason_type: (delivery.status ?? 0) < 0 ? delivery.status : 0,
    endpoint: delivery.url,
    subscription_id: delivery.endpoint,
    request_headers: JSON.stringify(delivery.requestHeaders ?? {}),
    request_body: delivery.body,
    response_headers: '{}',
    response_body: delivery.responseBody ?? '',
    date_time: zoomDateTime(delivery.finishedAt ?? delivery.createdAt),
    trace_id: delivery.traceId,
    request_id: delivery.requestId,
    retry_num: Math.max(0, delivery.attempts - 1),
  };
}

/** GET /marketplace/apps/{appId}/webhook_logs */
export function marketplaceEndpoints(world: World, add: ReturnType<typeof endpointsOn>, router: Router): void {
  const scopes = {
    classic: bothLevels('marketplace_app:read'),
    granular: bothLevels('marketplace:read:list_webhook_logs'),
  };
  add('get', '/marketplace/apps/:appId/webhook_logs', { label: 'MEDIUM', scopes }, ({ req, params }) => {
    if (params['appId'] !== world.config.clientId) throw new ZoomError(404, 1300, 'The app does not exist.');
    const query = read(logQuery, req.query);
    const rows = world.store.deliveries.all().filter((delivery) => {
      if (delivery.attempts === 0) return false;
      if (query.event !== undefined && delivery.event !== query.event) return false;
      if (query.type === 2) return delivery.state !== 'delivered';
      return query.type === 1 || delivery.state === 'delivered';
    });
    rows.reverse();
    const key = { type: query.type, event: query.event, size: query.page_size };
    const result = page(world, rows, (delivery) => delivery.id, key, query);
    return {
      status: 200,
      json: { next_page_token: result.next, page_size: query.page_size, webhook_logs: result.rows.map(logLine) },
    };
  });

  const path = '/marketplace/app/event_subscription';
  const checkToken = (req: Request, scope: string): void => {
    const token = world.store.tokens.get(bearerOf(req) ?? '');
    const fault = tokenFault(world, token);
    if (fault !== null) throw fault;
    if (token?.kind !== 'bot') throw new ZoomError(400, 1003, 'No permission: a client-credentials token is needed.');
    checkScopes(world, token, { classic: [], granular: [`marketplace:${scope}`] }, false);
  };
  const checkEvents = (events: string[] | undefined): void => {
    const unknown = events?.find((event) => !(event in eventNeeds));
    if (unknown !== undefined) throw new ZoomError(404, 1601, `App event not exists: ${unknown}`);
    const barred = events?.find((event) => !coversEvent(appScopes(world.switches()), event));
    if (barred !== undefined) throw new ZoomError(400, 1602, `The event is not allowed for the app: ${barred}`);
  };

  router.get(path, (req, res) =>
    respond(world, req, res, (): Answer => {
      checkToken(req, 'read:list_event_subscriptions');
      const list = world.store.subscriptions.all().map((one) => ({
        event_subscription_id: one.id,
        event_subscription_name: one.name,
        event_webhook_url: one.url,
        events: one.events,
      }));
      return { status: 200, json: { event_subscriptions: list, next_page_token: '', page_size: 30 } };
    }),
  );
  router.post(path, (req, res) =>
    respond(world, req, res, async (): Promise<Answer> => {
      checkToken(req, 'write:event_subscription');
      const input = read(subscriptionInput, req.body);
      checkEvents(input.events);
      if (world.store.subscriptions.all().length >= 19)
        throw new ZoomError(400, 1602, 'An app has at most 20 subscriptions.');
      const id = newId();
      const checked = await world.webhooks.validate({ name: id, url: input.event_webhook_url });
      if (!checked.valid) throw new ZoomError(404, 1701, 'The event webhook URL failed its validation.');
      world.store.subscriptions.put({
        id,
        name: input.event_subscription_name,
        url: input.event_webhook_url,
        events: input.events,
      });
      world.store.validations.put({
        id,
        url: checked.url,
        valid: true,
        failures: 0,
        disabled: false,
        checkedAt: world.clock.now(),
      });
      return { status: 201, json: { event_subscription_id: id } };
    }),
  );
  router.patch(`${path}/:id`, (req, res) =>
    respond(world, req, res, (): Answer => {
      checkToken(req, 'update:event_subscription');
      const input = read(subscriptionPatch, req.body);
      const known = world.store.subscriptions.get(req.params.id);
      if (known === undefined) throw new ZoomError(404, 1701, 'The subscription does not exist.');
      checkEvents(input.events);
      world.store.subscriptions.put({
        ...known,
        ...(input.events === undefined ? {} : { events: input.events }),
        ...(input.event_subscription_name === undefined ? {} : { name: input.event_subscription_name }),
        ...(input.event_webhook_url === undefined ? {} : { url: input.event_webhook_url }),
      });
      world.webhooks.revalidateSoon();
      return { status: 204 };
    }),
  );
  router.delete(`${path}/:id`, (req, res) =>
    respond(world, req, res, (): Answer => {
      checkToken(req, 'delete:event_subscription');
      world.store.subscriptions.delete(req.params.id);
      world.store.validations.delete(req.params.id);
      return { status: 204 };
    }),
  );
}
