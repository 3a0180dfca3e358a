import { describe, expect, it } from 'vitest';
import { classifyZoomError } from '../../zoom/classify.ts';
import { ZOOM_ERROR_KINDS, ZoomError, type ZoomErrorKind } from '../../zoom/index.ts';
import { parseRetryAfter } from '../../zoom/retry-after.ts';

const NOW = Date.parse('2026-02-10T18:00:00Z');

function classify(input: {
  status: number;
  body?: unknown;
  operation?: string;
  api?: 'rest' | 'oauth';
  write?: boolean;
  headers?: Record<string, string>;
}) {
  return classifyZoomError({
    operation: 'channels.get',
    api: 'rest',
    write: false,
    headers: {},
    body: undefined,
    now: NOW,
    ...input,
  });
}

describe('REST errors by status and code', () => {
  const cases: [number, unknown, ZoomErrorKind, string?][] = [
    [400, { code: 124, message: 'Invalid access token.' }, 'unauthorized'],
    [401, { code: 124, message: 'Access token is expired.' }, 'unauthorized'],
    [401, { code: 4741, message: 'Token revoked' }, 'unauthorized'],
    [401, { code: 7010, message: 'Invalid authorization token.' }, 'unauthorized'],
    [401, {}, 'unauthorized'],
    [401, { code: 4735 }, 'grantInvalid'],
    [401, { code: 4737 }, 'grantInvalid'],
    [401, { code: 4738 }, 'appDisabled'],
    [400, { code: 4717 }, 'appDisabled'],
    [400, { code: 4711, message: 'Invalid access token, does not contain scopes:[a:b].' }, 'scopeMissing'],
    [401, { code: 4711, message: 'Invalid access token, does not contain scopes:[a:b].' }, 'scopeMissing'],
    [400, { code: 4700, message: 'Invalid access token, does not contain scopes.' }, 'scopeMissing'],
    [401, { code: 4700, message: 'Token is empty' }, 'unauthorized'],
    [400, { code: 200, message: 'No permission.' }, 'forbidden'],
    [403, { code: 200, message: 'No permission.' }, 'forbidden'],
    [403, undefined, 'forbidden'],
    [400, { code: 300, message: 'Channel name already exists.' }, 'nameTaken', 'channels.create'],
    [400, { code: 300, message: 'Validation Failed.' }, 'invalidRequest', 'channels.create'],
    [400, { code: 300, message: 'This already exists.' }, 'invalidRequest', 'members.invite'],
    [400, { code: 5301, message: 'Request failed.' }, 'refused', 'members.invite'],
    [404, { code: 1001, message: 'User does not exist' }, 'userGone'],
    [400, { code: 1120 }, 'userGone'],
    [404, { code: 4130 }, 'channelGone'],
    [400, { code: 4130 }, 'channelGone'],
    [400, { code: 5420 }, 'channelArchived'],
    [400, { code: 5402 }, 'invalidRequest'],
    [400, { code: 5418 }, 'forbidden'],
    [400, { code: 5419 }, 'forbidden'],
    [400, { code: 5421 }, 'forbidden'],
    [404, { code: 5407 }, 'notFound'],
    [403, { code: 7003 }, 'botNotAllowed'],
    [403, { code: 7004, message: 'Not authorized' }, 'botNotAllowed', 'bot.post'],
    [403, { code: 7004, message: 'No channel or user can be found with the given to_jid.' }, 'channelGone', 'bot.post'],
    [400, { code: 7001 }, 'invalidRequest'],
    [404, { code: 7002 }, 'invalidRequest'],
    [404, { code: 8001 }, 'messageGone'],
    [404, {}, 'notFound'],
    [404, 'not json', 'notFound'],
    [418, { code: 'x' }, 'invalidRequest'],
    [429, undefined, 'rateLimited'],
    [429, undefined, 'rateLimited', 'messages.send'],
    [400, { code: 429, message: 'You have reached the maximum per-second rate limit' }, 'rateLimited'],
    [408, undefined, 'timeout'],
    [500, { code: 4130 }, 'unavailable'],
    [503, undefined, 'unavailable'],
    [302, undefined, 'malformedAnswer'],
  ];
  it.each(cases)('%i %j is %s', (status, body, kind, operation = 'channels.get') => {
    expect(classify({ status, body, operation })).toMatchObject({ kind, status });
  });

  it('takes code for code even when it comes as text', () => {
    expect(classify({ status: 404, body: { code: '4130' } })).toMatchObject({ kind: 'channelGone', code: 4130 });
  });
});

describe('a post that Zoom does not accept for what is in it', () => {
  it.each<[number, unknown, string, ZoomErrorKind]>([
    [400, { code: 7001, message: 'Invalid request body' }, 'bot.post', 'contentRefused'],
    [400, { code: 7001 }, 'bot.update', 'contentRefused'],
    [400, { code: 300, message: 'Validation Failed.' }, 'messages.send', 'contentRefused'],
    [413, undefined, 'bot.post', 'contentRefused'],
    [422, {}, 'messages.send', 'contentRefused'],
    // Not for its content: the app, the channel, the user or the moment.
    [404, { code: 7002 }, 'bot.post', 'invalidRequest'],
    [400, { code: 4711, message: 'Invalid access token, does not contain scopes:[a:b].' }, 'bot.post', 'scopeMissing'],
    [400, { code: 200 }, 'messages.send', 'forbidden'],
    [400, { code: 5420 }, 'bot.post', 'channelArchived'],
    [404, { code: 4130 }, 'messages.send', 'channelGone'],
    [404, { code: 8001 }, 'bot.update', 'messageGone'],
    [400, { code: 5301 }, 'bot.update', 'refused'],
  ])('%i %j to %s is %s', (status, body, operation, kind) => {
    expect(classify({ status, body, operation, write: true })).toMatchObject({ kind });
  });

  it('is set apart from a channel that has had too many messages, which lifts by itself', () => {
    for (const operation of ['messages.send', 'bot.post']) {
      expect(classify({ status: 400, body: { code: 5301 }, operation, write: true })).toMatchObject({
        kind: 'channelThrottled',
        retryable: true,
        retryAfterMs: 10_000,
      });
    }
  });
});

describe('OAuth errors', () => {
  const cases: [number, unknown, ZoomErrorKind][] = [
    [400, { reason: 'Invalid Token!', error: 'invalid_grant' }, 'grantInvalid'],
    [400, { reason: 'Invalid authorization code', error: 'invalid_grant' }, 'grantInvalid'],
    [401, { reason: 'Invalid client_id or client_secret', error: 'invalid_client' }, 'appCredentials'],
    [400, { reason: 'Bad Request', error: 'invalid_request' }, 'invalidRequest'],
    [400, { error: 'unsupported_grant_type' }, 'invalidRequest'],
    [400, { code: 4711, message: 'Refresh token invalid' }, 'grantInvalid'],
    [400, { errorCode: 4733 }, 'grantInvalid'],
    [400, { code: 4735 }, 'grantInvalid'],
    [400, { code: 4738 }, 'appDisabled'],
    [401, { code: 4702 }, 'appCredentials'],
    [401, undefined, 'appCredentials'],
    [400, { code: 4709 }, 'invalidRequest'],
    [429, undefined, 'rateLimited'],
    [502, '<html>', 'unavailable'],
  ];
  it.each(cases)('%i %j is %s', (status, body, kind) => {
    expect(classify({ api: 'oauth', operation: 'oauth.refresh', write: true, status, body })).toMatchObject({ kind });
  });
});

describe('what to do about an error', () => {
  it.each<[number, unknown, string, { retryable: boolean; ambiguous: boolean }]>([
    [500, {}, 'messages.send', { retryable: true, ambiguous: true }],
    [429, {}, 'messages.send', { retryable: true, ambiguous: false }],
    [400, { code: 5301 }, 'messages.send', { retryable: true, ambiguous: false }],
    [400, { code: 5301 }, 'members.invite', { retryable: false, ambiguous: false }],
    [404, { code: 4130 }, 'messages.send', { retryable: false, ambiguous: false }],
    [302, undefined, 'messages.send', { retryable: true, ambiguous: false }],
  ])('a write answered %i %j by %s', (status, body, operation, expected) => {
    expect(classify({ status, body, operation, write: true })).toMatchObject(expected);
  });

  it('a read is never ambiguous', () => {
    expect(classify({ status: 500 }).ambiguous).toBe(false);
  });

  it('names missing scopes and the tracking id', () => {
    const error = classify({
      status: 400,
      body: {
        code: 4711,
        message: 'Invalid access token, does not contain scopes:[imchat:bot, team_chat:read:channel:admin].',
      },
      headers: { 'X-Zm-TrackingId': 'WEB_abc123' },
    });
    expect(error.missingScopes).toEqual(['imchat:bot', 'team_chat:read:channel:admin']);
    expect(error.trackingId).toBe('WEB_abc123');
    expect(error.message).toContain('WEB_abc123');
  });

  it("keeps nothing else of Zoom's words", () => {
    const error = classify({ status: 400, body: { code: 300, message: 'Bad text: my card number is 4111' } });
    expect(JSON.stringify(error) + error.message).not.toContain('4111');
  });

  it('every kind has advice', () => {
    for (const kind of ZOOM_ERROR_KINDS) {
      const error = new ZoomError({ kind, operation: 'x', ambiguous: false });
      expect(error.advice.length, kind).toBeGreaterThan(20);
    }
  });
});

describe('how long to wait after a 429', () => {
  const daily = 'You have reached the maximum daily rate limit for this API.';
  const second = 'You have reached the maximum per-second rate limit for this API. Try again later.';
  it.each<[string, Record<string, string>, string, number | undefined]>([
    ['ISO instant', { 'Retry-After': '2026-02-10T18:01:00Z' }, daily, 60_000],
    ['HTTP date', { 'RETRY-AFTER': 'Tue, 10 Feb 2026 18:00:30 GMT' }, daily, 30_000],
    ['seconds', { 'retry-after': '7' }, second, 7_000],
    ['more than a day', { 'retry-after': '999999' }, second, 86_400_000],
    ['nothing, per second', {}, second, undefined],
    ['nothing, daily by text', {}, daily, 6 * 3_600_000],
    ['nothing, daily by type', { 'X-RateLimit-Type': 'Daily-limit' }, '', 6 * 3_600_000],
    ['QPS by type', { 'x-ratelimit-type': 'QPS' }, '', undefined],
    [
      'category and remaining only',
      { 'x-ratelimit-category': 'Light', 'x-ratelimit-remaining': '5893' },
      '',
      undefined,
    ],
    ['a past instant, daily', { 'retry-after': '2020-05-31T00:00:00Z' }, daily, 6 * 3_600_000],
    ['nonsense', { 'retry-after': 'soon' }, second, undefined],
    ['a negative number', { 'retry-after': '-5' }, second, undefined],
  ])('%s', (_name, headers, message, expected) => {
    expect(classify({ status: 429, headers, body: { code: 429, message } }).retryAfterMs).toBe(expected);
  });

  it('is read from a 503 too', () => {
    expect(classify({ status: 503, headers: { 'retry-after': '3' } }).retryAfterMs).toBe(3_000);
  });

  it('treats zero as nothing said', () => {
    expect(parseRetryAfter('0', NOW)).toBeUndefined();
  });
});
