import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRenewTokens } from '../../activities/renew-tokens.ts';
import { NeedsReconnectError, RenewalUnavailableError } from '../../activities/user-zoom.ts';
import { TemporalUnavailableError } from '../../api/temporal/call.ts';
import { createTemporalClients, measured, type TemporalClients } from '../../api/temporal/clients.ts';
import { encryptedDataConverter } from '../../codec/data-converter.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import { testTemporal } from '../../tools/embedded/test-servers.ts';
import type { ChatInput } from '../../workflows/chat/messages.ts';
import { RecordedMetrics } from '../support/recorded-metrics.ts';
import { FakeTemporal, member, start, testConfig } from './fakes.ts';

let client: Client;
let temporal: TemporalClients;
beforeAll(async () => {
  const connection = await Connection.connect({ address: await testTemporal() });
  client = new Client({ connection, dataConverter: encryptedDataConverter(testConfig().payloadKeys) });
  temporal = createTemporalClients(client, new RecordedMetrics());
}, 180_000);
afterAll(async () => client.connection.close());

const chatInput = (): ChatInput => ({
  chatId: randomUUID().slice(0, 16),
  accountId: 'account-1',
  widgetId: 'widget-1',
  visitor: { name: 'Vera' },
  timings: { remindAfterMs: [], missedAfterMs: 1_000, idleEndMs: 1_000, reopenMs: 0 },
});
const message = (clientId: string) => ({ kind: 'message' as const, clientId, text: 'a visitor’s words', at: start });
const person = () => ({ zoomUserId: randomUUID(), accountId: 'account-1', name: 'Alex', email: 'alex@example.com' });

async function signalsOf(workflowId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
}

describe('a chat', () => {
  test('begins with its first message, goes on with the next, and shows operators no words', async () => {
    const input = chatInput();
    expect(await temporal.chats.sendMessage(input, message('one'))).toBe('taken');
    expect(await temporal.chats.sendMessage(input, message('two'))).toBe('taken');
    expect(await temporal.chats.signalVisitor(input.chatId, { kind: 'ended' })).toBe('taken');
    expect(await temporal.chats.signalZoom(input.chatId, { kind: 'channelGone' })).toBe('taken');
    expect(await temporal.chats.tryAgain(input.chatId)).toBe('taken');

    const workflowId = workflowIds.chat(input);
    expect(await signalsOf(workflowId)).toBe(5);
    const description = await client.workflow.getHandle(workflowId).describe();
    expect(description.type).toBe('chat');
    expect(description.typedSearchAttributes.get(searchAttributes.account)).toBe('account-1');
    expect(description.typedSearchAttributes.get(searchAttributes.status)).toBe('waiting');
    expect(description.priority?.fairnessKey).toBe('account-1');
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    const stored = Buffer.from(JSON.stringify(history)).toString();
    expect(stored).not.toContain('Vera');
    expect(stored).not.toContain(Buffer.from('a visitor’s words').toString('base64').slice(0, 16));
  });

  test('that is over never begins again', async () => {
    const input = chatInput();
    await temporal.chats.sendMessage(input, message('one'));
    await client.workflow.getHandle(workflowIds.chat(input)).terminate();
    expect(await temporal.chats.sendMessage(input, message('two'))).toBe('ended');
    expect(await temporal.chats.signalVisitor(input.chatId, { kind: 'ended' })).toBe('ended');
    expect(await temporal.chats.signalZoom(input.chatId, { kind: 'channelGone' })).toBe('ended');
    expect(await temporal.chats.tryAgain(input.chatId)).toBe('ended');
  });

  test('that never was is not begun by anything but a message', async () => {
    expect(await temporal.chats.signalVisitor(randomUUID(), { kind: 'ended' })).toBe('ended');
    expect(await temporal.chats.signalZoom(randomUUID(), { kind: 'channelGone' })).toBe('ended');
  });
});

describe('an install', () => {
  test('is started once while it runs, and again after a failure', async () => {
    const alex = person();
    const handle = client.workflow.getHandle(workflowIds.install(alex));
    expect(await temporal.installs.state(alex.zoomUserId)).toBe('none');
    expect(await temporal.installs.progress(alex.zoomUserId)).toBeNull();
    expect(await temporal.installs.done(alex.zoomUserId)).toBe('ended');
    await temporal.installs.start(alex);
    const { runId } = await handle.describe();
    await temporal.installs.start(alex);
    expect((await handle.describe()).runId).toBe(runId);
    expect(await temporal.installs.state(alex.zoomUserId)).toBe('running');
    expect(await temporal.installs.done(alex.zoomUserId)).toBe('taken');
    await handle.terminate();
    expect(await temporal.installs.state(alex.zoomUserId)).toBe('failed');
    await temporal.installs.start(alex);
    expect((await handle.describe()).runId).not.toBe(runId);
  });

  test('signals its grant’s workflow a new grant and its end', async () => {
    const alex = person();
    await temporal.grants.granted(alex);
    await temporal.grants.deauthorized(alex);
    expect(await signalsOf(workflowIds.grant(alex))).toBe(2);
  });
});

describe('without a worker or a server', () => {
  test('a query and a renewal of tokens are given up in time', async () => {
    const alex = person();
    await temporal.installs.start(alex);
    await expect(temporal.installs.progress(alex.zoomUserId)).rejects.toBeInstanceOf(TemporalUnavailableError);

    const known = member({ _id: alex.zoomUserId });
    const store = { members: { get: async (id: string) => (id === known._id ? known : null) } };
    const renew = createRenewTokens({ client, store, timeoutMs: 500 });
    await expect(renew(alex.zoomUserId, 'stale')).rejects.toBeInstanceOf(RenewalUnavailableError);
    await expect(renew('unknown', 'stale')).rejects.toBeInstanceOf(NeedsReconnectError);
  });

  test('every call says that Temporal is unavailable, before Zoom would lose patience', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    const metrics = new RecordedMetrics();
    const temporal = createTemporalClients(new Client({ connection }), metrics);
    const began = Date.now();
    await Promise.all([
      expect(temporal.chats.sendMessage(chatInput(), message('one'))).rejects.toBeInstanceOf(TemporalUnavailableError),
      expect(temporal.chats.signalZoom('x', { kind: 'channelGone' })).rejects.toBeInstanceOf(TemporalUnavailableError),
      expect(temporal.installs.state('x')).rejects.toBeInstanceOf(TemporalUnavailableError),
      expect(temporal.system.workerActivity()).rejects.toBeInstanceOf(TemporalUnavailableError),
    ]);
    expect(Date.now() - began).toBeLessThan(3_000);
    expect(metrics.counted).toEqual({
      'live_chat_temporal_calls{call="chats.sendMessage",outcome="unavailable"}': 1,
      'live_chat_temporal_calls{call="chats.signalZoom",outcome="unavailable"}': 1,
      'live_chat_temporal_calls{call="installs.state",outcome="unavailable"}': 1,
      'live_chat_temporal_calls{call="system.workerActivity",outcome="unavailable"}': 1,
    });
    await connection.close();
  });
});

test('calls are counted and timed by client, function and outcome, answered and thrown as before', async () => {
  const metrics = new RecordedMetrics();
  const fake = new FakeTemporal();
  const chats = measured('chats', fake.chats, metrics);
  const end = () => chats.signalVisitor('chat-1', { kind: 'ended' });
  expect(await end()).toBe('taken');
  fake.away = true;
  await expect(end()).rejects.toThrow(TemporalUnavailableError);
  fake.away = false;
  fake.before = () => Promise.reject(new Error('a mistake'));
  await expect(end()).rejects.toThrow('a mistake');
  const calls = Object.fromEntries(metrics.counts);
  for (const outcome of ['ok', 'unavailable', 'error'])
    expect(calls[`live_chat_temporal_calls{call="chats.signalVisitor",outcome="${outcome}"}`]).toBe(1);
  expect(calls['live_chat_temporal_calls{call="chats.signalZoom",outcome="unavailable"}']).toBe(0);
  expect(metrics.observed.get('live_chat_temporal_call_seconds{call="chats.signalVisitor"}')).toHaveLength(3);
});
