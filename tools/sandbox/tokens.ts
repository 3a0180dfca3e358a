import { createHash, timingSafeEqual } from 'node:crypto';
import { deauthorizedEvent, installedEvent } from './events.ts';
import { newId, newToken } from './ids.ts';
import { appScopes, botScopes } from './scopes.ts';
import type { Code, Grant, Token, User } from './state.ts';
import type { World } from './world.ts';

/** Lives of authorization codes, access tokens and refresh tokens (developers.zoom.us/docs/integrations/oauth/). */
const codeLifeMs = 5 * 60_000;
const accessLifeSeconds = 3_600;
const refreshLifeMs = 90 * 86_400_000;

type OAuthErrorName = 'invalid_grant' | 'invalid_client' | 'invalid_request' | 'unsupported_grant_type';

/** A refusal of the OAuth host: 400 with `{reason, error}`. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly error: OAuthErrorName;
  constructor(error: OAuthErrorName, reason: string) {
    super(reason);
    this.error = error;
  }
}

/** The JSON of a token answer. Chatbot tokens have no refresh_token. */
export interface TokenAnswer {
  access_token: string;
  token_type: 'bearer';
  refresh_token?: string;
  expires_in: number;
  scope: string;
  api_url: string;
}

function changed(world: World, type: string, data: Record<string, unknown>): void {
  world.feed.publish(type, world.clock.now(), data);
}

/** Notes a person's consent and returns the code that the app can exchange. */
export function consent(
  world: World,
  user: User,
  request: {
    redirectUri: string;
    scopes: string[];
    challenge?: string | undefined;
    challengeMethod?: 'S256' | 'plain' | undefined;
  },
): Code {
  changed(world, 'oauth.consented', { user_id: user.id });
  return world.store.codes.put({
    id: newId() + newId(),
    userId: user.id,
    scopes: request.scopes,
    redirectUri: request.redirectUri,
    ...(request.challenge === undefined
      ? {}
      : { challenge: request.challenge, challengeMethod: request.challengeMethod ?? 'plain' }),
    expiresAt: world.clock.now() + codeLifeMs,
    used: false,
  });
}

function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Checks the Basic credentials of the app. */
export function isClient(world: World, authorization: string | undefined): boolean {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return false;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  return same(decoded, `${world.config.clientId}:${world.config.clientSecret}`);
}

function answer(world: World, access: Token, refresh?: Token): TokenAnswer {
  return {
    access_token: access.id,
    token_type: 'bearer',
    ...(refresh === undefined ? {} : { refresh_token: refresh.id }),
    expires_in: accessLifeSeconds,
    scope: access.scopes.join(' '),
    api_url: world.switches().apiUrl === 'global' ? world.publicUrl() : `${world.publicUrl()}/region/us`,
  };
}

function endTokens(world: World, userId: string, ended: NonNullable<Token['ended']>): void {
  const now = world.clock.now();
  for (const token of world.store.tokens.all()) {
    if (token.expiresAt < now - 86_400_000) world.store.tokens.delete(token.id);
    else if (token.userId === userId && token.ended === undefined) world.store.tokens.put({ ...token, ended });
  }
}

function issuePair(world: World, user: User, scopes: string[]): TokenAnswer {
  // A new pair ends the one before it at once, by refresh or by another consent; there is no grace.
  endTokens(world, user.id, 'superseded');
  const now = world.clock.now();
  const base = { userId: user.id, scopes };
  const access = world.store.tokens.put({
    ...base,
    id: newToken('access'),
    kind: 'access',
    expiresAt: now + accessLifeSeconds * 1000,
  });
  const refresh = world.store.tokens.put({
    ...base,
    id: newToken('refresh'),
    kind: 'refresh',
    expiresAt: now + refreshLifeMs,
  });
  return answer(world, access, refresh);
}

function ownerOf(world: World, userId: string | null): User {
  const user = userId === null ? undefined : world.store.users.get(userId);
  if (user?.status !== 'active') throw new OAuthError('invalid_grant', 'Token owner no longer exists.');
  return user;
}

/** grant_type=authorization_code */
export function exchangeCode(
  world: World,
  input: { code?: string | undefined; redirect_uri?: string | undefined; code_verifier?: string | undefined },
): TokenAnswer {
  if (input.code === undefined || input.code === '')
    throw new OAuthError('invalid_request', 'Missing authorization code');
  const code = world.store.codes.get(input.code);
  if (code === undefined || code.used || code.expiresAt <= world.clock.now()) {
    throw new OAuthError('invalid_grant', 'Invalid authorization code');
  }
  if (code.redirectUri !== input.redirect_uri) throw new OAuthError('invalid_grant', 'Redirect URI mismatch');
  if (code.challenge !== undefined) {
    const verifier = input.code_verifier ?? '';
    const made = code.challengeMethod === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
    if (!same(made, code.challenge)) throw new OAuthError('invalid_grant', 'Invalid code verifier');
  }
  const user = ownerOf(world, code.userId);
  world.store.codes.put({ ...code, used: true });
  const known = world.store.grants.get(user.id);
  const grant: Grant = {
    id: user.id,
    accountId: user.accountId,
    scopes: code.scopes,
    appScopes: appScopes(world.switches()),
    grantedAt: world.clock.now(),
  };
  world.store.grants.put(grant);
  const pair = issuePair(world, user, code.scopes);
  changed(world, 'oauth.granted', { user_id: user.id });
  if (known === undefined) installedEvent(world, user);
  return pair;
}

/** grant_type=refresh_token */
export function refreshPair(world: World, refreshToken: string | undefined): TokenAnswer {
  if (refreshToken === undefined || refreshToken === '')
    throw new OAuthError('invalid_request', 'Missing refresh token');
  const token = world.store.tokens.get(refreshToken);
  if (token?.kind !== 'refresh' || token.ended !== undefined || token.expiresAt <= world.clock.now()) {
    throw new OAuthError('invalid_grant', 'Invalid Token!');
  }
  const user = ownerOf(world, token.userId);
  const grant = world.store.grants.get(user.id);
  if (grant === undefined) throw new OAuthError('invalid_grant', 'Invalid Token!');
  if (scopesEdited(world, grant)) throw new OAuthError('invalid_grant', 'Refresh token invalid');
  changed(world, 'oauth.refreshed', { user_id: user.id });
  return issuePair(world, user, token.scopes);
}

/** Any edit of the app's scopes ends the refresh tokens granted before it. */
function scopesEdited(world: World, grant: Grant): boolean {
  const now = appScopes(world.switches());
  return now.length !== grant.appScopes.length || now.some((scope) => !grant.appScopes.includes(scope));
}

/** grant_type=client_credentials: the chatbot's token, which serves every account. Earlier ones stay good. */
export function botToken(world: World): TokenAnswer {
  const expiresAt = world.clock.now() + accessLifeSeconds * 1000;
  for (const token of world.store.tokens.all()) {
    if (token.kind === 'bot' && token.expiresAt <= world.clock.now()) world.store.tokens.delete(token.id);
  }
  const token = world.store.tokens.put({
    id: newToken('bot'),
    kind: 'bot',
    userId: null,
    scopes: botScopes(world.switches()),
    expiresAt,
  });
  return answer(world, token);
}

/** Revokes a token; a user's pair goes as one. */
export function revoke(world: World, id: string | undefined): void {
  if (id === undefined || id === '') throw new OAuthError('invalid_request', 'Missing token');
  const token = world.store.tokens.get(id);
  if (token === undefined) throw new OAuthError('invalid_request', 'Invalid Token!');
  if (token.userId === null) world.store.tokens.put({ ...token, ended: 'revoked' });
  else endTokens(world, token.userId, 'revoked');
  changed(world, 'oauth.revoked', { user_id: token.userId });
}

/** A person removes the app: consent and tokens go, and app_deauthorized is sent. */
export function uninstall(world: World, user: User): boolean {
  if (world.store.grants.get(user.id) === undefined) return false;
  endTokens(world, user.id, 'uninstalled');
  deauthorizedEvent(world, user);
  world.store.grants.delete(user.id);
  changed(world, 'oauth.uninstalled', { user_id: user.id });
  return true;
}

/**
 * Takes scopes from what people have granted, tokens included: only a new consent gives them back.
 * @returns how many tokens lost some
 */
export function removeScopes(world: World, scopes: string[], userId?: string): number {
  const isLeft = (scope: string): boolean => !scopes.includes(scope);
  for (const grant of world.store.grants.all()) {
    if (userId !== undefined && grant.id !== userId) continue;
    world.store.grants.put({ ...grant, scopes: grant.scopes.filter(isLeft) });
    changed(world, 'oauth.scopes_removed', { user_id: grant.id, scopes });
  }
  const narrowed = world.store.tokens
    .all()
    .filter((token) => token.userId !== null && (userId === undefined || token.userId === userId))
    .filter((token) => token.ended === undefined && !token.scopes.every(isLeft));
  for (const token of narrowed) world.store.tokens.put({ ...token, scopes: token.scopes.filter(isLeft) });
  return narrowed.length;
}

/** Ends tokens on demand: lets them expire, or revokes them. Returns how many it ended. */
export function spoilTokens(world: World, how: 'expire' | 'revoke', kinds: Token['kind'][], userId?: string): number {
  let count = 0;
  for (const token of world.store.tokens.all()) {
    if (!kinds.includes(token.kind) || token.ended !== undefined) continue;
    if (userId !== undefined && token.userId !== userId) continue;
    if (how === 'expire') world.store.tokens.put({ ...token, expiresAt: world.clock.now() });
    else world.store.tokens.put({ ...token, ended: 'revoked' });
    count += 1;
  }
  return count;
}
