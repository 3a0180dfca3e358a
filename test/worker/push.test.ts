import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { openJson } from '../../codec/sealed-json.ts';
import { pushContext, pushPath, type VisitorPush } from '../../domain/push.ts';
import { createPush } from '../../worker/push.ts';

const keys = { activeId: 'k1', keys: new Map([['k1', new Uint8Array(randomBytes(32))]]) };
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An api instance that does this with every request. */
async function instance(instanceId: string, take: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void take(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  closers.push(() => void close());
  return { target: { instanceId, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, close };
}
const answering = (instanceId: string, status: number) =>
  instance(instanceId, async (request, response) => {
    await buffer(request);
    response.writeHead(status).end();
  });

const visitorPush: VisitorPush = {
  chatId: 'chat-1',
  entries: [{ kind: 'visitorMessage', seq: 1, at: 1, clientId: 'c1', text: 'Grüße 👋' }],
  lastSeq: 1,
  deliveredSeq: 0,
};

test('a push arrives sealed for its instance', async () => {
  const taken: unknown[] = [];
  const { target } = await instance('api-1', async (request, response) => {
    const body = await buffer(request);
    expect(body.toString()).not.toContain('Grüße');
    taken.push([request.url, request.headers['x-instance']]);
    taken.push(openJson(keys, body, pushContext({ instanceId: 'api-1' })));
    response.writeHead(204).end();
  });
  expect(await createPush({ keys })([target], visitorPush)).toEqual(['pushed']);
  expect(taken).toEqual([[pushPath, 'api-1'], visitorPush]);
});

test('each instance has its own outcome, in the order of the targets', async () => {
  const statuses = [204, 404, 410, 500, 302];
  const targets = await Promise.all(statuses.map((status) => answering(`api-${status}`, status)));
  const outcomes = await createPush({ keys })(
    targets.map(({ target }) => target),
    visitorPush,
  );
  expect(outcomes).toEqual(['pushed', 'gone', 'gone', 'unreached', 'unreached']);
});

test('an instance that was reached and now refuses connections has ended; one that never was may have a wrong address', async () => {
  const { target, close } = await answering('api-1', 404);
  const push = createPush({ keys });
  await push([target], visitorPush);
  await close();
  expect(await push([target], visitorPush)).toEqual(['gone']);
  expect(await push([{ ...target, instanceId: 'api-2' }], visitorPush)).toEqual(['unreached']);
  expect(await createPush({ keys })([target], visitorPush)).toEqual(['unreached']);
});

test('an instance that does not answer in time is unreached', async () => {
  const { target } = await instance('api-1', () => undefined);
  expect(await createPush({ keys, timeoutMs: 50 })([target], visitorPush)).toEqual(['unreached']);
});

test('a connection that the instance has closed meanwhile is no failure', async () => {
  let requests = 0;
  const { target } = await instance('api-1', async (request, response) => {
    requests += 1;
    // As when it closes an idle connection at the moment at which a push comes in.
    if (requests === 2) request.socket.destroy();
    else {
      await buffer(request);
      response.writeHead(204).end();
    }
  });
  const push = createPush({ keys });
  for (let n = 0; n < 3; n += 1) expect(await push([target], visitorPush)).toEqual(['pushed']);
  expect(requests).toBe(4);
});
