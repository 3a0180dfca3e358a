import { mkdtemp, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeJwt } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startApi, type Api } from '../../api/server.ts';
import type { ServerFrame } from '../../domain/visitor-protocol.ts';
import { sealJson } from '../../codec/sealed-json.ts';
import { pushContext, pushPath, type VisitorPush } from '../../domain/push.ts';
import type { ApiConfig } from '../../config/env.ts';
import { testMongoUri, testTemporal } from '../../tools/embedded/test-servers.ts';
import { connectMongo, createStore, type Store } from '../../store/index.ts';
import { clientNames } from '../../web/assets.ts';
import { member, testConfig, widget } from './fakes.ts';

let api: Api;
let config: ApiConfig;
let store: Store;
let closeStore: () => Promise<void>;

beforeAll(async () => {
  config = testConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    TEMPORAL_ADDRESS: await testTemporal(),
    MONGODB_URI: await testMongoUri(),
  });
  const mongo = await connectMongo(config.mongodbUri);
  closeStore = () => mongo.close();
  store = await createStore(mongo, config.tokenKeys);
  await store.widgets.provision(widget());
  await store.members.connect(member());

  const webDir = await mkdtemp(path.join(tmpdir(), 'web-'));
  const asset = '/assets/x';
  const scripts = Object.fromEntries(clientNames.map((name) => [name, { src: asset, imports: [] }]));
  const manifest = { scripts, styles: { app: asset, preview: asset }, favicon: asset };
  await writeFile(path.join(webDir, 'manifest.json'), JSON.stringify(manifest));
  api = await startApi({ config, log: pino({ level: 'silent' }), webDir });
}, 240_000);

afterAll(async () => {
  await api.stop();
  await closeStore();
});

test('serves pages, takes a visitor’s message and a worker’s push, and goes away in order', async () => {
  const url = `http://127.0.0.1:${api.port}`;
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await (await fetch(url)).text()).toContain('Add to Zoom');
  expect((await fetch(`${url}/preview?widget=widget-1`)).status).toBe(200);
  expect((await fetch(`${url}/preview?widget=unknown`)).status).toBe(404);

  const frames: ServerFrame[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${api.port}/visitor`);
  socket.on('message', (data) => frames.push(JSON.parse((data as Buffer).toString()) as ServerFrame));
  const closed = once(socket, 'close') as Promise<[number]>;
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', v: 1, widget: 'widget-1' }));
  socket.send(JSON.stringify({ type: 'message', id: 'client-id-1', text: 'Hello' }));
  await expect.poll(() => frames.map(({ type }) => type), { timeout: 10_000 }).toEqual(['welcome', 'accepted']);

  // Where a worker finds this instance.
  const [instance] = (await store.instances.all()).filter(({ _id }) => _id === api.instanceId);
  expect(instance?.url).toBe(url);
  const push = async (chatId: string) => {
    const news: VisitorPush = { chatId, entries: [{ seq: 1, at: 1, kind: 'missed' }], lastSeq: 1, deliveredSeq: 0 };
    const body = new Uint8Array(sealJson(config.payloadKeys, news, pushContext(api)));
    return (await fetch(`${url}${pushPath}`, { method: 'POST', body })).status;
  };
  const { token = '' } = frames.find((frame) => frame.type === 'welcome') ?? {};
  expect(await push(decodeJwt(token).sub ?? '')).toBe(204);
  expect(await push('of-somebody-else')).toBe(404);
  await expect.poll(() => frames.at(-1)).toMatchObject({ type: 'entries', entries: [{ kind: 'missed' }] });

  await api.stop();
  expect((await closed)[0]).toBe(1001);
  expect((await store.instances.all()).map(({ _id }) => _id)).not.toContain(api.instanceId);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});
