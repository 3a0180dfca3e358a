import type { Request, Router } from 'express';
import { z } from 'zod';
import { findUser } from '../chat.ts';
import { invalid, noPermission, noUser, ZoomError } from '../errors.ts';
import type { Label } from '../limits.ts';
import { respond, type Answer } from '../respond.ts';
import { covers, missingNames, type ScopeNeed } from '../scopes.ts';
import type { Token, User } from '../state.ts';
import type { World } from '../world.ts';

/** One call of the REST API, authorized. */
export interface Call {
  req: Request;
  params: Record<string, string>;
  body: unknown;
  /** The person whose token is used. */
  caller: User;
  /** The person whom the path names, or the caller. */
  user: User;
}

/** What an endpoint of the user API needs. */
export interface Endpoint {
  label: Label;
  scopes: ScopeNeed;
  /** Whether the call acts on messages or channels in the user's name, which their role must allow. */
  role?: 'messages' | 'channels';
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

const perSecond = 'You have reached the maximum per-second rate limit for this API. Try again later.';
const perDay =
  'You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request.';

/** 429 with the headers that the switches ask for. */
export function tooMany(
  world: World,
  kind: 'second' | 'daily',
  until: number,
  headers: Record<string, string> = {},
): ZoomError {
  const switches = world.switches();
  const extra: Record<string, string> = switches.rateLimitHeaders ? { ...headers } : {};
  if (switches.retryAfter === 'iso') extra['Retry-After'] = new Date(until).toISOString().replace(/\.\d{3}Z$/, 'Z');
  if (switches.retryAfter === 'http-date') extra['Retry-After'] = new Date(until).toUTCString();
  if (switches.retryAfter === 'seconds') {
    extra['Retry-After'] = String(Math.max(1, Math.ceil((until - world.clock.now()) / 1000)));
  }
  return new ZoomError(429, 429, kind === 'second' ? perSecond : perDay, { headers: extra });
}

/** Counts a call against its account's limits. @returns rate limit headers for the answer */
export function countCall(world: World, accountId: string, label: Label): Record<string, string> {
  const verdict = world.limits.call(accountId, label);
  if (verdict.refused !== null) {
    const refused = { account_id: accountId, label, limit: verdict.refused };
    world.feed.publish('rate.refused', world.clock.now(), refused);
    throw tooMany(world, verdict.refused, verdict.until, verdict.headers);
  }
  return world.switches().rateLimitHeaders ? verdict.headers : {};
}

/** Counts a message into a channel, and refuses it while a window blocks the channel. */
export function countMessage(world: World, channelId: string): void {
  const until = world.limits.message(channelId);
  if (until === 0) return;
  if (world.switches().burstAnswer === '429') throw tooMany(world, 'second', until);
  throw new ZoomError(400, 5301, 'Request to send message failed.');
}

/** The bearer token of a request, or undefined. */
export function bearerOf(req: Request): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
}

/** Why a token cannot be used, or null. */
export function tokenFault(world: World, token: Token | undefined): ZoomError | null {
  if (world.switches().appDisabled === 'by_admin')
    return new ZoomError(401, 4738, 'The app has been disabled by an admin.');
  if (world.switches().appDisabled === 'by_zoom') return new ZoomError(401, 4717, 'The app has been disabled.');
  if (token === undefined || token.kind === 'refresh') return new ZoomError(401, 124, 'Invalid access token.');
  if (token.ended !== undefined) {
    return token.ended === 'uninstalled'
      ? new ZoomError(401, 4737, 'Invalid access token, the authorization was not found.')
      : new ZoomError(401, 4741, 'The token has been revoked.');
  }
  if (token.expiresAt <= world.clock.now()) return new ZoomError(401, 124, 'Access token is expired.');
  return null;
}

function authorize(world: World, req: Request): { token: Token; caller: User | undefined } {
  if (req.query['access_token'] !== undefined) {
    throw new ZoomError(
      401,
      124,
      'Invalid access token, this access token is not supported as query parameter string.',
    );
  }
  const token = world.store.tokens.get(bearerOf(req) ?? '');
  const fault = tokenFault(world, token);
  if (fault !== null || token === undefined) throw fault ?? new ZoomError(401, 124, 'Invalid access token.');
  const caller = token.userId === null ? undefined : world.store.users.get(token.userId);
  if (token.userId !== null && caller?.status !== 'active') throw new ZoomError(401, 124, 'Invalid access token.');
  return { token, caller };
}

/** Refuses a token whose scopes do not cover an endpoint. */
export function checkScopes(world: World, token: Token, need: ScopeNeed, onBehalf: boolean): void {
  if (covers(token.scopes, need, onBehalf)) return;
  const names = missingNames(need, world.switches());
  throw new ZoomError(
    world.switches().scopeErrorStatus,
    4711,
    `Invalid access token, does not contain scopes:[${names}].`,
  );
}

/**
 * Registers endpoints of the user API on a router. A path's `:u` is a user id, e-mail or `me`; another user than
 * the token's must belong to its account.
 */
export function endpointsOn(world: World, router: Router) {
  return (
    method: Method,
    path: string,
    endpoint: Endpoint,
    handler: (call: Call) => Answer | Promise<Answer>,
  ): void => {
    router[method](path, (req, res) =>
      respond(world, req, res, async () => {
        const { token, caller } = authorize(world, req);
        const headers = caller === undefined ? {} : countCall(world, caller.accountId, endpoint.label);
        const params = z.record(z.string(), z.string()).parse(req.params);
        const named = params['u'];
        checkScopes(world, token, endpoint.scopes, named !== undefined && named !== 'me');
        if (caller === undefined) throw new ZoomError(401, 124, 'Invalid access token.');
        const user = named === undefined || named === 'me' ? caller : findUser(world, named);
        if (user === undefined || user.accountId !== caller.accountId) throw noUser(named ?? '');
        const switches = world.switches();
        if (endpoint.role !== undefined && user.status !== 'active') throw noPermission('The user is not active.');
        if (endpoint.role === 'messages' && !switches.roleChatMessagesEdit) throw roleLacks('Chat Messages');
        if (endpoint.role === 'channels' && !switches.roleChatChannelsEdit) throw roleLacks('Chat Channels');
        const answer = await handler({ req, params, body: req.body as unknown, caller, user });
        return { ...answer, headers: { ...headers, ...answer.headers } };
      }),
    );
  };
}

function roleLacks(what: string): ZoomError {
  return new ZoomError(400, 200, `No permission: the user's role lacks "${what} - Edit".`);
}

/** Reads a body or a query by its schema; what does not fit answers 400/300 with the fields. */
export function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message })));
}

/** A query parameter that must be a whole number between 1 and `max`; larger values count as `max`. */
export function pageSize(standard: number, max: number): z.ZodType<number> {
  return z.coerce
    .number()
    .int()
    .min(1)
    .default(standard)
    .transform((value) => Math.min(value, max));
}

/** A query parameter `true` or `false`. */
export const flag = z
  .enum(['true', 'false'])
  .optional()
  .transform((value) => value === 'true');
