import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { VisitorConnections } from '../../api/visitor/connections.ts';
import { createVisitorServer } from '../../api/visitor/server.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { ServerFrame } from '../../domain/visitor-protocol.ts';
import { fakeDependencies } from './fakes.ts';
import { listen } from './harness.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function startVisitors(options: { maxTotal?: number; maxPerNetwork?: number } = {}) {
  const fakes = fakeDependencies();
  const connections = new VisitorConnections({ signalDisconnected: async () => undefined });
  const instance = { instanceId: 'instance-1', instanceUrl: 'http://instance-1' };
  const visitors = createVisitorServer({ ...fakes.dependencies, ...instance, connections, options });
  const server = createServer();
  server.on('upgrade', visitors.upgrade);
  const url = `${(await listen(server)).replace('http', 'ws')}/visitor`;
  cleanups.push(() => visitors.close());
  const open = async () => {
    const socket = new WebSocket(url);
    cleanups.push(async () => socket.terminate());
    const frames: ServerFrame[] = [];
    socket.on('message', (data) => frames.push(JSON.parse((data as Buffer).toString()) as ServerFrame));
    await once(socket, 'open');
    const send = (frame: object) => {
      socket.send(JSON.stringify(frame));
    };
    const until = (type: string) => expect.poll(() => frames.map((frame) => frame.type)).toContain(type);
    return { socket, frames, send, until };
  };
  return { ...fakes, url, connections, open };
}

const hello = { type: 'hello', v: 1, widget: 'widget-1' };
const refusal = async (url: string) => {
  const socket = new WebSocket(url);
  const [error] = (await once(socket, 'error')) as [Error];
  return error.message;
};

test('open sockets are counted as they come and go', async () => {
  const { metrics, open } = await startVisitors();
  expect(metrics.values.get('live_chat_open_sockets')).toBe(0);
  const [first] = [await open(), await open()];
  expect(metrics.values.get('live_chat_open_sockets')).toBe(2);
  first.socket.close();
  await expect.poll(() => metrics.values.get('live_chat_open_sockets')).toBe(1);
  expect(metrics.counted).toEqual({ live_chat_sockets_opened: 2 });
});

test('sockets that are turned away are counted with the reason', async () => {
  const full = await startVisitors({ maxTotal: 1 });
  await full.open();
  expect(await refusal(full.url)).toContain('503');
  expect(full.metrics.counted['live_chat_sockets_refused{reason="full"}']).toBe(1);
  const crowded = await startVisitors({ maxPerNetwork: 1 });
  await crowded.open();
  expect(await refusal(crowded.url)).toContain('429');
  expect(crowded.metrics.counted['live_chat_sockets_refused{reason="address"}']).toBe(1);
});

test('refused frames are counted by code; one that is accepted is not', async () => {
  const { metrics, temporal, open } = await startVisitors();
  const visitor = await open();
  visitor.send({ type: 'nonsense' });
  visitor.send(hello);
  await visitor.until('welcome');
  visitor.send({ type: 'message', id: 'client-id-1', text: 'hi' });
  await visitor.until('accepted');
  temporal.away = true;
  visitor.send({ type: 'message', id: 'client-id-2', text: 'hi' });
  await expect.poll(() => metrics.counted['live_chat_frames_refused{code="unavailable"}']).toBe(1);
  expect(metrics.counted).toEqual({
    live_chat_sockets_opened: 1,
    'live_chat_frames_refused{code="bad_frame"}': 1,
    'live_chat_frames_refused{code="unavailable"}': 1,
  });
});

test('an agent’s message is timed when it is pushed live, and not when a reconnect replays it', async () => {
  const { metrics, store, temporal, connections, open } = await startVisitors();
  const visitor = await open();
  visitor.send(hello);
  await visitor.until('welcome');
  visitor.send({ type: 'message', id: 'client-id-1', text: 'hi' });
  await visitor.until('accepted');
  const chatId = temporal.named('sendMessage')[0]?.[0].chatId ?? '';
  const at = Date.now() - 2_000;
  const entry: TranscriptEntry = {
    seq: 1,
    at,
    kind: 'agentMessage',
    messageId: 'm1',
    agent: { id: 'jill', name: 'Jill' },
    text: 'hello',
  };
  connections.push({ chatId, entries: [entry], lastSeq: 1, deliveredSeq: 0 });
  await visitor.until('entries');
  const timed = () => metrics.observed.get('live_chat_relay_seconds{direction="to_visitor"}') ?? [];
  await expect.poll(timed).toHaveLength(1);
  expect(timed()[0]).toBeGreaterThanOrEqual(2);
  // The same again, as a repeated push brings it: nothing is sent.
  connections.push({ chatId, entries: [entry], lastSeq: 1, deliveredSeq: 0 });

  store.record(chatId, [entry]);
  const { token } = visitor.frames.find((frame) => frame.type === 'welcome') ?? {};
  const again = await open();
  again.send({ ...hello, token, lastSeq: 0 });
  await again.until('entries');
  expect(timed()).toHaveLength(1);
});
