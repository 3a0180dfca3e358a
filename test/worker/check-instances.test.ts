import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createLogger } from '../../config/logger.ts';
import type { ApiInstance, Store } from '../../store/index.ts';
import { checkInstances } from '../../worker/check-instances.ts';

test('a worker says which running api instances it does not reach, and what to set', async () => {
  const server = createServer((request, response) => response.writeHead(request.url === '/healthz' ? 200 : 404).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const instance = (_id: string, at: string, seenAgoMs: number): ApiInstance => ({
    _id,
    url: at,
    startedAt: new Date(0),
    seenAt: new Date(Date.now() - seenAgoMs),
  });
  const all = async () => [
    instance('reached', url, 1_000),
    instance('other-program', `${url}/elsewhere`, 1_000),
    instance('nobody-there', 'http://127.0.0.1:1', 1_000),
    instance('ended-long-ago', 'http://127.0.0.1:1', 3_600_000),
  ];
  const lines: { url: string; msg: string }[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as { url: string; msg: string });
  const log = createLogger('test', 'warn', { write });
  await checkInstances({ instances: { all } as Store['instances'] }, log);
  server.close();
  expect(lines.map((line) => line.url).sort()).toEqual(['http://127.0.0.1:1', `${url}/elsewhere`]);
  for (const { msg } of lines) expect(msg).toContain('set DELIVERY_URL');
});
