import type { ZoomErrorKind } from './errors.ts';

/** What of a failed answer decides its kind. */
export interface FaultFacts {
  /** Name of the call in our words. */
  readonly operation: string;
  readonly api: 'rest' | 'oauth';
  readonly status: number;
  /** Zoom's own number, often unrelated to the status: 400 with code 200 is "no permission". */
  readonly code?: number | undefined;
  /** The `error` of an OAuth answer. */
  readonly oauthError?: string | undefined;
  /** Zoom's sentence. */
  readonly message: string;
}

/** A row of the table: an answer that fits all that it names is of this kind. */
interface Fault {
  readonly kind: ZoomErrorKind;
  /** From and to, both included. */
  readonly status?: readonly [number, number];
  readonly codes?: readonly number[];
  readonly oauthErrors?: readonly string[];
  readonly words?: RegExp;
  readonly operation?: RegExp;
  readonly api?: FaultFacts['api'];
}

const posts = /^(bot\.(post|update)|messages\.send)$/;
const oauth = { api: 'oauth' } as const;

/**
 * The one table of Zoom's faults; the first row that fits decides. Most codes mean the same at any status: Zoom's
 * pages disagree on the status of several, never on the number.
 *
 * Sources: the error tables of developers.zoom.us/docs/api/team-chat/, /docs/api/chatbot/, /docs/api/errors/ and
 * /docs/integrations/oauth/oauth-error-messages/.
 */
const faults: readonly Fault[] = [
  { kind: 'rateLimited', status: [429, 429] },
  { kind: 'rateLimited', codes: [429] },
  { kind: 'unavailable', status: [500, 599] },
  { kind: 'timeout', status: [408, 408] },
  // Never followed: a redirect would carry the token to another host.
  { kind: 'malformedAnswer', status: [100, 399] },
  { kind: 'appDisabled', codes: [4717, 4738] },

  // ---- the OAuth endpoints
  { ...oauth, kind: 'appCredentials', codes: [4702, 4704] },
  // 4711 here: the token's scopes no longer match the app's. Asking again cannot help, authorizing again does.
  { ...oauth, kind: 'grantInvalid', codes: [4711, 4733, 4734, 4735, 4737, 4740, 4741] },
  { ...oauth, kind: 'grantInvalid', oauthErrors: ['invalid_grant', 'invalid_token', 'access_denied'] },
  { ...oauth, kind: 'appCredentials', oauthErrors: ['invalid_client', 'unauthorized_client'] },
  // These endpoints know no bearer tokens: what they refuse with 401 is the app's own id and secret.
  { ...oauth, kind: 'appCredentials', status: [401, 401] },
  { ...oauth, kind: 'invalidRequest' },

  // ---- everything else: tokens and scopes
  // The words decide: pages and recorded answers disagree on the code (4700, 4711) and on the status (400, 401).
  { kind: 'scopeMissing', words: /does not contain scopes/i },
  { kind: 'scopeMissing', codes: [4711] },
  { kind: 'unauthorized', codes: [124, 4700, 4724, 4740, 4741, 7010] },
  { kind: 'grantInvalid', codes: [4735, 4737] },
  // ---- users and channels
  { kind: 'userGone', codes: [1001, 1120] },
  { kind: 'channelGone', codes: [4130, 4400] },
  { kind: 'channelArchived', codes: [5420] },
  { kind: 'forbidden', codes: [200, 4100, 4101, 5418, 5419, 5421] },
  // Code 300 is any invalid parameter; only Zoom's sentence sets a name clash apart.
  { kind: 'nameTaken', codes: [300], operation: /^channels\.create$/, words: /exist|already|in use|taken|duplicate/i },
  // What a channel's burst limit answers is not documented: 429, or this refusal without a reason.
  { kind: 'channelThrottled', codes: [5301], operation: /^(bot\.post|messages\.send)$/ },
  { kind: 'refused', codes: [5301] },
  { kind: 'notFound', codes: [5407] },
  // ---- the bot
  { kind: 'channelGone', codes: [7004], operation: /^bot\.post$/, words: /no channel or user/i },
  { kind: 'botNotAllowed', codes: [7003, 7004] },
  { kind: 'invalidRequest', codes: [7002] },
  { kind: 'messageGone', codes: [8001] },
  // A post differs from the posts that Zoom accepts by its content alone: 7001 "malformed body" of the bot's API, 300
  // "invalid parameter" of the other one, or a code that nobody knows.
  { kind: 'contentRefused', operation: posts, status: [400, 400] },
  { kind: 'contentRefused', operation: posts, status: [413, 413] },
  { kind: 'contentRefused', operation: posts, status: [422, 422] },
  // ---- codes that nobody knows
  { kind: 'unauthorized', status: [401, 401] },
  { kind: 'forbidden', status: [403, 403] },
  { kind: 'notFound', status: [404, 404] },
];

/** What a failed answer means. */
export function faultKind(facts: FaultFacts): ZoomErrorKind {
  return faults.find((fault) => fits(fault, facts))?.kind ?? 'invalidRequest';
}

function fits(fault: Fault, { operation, api, status, code, oauthError, message }: FaultFacts): boolean {
  const [from, to] = fault.status ?? [0, Infinity];
  return (
    status >= from &&
    status <= to &&
    (fault.api === undefined || fault.api === api) &&
    (fault.codes === undefined || (code !== undefined && fault.codes.includes(code))) &&
    (fault.oauthErrors === undefined || (oauthError !== undefined && fault.oauthErrors.includes(oauthError))) &&
    (fault.words?.test(message) ?? true) &&
    (fault.operation?.test(operation) ?? true)
  );
}
