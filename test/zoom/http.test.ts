import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { regionalApiUrl } from '../../zoom/config.ts';
import { ZoomError } from '../../zoom/index.ts';
import { clientOf, rejection, SECRETS, send, startServer, type Handler, closedAddress } from './fake-server.ts';

async function failure(handler: Handler, options: Parameters<typeof clientOf>[1] = {}, write = false) {
  const server = await startServer(handler);
  const { zoom, calls } = clientOf(server, options);
  const user = zoom.asUser(SECRETS.accessToken);
  const error = await rejection(write ? user.sendMessage({ channelId: 'c1', message: 'hello' }) : user.getMe());
  expect(error).toBeInstanceOf(ZoomError);
  return { error: error as ZoomError, calls };
}

describe('faults on the way', () => {
  it('a slow answer ends as a timeout, ambiguous for a write', async () => {
    const { error } = await failure(() => undefined, { timeoutMs: 50 }, true);
    expect(error).toMatchObject({ kind: 'timeout', retryable: true, ambiguous: true, operation: 'messages.send' });
  });

  it('an answer that stops half-way ends as a timeout', async () => {
    const { error } = await failure(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'x-zm-trackingid': 'WEB_1' });
        response.write('{"id":');
      },
      { timeoutMs: 1_000 },
    );
    expect(error).toMatchObject({ kind: 'timeout', status: 200, trackingId: 'WEB_1', ambiguous: false });
  });

  it('a connection reset is a network error, ambiguous for a write', async () => {
    const { error } = await failure((_request, _response, socket) => void socket.resetAndDestroy(), {}, true);
    expect(error).toMatchObject({ kind: 'network', retryable: true, ambiguous: true });
    expect(error.code).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
  });

  it('a refused connection cannot have taken effect', async () => {
    const { zoom } = clientOf({ url: await closedAddress() });
    const error = await rejection(zoom.asUser('t').sendMessage({ channelId: 'c', message: 'x' }));
    expect(error).toMatchObject({ kind: 'network', ambiguous: false, retryable: true });
  });

  it.each(['<html>gateway</html>', '{"id":', ''])('a 200 with body %j is a malformed answer', async (body) => {
    const { error } = await failure((_request, response) => response.end(body), {}, true);
    expect(error).toMatchObject({ kind: 'malformedAnswer', ambiguous: true, status: 200 });
  });

  it('JSON of another shape is malformed, and the error names only the path', async () => {
    const { error } = await failure(() => ({ id: 42, secret: 'xyz-value' }));
    expect(error).toMatchObject({ kind: 'malformedAnswer', detail: 'unexpected shape at id' });
    expect(inspect(error)).not.toContain('xyz-value');
  });

  it('an answer over the size limit is not read', async () => {
    const { error } = await failure(() => ({ id: 'x'.repeat(5000) }), { maxAnswerBytes: 1000 });
    expect(error).toMatchObject({ kind: 'malformedAnswer', detail: 'answer over 1000 bytes' });
  });

  it('a huge error body does not hide the status', async () => {
    const { error } = await failure((_request, response) => send(response, 500, 'x'.repeat(5000)), {
      maxAnswerBytes: 1000,
    });
    expect(error).toMatchObject({ kind: 'unavailable', status: 500 });
  });

  it('a redirect is not followed', async () => {
    const other = await startServer(() => ({ id: 'stolen', account_id: 'a' }));
    const { error } = await failure((_request, response) => send(response, 302, undefined, { location: other.url }));
    expect(error).toMatchObject({ kind: 'malformedAnswer', status: 302 });
    expect(other.requests).toHaveLength(0);
  });

  it('a token that no header can carry is refused without being quoted', async () => {
    const { zoom } = clientOf({ url: 'http://127.0.0.1:1' });
    const error = await rejection(zoom.asUser('bad\ntoken-value').getMe());
    expect(error).toMatchObject({ kind: 'unauthorized' });
    expect(inspect(error, { depth: 10 })).not.toContain('token-value');
  });
});

describe('the call hook', () => {
  it('reports success and failure', async () => {
    const server = await startServer((request, response) =>
      request.path.endsWith('/me') ? { id: 'u', account_id: 'a' } : send(response, 404, { code: 1001 }),
    );
    const { zoom, calls } = clientOf(server);
    await zoom.asUser('t').getMe();
    await rejection(zoom.asUser('t').getUser('gone@example.com'));
    expect(calls).toMatchObject([
      { operation: 'users.getMe', status: 200, error: undefined },
      { operation: 'users.get', status: 404, error: { kind: 'userGone' } },
    ]);
    expect(calls.every((call) => call.durationMs >= 0)).toBe(true);
  });

  it('cannot break a call', async () => {
    const server = await startServer(() => ({ id: 'u', account_id: 'a' }));
    const onCall = () => {
      throw new Error('metrics are down');
    };
    const { zoom } = clientOf(server, { onCall });
    await expect(zoom.asUser('t').getMe()).resolves.toMatchObject({ id: 'u' });
  });
});

describe('secrets', () => {
  /** Zoom at its worst: it quotes back all that was sent. */
  const echo =
    (status: number): Handler =>
    (request, response) =>
      send(response, status, {
        code: 300,
        message: `bad: ${request.body} ${String(request.headers.authorization)}`,
        reason: request.body,
        error: request.body,
      });

  it.each([200, 400, 401, 403, 429, 500])(
    'are in no error, hook or address when Zoom echoes them with %i',
    async (status) => {
      const server = await startServer(echo(status));
      const { zoom, calls } = clientOf(server);
      const errors = [
        await rejection(zoom.oauth.refresh({ refreshToken: SECRETS.refreshToken })),
        await rejection(
          zoom.oauth.exchangeCode({ code: SECRETS.code, redirectUri: 'https://x/cb', codeVerifier: SECRETS.verifier }),
        ),
        await rejection(zoom.asUser(SECRETS.accessToken).sendMessage({ channelId: 'c', message: 'visitor words' })),
        await rejection(
          zoom.bot.postMessage({ accountId: 'a', toJid: 'j', content: { head: { text: 'x' }, body: [] } }),
        ),
      ];
      const shown = errors
        .map((error) => JSON.stringify(error) + inspect(error, { depth: 20, showHidden: true }))
        .join();
      const seen = shown + JSON.stringify(calls) + inspect(zoom, { depth: 20, showHidden: true });
      const basic = Buffer.from(`client-id:${SECRETS.clientSecret}`).toString('base64');
      for (const secret of [...Object.values(SECRETS), basic, 'visitor words']) expect(seen).not.toContain(secret);
      for (const request of server.requests) {
        expect(`${request.path}?${request.query.toString()}`).not.toMatch(/secret|token-|auth-code|verifier/);
      }
    },
  );
});

describe('regional addresses', () => {
  const zoom = 'https://api.zoom.us/v2';
  const sandbox = 'http://localhost:3100/v2';
  it.each([
    [zoom, undefined, zoom],
    [zoom, 'https://api-us.zoom.us', 'https://api-us.zoom.us/v2'],
    [zoom, 'https://api-us.zoom.us/v2/', 'https://api-us.zoom.us/v2'],
    [zoom, 'http://api-us.zoom.us', zoom],
    [zoom, 'https://api-us.zoom.us:8443', zoom],
    [zoom, 'https://evil.example', zoom],
    [zoom, 'https://evilzoom.us', zoom],
    [zoom, 'https://zoom.us.evil.example', zoom],
    [zoom, 'https://user:pass@api-us.zoom.us', zoom],
    [zoom, 'not an address', zoom],
    [sandbox, 'http://localhost:3100', sandbox],
    [sandbox, 'http://localhost:3100/eu/v2', 'http://localhost:3100/eu/v2'],
    [sandbox, 'http://localhost:3999', sandbox],
    [sandbox, 'https://api-us.zoom.us', sandbox],
  ])('configured %s, token says %s: %s', (configured, regional, expected) => {
    expect(regionalApiUrl(configured, regional)).toBe(expected);
  });
});
