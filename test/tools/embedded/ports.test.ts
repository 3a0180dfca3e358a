import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, portFault } from '../../../tools/embedded/ports.ts';
import { choosePorts } from '../../../tools/embedded/stack-ports.ts';

async function occupy(port: number, host: string): Promise<void> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  onTestFinished(() => {
    server.close();
  });
}

test.each(['127.0.0.1', '0.0.0.0', '::', '::1'])(
  'a port that is in use on %s is not free for a public server',
  async (host) => {
    const port = await freePort();
    expect(await portFault(port, 'any')).toBeUndefined();
    await occupy(port, host);
    expect(await portFault(port, 'any')).toBe('in-use');
  },
);

test.each(['127.0.0.1', '0.0.0.0'])(
  'a port that is in use on %s is not free for a server on loopback',
  async (host) => {
    const port = await freePort();
    await occupy(port, host);
    expect(await portFault(port, 'loopback')).toBe('in-use');
  },
);

test('every port in the way is named, with what it is for and the variable to set', async () => {
  const [app, temporal] = [await freePort(), await freePort()];
  await occupy(app, '127.0.0.1');
  await occupy(temporal, '127.0.0.1');
  await expect(choosePorts({ dataDir: '/nowhere', ports: { app, temporal } })).rejects.toThrow(
    [
      `Port ${app}, wanted for the app, is already in use; end what uses it or set PORT.`,
      `Port ${temporal}, wanted for Temporal, is already in use; end what uses it or set TEMPORAL_PORT.`,
    ].join('\n'),
  );
});

test('ports that are not needed are not looked at', async () => {
  const port = await freePort();
  await occupy(port, '127.0.0.1');
  const ports = await choosePorts({
    dataDir: '/nowhere',
    ports: { sandbox: port, temporal: port, temporalUi: port, mongo: port },
    temporalAddress: 'temporal.example:7233',
    mongodbUri: 'mongodb://mongo.example/live_chat',
    zoom: { ZOOM_CLIENT_ID: 'a', ZOOM_CLIENT_SECRET: 'b', ZOOM_WEBHOOK_SECRET_TOKEN: 'c', ZOOM_BOT_JID: 'd' },
  });
  expect(ports).toMatchObject({ sandbox: 0, temporal: 0, temporalUi: 0, mongo: 0 });
});

test('free ports of one stack differ', async () => {
  const ports = Object.values(await choosePorts({ dataDir: '/nowhere' }));
  expect(new Set(ports).size).toBe(ports.length);
});
