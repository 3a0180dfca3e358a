import { Router, urlencoded, type Request } from 'express';
import { z } from 'zod';
import { findUser } from './chat.ts';
import { respond, type Answer } from './respond.ts';
import { appScopes, areForAdmins, inWords } from './scopes.ts';
import type { User } from './state.ts';
import {
  botToken,
  consent,
  exchangeCode,
  isClient,
  OAuthError,
  refreshPair,
  revoke,
  type TokenAnswer,
} from './tokens.ts';
import { consentPage, consentProblemPage, needsAdminPage, waitForApprovalPage } from './ui/pages.tsx';
import type { World } from './world.ts';

/*
 * The OAuth host (developers.zoom.us/docs/integrations/oauth/): consent page, token endpoint and revocation.
 */

const one = z.string().optional();

/** Parameters of the authorize address, in the query or repeated by the page's form. */
const authorizeQuery = z.object({
  response_type: one,
  client_id: one,
  redirect_uri: one,
  state: one,
  scope: one,
  code_challenge: one,
  code_challenge_method: one,
});
const decisionForm = authorizeQuery.extend({ user_id: one, decision: z.enum(['allow', 'cancel']) });

const tokenForm = z.object({
  grant_type: one,
  code: one,
  redirect_uri: one,
  code_verifier: one,
  refresh_token: one,
});

/** An authorize request that passed its checks. */
export interface AuthorizeRequest {
  redirectUri: string;
  state: string | undefined;
  scopes: string[];
  challenge: string | undefined;
  challengeMethod: 'S256' | 'plain' | undefined;
}

/** Why an authorize request cannot go on; shown on a page, never sent to the redirect address. */
export class AuthorizeProblem extends Error {
  override readonly name = 'AuthorizeProblem';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Checks an authorize request. @throws AuthorizeProblem */
export function checkAuthorize(world: World, query: z.infer<typeof authorizeQuery>): AuthorizeRequest {
  if (query.client_id !== world.config.clientId) throw new AuthorizeProblem(4702, 'Invalid client_id.');
  if (query.redirect_uri === undefined || !world.config.redirectUris.includes(query.redirect_uri)) {
    throw new AuthorizeProblem(4709, 'Invalid redirect URI: it must equal one that the app has registered.');
  }
  if (query.response_type !== 'code') throw new AuthorizeProblem(4700, 'response_type must be code.');
  if (world.switches().appDisabled !== 'no') throw new AuthorizeProblem(4717, 'The app has been disabled.');
  const known = appScopes(world.switches());
  const separator = world.switches().scopeSeparator === 'comma' ? ',' : ' ';
  const asked = query.scope?.split(separator).filter((scope) => scope !== '') ?? [];
  const strange = asked.find((scope) => !known.includes(scope));
  if (strange !== undefined) throw new AuthorizeProblem(4700, `Invalid scope: ${strange}`);
  const method = query.code_challenge_method ?? 'plain';
  if (query.code_challenge !== undefined && method !== 'S256' && method !== 'plain') {
    throw new AuthorizeProblem(4700, 'code_challenge_method must be S256 or plain.');
  }
  return {
    redirectUri: query.redirect_uri,
    state: query.state,
    scopes: asked.length === 0 ? known : known.filter((scope) => asked.includes(scope)),
    challenge: query.code_challenge,
    challengeMethod: query.code_challenge === undefined ? undefined : method === 'S256' ? 'S256' : 'plain',
  };
}

const isAdministrator = (user: User | undefined): boolean => user?.role === 'owner' || user?.role === 'admin';

/**
 * What keeps a person from giving consent: only owner and administrators may grant `:admin` scopes, whoever has added
 * the app before (developers.zoom.us/docs/internal-apps/oauth-scopes-overview/), and an account can want its
 * administrators to approve any app first.
 */
export function obstacle(world: World, user: User, scopes: string[]): 'needs_admin' | 'needs_approval' | null {
  if (isAdministrator(user)) return null;
  if (areForAdmins(scopes)) return 'needs_admin';
  if (!world.switches().preApproval) return null;
  const approved = world.store.grants
    .all()
    .some((grant) => grant.accountId === user.accountId && isAdministrator(world.store.users.get(grant.id)));
  return approved ? null : 'needs_approval';
}

/** Where the browser goes after the person has decided. */
export function decide(world: World, request: AuthorizeRequest, user: User | 'cancel'): string {
  const target = new URL(request.redirectUri);
  if (user === 'cancel') {
    target.searchParams.set('error', 'access_denied');
    target.searchParams.set('error_description', 'The user denied the authorization request.');
  } else {
    target.searchParams.set('code', consent(world, user, request).id);
  }
  if (request.state !== undefined) target.searchParams.set('state', request.state);
  return target.href;
}

/** Lets the consent page's form lead to the app: browsers hold form-action against redirects too. */
function formPolicy(redirectUri: string): Record<string, string> {
  return {
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${new URL(redirectUri).origin}`,
  };
}

function problemAnswer(world: World, error: unknown): Answer {
  if (!(error instanceof AuthorizeProblem)) throw error;
  return { status: 400, html: consentProblemPage(world, error.code, error.message) };
}

function queryOf(req: Request): z.infer<typeof authorizeQuery> {
  return authorizeQuery.catch({}).parse(req.query);
}

/** Routes under /oauth. */
export function oauthRoutes(world: World): Router {
  const router = Router();
  router.use(urlencoded({ extended: false, limit: '64kb' }));

  router.get('/authorize', (req, res) =>
    respond(world, req, res, () => {
      try {
        const query = queryOf(req);
        const request = checkAuthorize(world, query);
        const people = world.store.users.all().filter((user) => user.status === 'active');
        const choices = people.map((user) => ({ user, obstacle: obstacle(world, user, request.scopes) }));
        const html = consentPage(world, query, inWords(request.scopes), choices);
        return { status: 200, html, headers: formPolicy(request.redirectUri) };
      } catch (error) {
        return problemAnswer(world, error);
      }
    }),
  );

  router.post('/authorize', (req, res) =>
    respond(world, req, res, () => {
      try {
        const form = decisionForm.safeParse(req.body);
        if (!form.success) throw new AuthorizeProblem(4700, 'The form was not filled in.');
        const request = checkAuthorize(world, form.data);
        if (form.data.decision === 'cancel') return { status: 302, location: decide(world, request, 'cancel') };
        const user = findUser(world, form.data.user_id ?? '');
        if (user?.status !== 'active') throw new AuthorizeProblem(4735, 'Choose who you are.');
        const hindered = obstacle(world, user, request.scopes);
        if (hindered === 'needs_admin') return { status: 403, html: needsAdminPage() };
        if (hindered === 'needs_approval') return { status: 403, html: waitForApprovalPage(world, user) };
        return { status: 302, location: decide(world, request, user) };
      } catch (error) {
        return problemAnswer(world, error);
      }
    }),
  );

  /** Both the OAuth host's form body and the chatbot page's query string are taken. */
  const grantOf = (req: Request): z.infer<typeof tokenForm> => {
    const body = tokenForm.catch({}).parse(req.body ?? {});
    const query = tokenForm.catch({}).parse(req.query);
    return { ...query, ...body };
  };

  const grant = (req: Request): TokenAnswer => {
    if (!isClient(world, req.headers.authorization)) {
      throw new OAuthError('invalid_client', 'Invalid client_id or client_secret');
    }
    if (world.switches().appDisabled !== 'no') throw new OAuthError('invalid_client', 'The app has been disabled.');
    const input = grantOf(req);
    switch (input.grant_type) {
      case 'authorization_code':
        return exchangeCode(world, input);
      case 'refresh_token':
        return refreshPair(world, input.refresh_token);
      case 'client_credentials':
        return botToken(world);
      case undefined:
      case '':
        throw new OAuthError('invalid_request', 'Missing grant type');
      default:
        throw new OAuthError('unsupported_grant_type', 'Unsupported grant type');
    }
  };

  const oauthAnswer = (work: () => unknown): Answer => {
    try {
      return { status: 200, json: work(), headers: { 'cache-control': 'no-store', pragma: 'no-cache' } };
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return { status: 400, json: { reason: error.message, error: error.error } };
    }
  };

  router.post('/token', (req, res) =>
    respond(world, req, res, () => oauthAnswer(() => grant(req)), {
      isRefresh: grantOf(req).grant_type === 'refresh_token',
    }),
  );

  router.post('/revoke', (req, res) =>
    respond(world, req, res, () =>
      oauthAnswer(() => {
        if (!isClient(world, req.headers.authorization)) {
          throw new OAuthError('invalid_client', 'Invalid client_id or client_secret');
        }
        const inQuery = z.object({ token: one }).catch({}).parse(req.query).token;
        revoke(
          world,
          z
            .object({ token: one })
            .catch({})
            .parse(req.body ?? {}).token ?? inQuery,
        );
        return { status: 'success' };
      }),
    ),
  );
  return router;
}
