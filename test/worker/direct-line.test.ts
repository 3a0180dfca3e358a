import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { VisitorConnections } from '../../api/visitor/connections.ts';
import { directLine, isDirectDelivery, ownUrl } from '../../api/visitor/direct-line.ts';
import { sealJson } from '../../codec/sealed-json.ts';
import type { SealingKeys } from '../../codec/sealing.ts';
import { createLogger } from '../../config/logger.ts';
import { directDeliveryContext, directDeliveryPath, type VisitorDelivery } from '../../domain/delivery.ts';
import { limits } from '../../domain/limits.ts';
import { createDirectLine } from '../../worker/direct-line.ts';

const keysOf = (id: string): SealingKeys => ({ activeId: id, keys: new Map([[id, new Uint8Array(randomBytes(32))]]) });
const keys = keysOf('k1');
const log = createLogger('test', 'silent');
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An api instance, as far as deliveries are concerned, with one open socket of chat-1. */
async function instance(instanceId: string, port = 0) {
  const connections = new VisitorConnections({ farewell: async () => undefined });
  const pushed: VisitorDelivery[] = [];
  connections.add('chat-1', { deliver: (delivery) => void pushed.push(delivery) });
  const take = directLine({ keys, instanceId, connections, log });
  const server: Server = createServer((request, response) => {
    if (isDirectDelivery(request)) take(request, response);
    else response.writeHead(404).end();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  closers.push(close);
  const { port: open } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${open}`, port: open, pushed, close, closed: once(server, 'close') };
}

function line(options: Partial<Parameters<typeof createDirectLine>[0]> = {}) {
  const created = createDirectLine({ keys, clock: Date.now, ...options });
  closers.push(() => created.close());
  return created;
}

const delivery: VisitorDelivery = {
  chatId: 'chat-1',
  entries: [{ kind: 'visitorMessage', seq: 1, at: 1, clientId: 'c1', text: 'Grüße 👋' }],
  lastSeq: 1,
  deliveredSeq: 0,
};

describe('a delivery over the direct line', () => {
  test('is pushed to the sockets of its chat', async () => {
    const api = await instance('api-1');
    expect(await line().deliver({ instanceId: 'api-1', url: api.url }, delivery)).toBe('reached');
    expect(api.pushed).toEqual([delivery]);
  });

  test('for a chat that has no socket there finds it gone', async () => {
    const api = await instance('api-1');
    expect(await line().deliver({ instanceId: 'api-1', url: api.url }, { ...delivery, chatId: 'chat-2' })).toBe('gone');
  });

  test('for an instance whose address another one has now finds it gone, and is not shown to the other', async () => {
    const api = await instance('api-2');
    expect(await line().deliver({ instanceId: 'api-1', url: api.url }, delivery)).toBe('gone');
    expect(api.pushed).toEqual([]);
  });

  test('finds an instance gone when nobody listens any more where it was reached before', async () => {
    const api = await instance('api-1');
    const to = { instanceId: 'api-1', url: api.url };
    const known = line();
    await known.deliver(to, delivery);
    api.close();
    await api.closed;
    expect(await known.deliver(to, delivery)).toBe('gone');
    // Who never reached it cannot tell a dead instance from a wrong address.
    expect(await line().deliver(to, delivery)).toBe('unreached');
  });

  test('leaves an address that does not answer alone for a while', async () => {
    let now = 0;
    const asked: number[] = [];
    const silent = createServer(() => void asked.push(now));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closers.push(() => {
      silent.close();
      silent.closeAllConnections();
    });
    const to = { instanceId: 'api-1', url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    const impatient = line({ clock: () => now, timeoutMs: 50, restMs: 1_000 });
    for (now of [0, 500, 999, 1_001]) expect(await impatient.deliver(to, delivery)).toBe('unreached');
    expect(asked).toEqual([0, 1_001]);
  });

  test('without an address is for the task queue', async () => {
    expect(await line().deliver({ instanceId: 'api-1' }, delivery)).toBe('unreached');
  });
});

describe('strangers', () => {
  const send = (url: string, body: Buffer, instanceId = 'api-1') =>
    fetch(`${url}${directDeliveryPath}`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'x-instance': instanceId },
    });
  const context = directDeliveryContext({ instanceId: 'api-1' });

  test.each([
    ['words in the clear', Buffer.from(JSON.stringify(delivery))],
    ['an empty body', Buffer.alloc(0)],
    ['another key', sealJson(keysOf('k1'), delivery, context)],
    ['a key of another name', sealJson(keysOf('k2'), delivery, context)],
    [
      'a delivery sealed for another instance',
      sealJson(keys, delivery, directDeliveryContext({ instanceId: 'api-2' })),
    ],
    ['something else that is sealed', sealJson(keys, { chatId: 7 }, context)],
  ])('cannot deliver with %s', async (_what, body) => {
    const api = await instance('api-1');
    expect((await send(api.url, body)).status).toBe(400);
    expect(api.pushed).toEqual([]);
  });

  test('cannot send more than a delivery can be', async () => {
    const api = await instance('api-1');
    expect((await send(api.url, Buffer.alloc(limits.directDeliveryBytes + 1))).status).toBe(413);
  });
});

test('an api says where workers reach it: where it listens, or an address that others can see', () => {
  expect(ownUrl('10.0.0.7', 3000)).toBe('http://10.0.0.7:3000');
  expect(ownUrl('::1', 3000)).toBe('http://[::1]:3000');
  expect(ownUrl('0.0.0.0', 3000)).toMatch(/^http:\/\/\d+\.\d+\.\d+\.\d+:3000$/);
});
