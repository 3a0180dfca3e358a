import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { limitConnections, requestTimes } from '../../api/http/slow-clients.ts';
import { listen } from './harness.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function open(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

describe('connections', () => {
  test('beyond what one network may have are closed at once, and a place that is given up is free', async () => {
    const server = createServer((_request, response) => response.end());
    limitConnections(server, { inAll: 100, perNetwork: 3 });
    const url = await listen(server);
    const [first] = [await open(url), await open(url), await open(url)];
    const fourth = await open(url);
    if (!fourth.closed) await once(fourth, 'close');
    first.destroy();
    await expect
      .poll(() =>
        fetch(url).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });

  test('that do not say what they want, or not all of it, are closed', async () => {
    const times = { headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 50 };
    expect(Object.keys(times)).toEqual(Object.keys(requestTimes));
    const server = createServer(times, (request) => request.resume());
    const url = await listen(server);
    const silent = await open(url);
    const halfHead = await open(url);
    halfHead.write('POST / HTTP/1.1\r\nHost: a');
    const halfBody = await open(url);
    halfBody.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
    await Promise.all(
      [silent, halfHead, halfBody].map(async (socket) => {
        socket.resume();
        if (!socket.closed) await once(socket, 'close');
      }),
    );
  });
});
