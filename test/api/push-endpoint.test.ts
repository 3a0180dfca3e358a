import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { createApp } from '../../api/app.ts';
import { ownUrl, pushEndpoint } from '../../api/visitor/push-endpoint.ts';
import { sealJson } from '../../codec/sealed-json.ts';
import { limits } from '../../domain/limits.ts';
import { pushContext, pushPath, type VisitorPush } from '../../domain/push.ts';
import { fakeDependencies, testConfig } from './fakes.ts';
import { listen } from './harness.ts';

const push: VisitorPush = {
  chatId: 'Chat567890123456',
  entries: [{ seq: 1, at: 1, kind: 'visitorMessage', clientId: 'client-id-1', text: 'secret words' }],
  lastSeq: 1,
  deliveredSeq: 0,
};

async function startInstance() {
  const { dependencies, logged } = fakeDependencies();
  const keys = dependencies.config.payloadKeys;
  const got: VisitorPush[] = [];
  const connections = { sockets: 1, push: (each: VisitorPush) => (got.push(each), connections.sockets) };
  const endpoint = pushEndpoint({ keys, instanceId: 'this', connections, log: dependencies.log });
  const url = await listen(createServer(createApp(dependencies, endpoint)));
  const post = async (body: Buffer, headers: Record<string, string> = {}) =>
    (await fetch(url + pushPath, { method: 'POST', body: new Uint8Array(body), headers })).status;
  const sealed = (value: unknown, instanceId = 'this') => sealJson(keys, value, pushContext({ instanceId }));
  return { post, sealed, got, connections, logged };
}

test('takes what was sealed for this instance, and says whether somebody was there', async () => {
  const { post, sealed, got, connections } = await startInstance();
  expect(await post(sealed(push), { 'x-instance': 'this' })).toBe(204);
  connections.sockets = 0;
  expect(await post(sealed(push), { 'x-instance': 'this' })).toBe(404);
  expect(got).toEqual([push, push]);
});

test('says so when it is another instance than the one that was meant', async () => {
  const { post, sealed, got } = await startInstance();
  expect(await post(sealed(push, 'earlier'), { 'x-instance': 'earlier' })).toBe(410);
  expect(got).toEqual([]);
});

test('takes nothing else, and logs nobody’s words', async () => {
  const { post, sealed, got, logged } = await startInstance();
  const otherKeys = testConfig().payloadKeys;
  expect(await post(sealed(push, 'another'))).toBe(400);
  expect(await post(sealJson(otherKeys, push, pushContext({ instanceId: 'this' })))).toBe(400);
  expect(await post(Buffer.from(JSON.stringify(push)))).toBe(400);
  expect(await post(sealed({ ...push, lastSeq: 'one' }))).toBe(400);
  expect(await post(Buffer.alloc(limits.pushBytes + 1))).toBe(413);
  expect(got).toEqual([]);
  expect(logged.join()).not.toContain('secret words');
});

test.each([
  ['127.0.0.1', 'http://127.0.0.1:3000'],
  ['::1', 'http://[::1]:3000'],
  ['chat.internal', 'http://chat.internal:3000'],
])('workers reach an instance that listens on %s at %s', (host, url) => {
  expect(ownUrl(host, 3_000)).toBe(url);
});

test('workers reach an instance that listens everywhere at an address', () => {
  expect(ownUrl(undefined, 3_000)).toMatch(/^http:\/\/\d+\.\d+\.\d+\.\d+:3000$/);
});
