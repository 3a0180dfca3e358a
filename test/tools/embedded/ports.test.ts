import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { choosePorts, freePort, isFree } from '../../../tools/embedded/ports.ts';

async function occupy(port: number, host: string): Promise<void> {
  const server = createServer();
  await once(server.listen(port, host), 'listening');
  onTestFinished(() => void server.close());
}

test.each(['127.0.0.1', '0.0.0.0', '::', '::1'])('a port that is in use on %s is not free', async (host) => {
  const port = await freePort();
  expect(await isFree(port)).toBe(true);
  await occupy(port, host);
  expect(await isFree(port)).toBe(false);
});

test('every port in the way is named, with what it is for and the variable to set', async () => {
  const [app, temporal] = [await freePort(), await freePort()];
  await occupy(app, '127.0.0.1');
  await occupy(temporal, '127.0.0.1');
  await expect(choosePorts({ ports: { app, temporal } })).rejects.toThrow(
    [
      `Port ${app}, wanted for the app, is already in use or not allowed: end what uses it or set PORT.`,
      `Port ${temporal}, wanted for Temporal, is already in use or not allowed: end what uses it or set TEMPORAL_PORT.`,
    ].join('\n'),
  );
});

test('two things on one port are a fault, unless both are to be picked', async () => {
  const port = await freePort();
  await expect(choosePorts({ ports: { app: port, sandbox: port } })).rejects.toThrow(
    `SANDBOX_PORT must differ from PORT (both are ${port}).`,
  );
  expect((await choosePorts({ ports: { app: 0, sandbox: 0 } })).app).toBeGreaterThan(0);
});

test('ports that are not needed are not looked at', async () => {
  const port = await freePort();
  await occupy(port, '127.0.0.1');
  const ports = await choosePorts({
    ports: { sandbox: port, temporal: port, temporalUi: port, mongo: port },
    temporalAddress: 'temporal.example:7233',
    mongodbUri: 'mongodb://mongo.example/live_chat',
    zoom: { ZOOM_CLIENT_ID: 'a' },
  });
  expect(ports).toMatchObject({ sandbox: 0, temporal: 0, temporalUi: 0, mongo: 0 });
});

test('free ports of one stack differ', async () => {
  const ports = Object.values(await choosePorts({}));
  expect(new Set(ports).size).toBe(ports.length);
});
