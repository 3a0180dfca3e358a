import { mkdtemp, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startApi, type Api } from '../../api/server.ts';
import type { ServerFrame } from '../../domain/visitor-protocol.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';
import { testMongoUri, testTemporal } from '../../tools/embedded/test-servers.ts';
import { connectMongo, createStore } from '../../store/index.ts';
import { account, testConfig } from './fakes.ts';

let api: Api;
let address: string;

beforeAll(async () => {
  address = await testTemporal();
  const config = testConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    TEMPORAL_ADDRESS: address,
    MONGODB_URI: await testMongoUri(),
  });
  const mongo = await connectMongo(config.mongodbUri);
  await (await createStore(mongo, config.tokenKeys)).accounts.provision(account());
  await mongo.close();

  const webDir = await mkdtemp(path.join(tmpdir(), 'web-'));
  const asset = '/assets/x';
  const names = ['onboarding', 'dashboard', 'settings', 'preview'];
  const scripts = Object.fromEntries(names.map((name) => [name, { src: asset, imports: [] }]));
  const manifest = { scripts, styles: { app: asset, preview: asset }, favicon: asset };
  await writeFile(path.join(webDir, 'manifest.json'), JSON.stringify(manifest));
  api = await startApi({ config, log: pino({ level: 'silent' }), webDir });
}, 240_000);

afterAll(async () => api.stop());

test('serves pages, knows that no worker is there, takes a visitor’s message, and goes away in order', async () => {
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

  // Deliveries find this instance by its own task queue.
  const connection = await Connection.connect({ address });
  const { workflowService, options } = new Client({ connection });
  const { TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
  const queue = {
    namespace: options.namespace,
    taskQueue: { name: taskQueues.visitorDelivery(api) },
    taskQueueType: TASK_QUEUE_TYPE_ACTIVITY,
  };
  const { pollers } = await workflowService.describeTaskQueue(queue);
  expect(pollers.length).toBeGreaterThan(0);
  await connection.close();

  await api.stop();
  expect((await closed)[0]).toBe(1001);
  await api.failed;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});
