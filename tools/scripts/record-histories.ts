import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { encryptedDataConverter } from '../../codec/data-converter.ts';
import type { ConnectionCheckData } from '../../domain/connection-check.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { taskQueues, workflowIds } from '../../domain/workflow-ids.ts';
import { Admin, eventually, Visitor, ZoomSide, type SandboxChannel } from '../../test/support/driver.ts';
import { testPayloadKeys } from '../../test/support/payload-keys.ts';
import { historiesFolder, historyAsJson, type StoredHistory } from '../../test/workflows/stored-history.ts';
import { endChatUpdate, visitorSignal, type ChatInput } from '../../workflows/chat/messages.ts';
import { startStack, type Stack } from '../embedded/supervisor.ts';

/*
 * Records the histories in test/histories from real runs of the story, against the sandbox:
 *   node --import tsx tools/scripts/record-histories.ts
 * Before the first release they are recorded anew whenever the workflows change. From then on a released one stays,
 * and new ones are added beside it (docs/decisions, "Versions").
 */

/** The test key of testPayloadKeys, as the environment takes it. */
const payloadKeys = [...testPayloadKeys.keys]
  .map(([id, key]) => `${id}:${Buffer.from(key).toString('base64')}`)
  .join(',');
/** So that the chats that are about time end by themselves within a minute. */
const env = {
  PAYLOAD_ENCRYPTION_KEYS: payloadKeys,
  IDLE_END_HOURS: '0.015',
  MISSED_AFTER_SECONDS: '5',
  REMIND_AFTER_SECONDS: 'none',
  REOPEN_HOURS: '0',
};
const eventsPerShortRun = 60;
const patienceMs = 120_000;

const recorded: StoredHistory[] = [];

const dataDir = await mkdtemp(join(tmpdir(), 'live-chat-histories-'));
const stack = await startStack({ dataDir, temporalUi: false, autoRestart: false, env, report: console.log });
try {
  await record(stack);
} finally {
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}
await writeFile(new URL('index.json', historiesFolder), `${JSON.stringify(recorded, null, 2)}\n`);
console.log(`${recorded.length} histories are in ${fileURLToPath(historiesFolder)}.`);

/** The chat's id is the subject of the token that its visitor holds. */
function workflowOf({ token = '' }: Visitor): string {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return workflowIds.chat({ chatId: z.object({ sub: z.string() }).parse(claims).sub });
}

async function record({ urls }: Stack): Promise<void> {
  const connection = await Connection.connect({ address: urls.temporal });
  const client = new Client({ connection, dataConverter: encryptedDataConverter(testPayloadKeys) });
  const zoom = new ZoomSide(urls.sandbox ?? '');
  const { users } = await zoom.state();
  const idOf = (email: string): string => users.find((user) => user.email === email)?.id ?? '';
  const [alex, jill, sam] = [idOf('alex@example.com'), idOf('jill@example.com'), idOf('sam@example.com')];
  const accountId = users.find(({ id }) => id === alex)?.account_id ?? '';
  const admin = new Admin(urls);

  await rm(historiesFolder, { recursive: true, force: true });
  await mkdir(historiesFolder, { recursive: true });
  const save = async (name: string, workflowId: string, proves: string, runId?: string): Promise<void> => {
    const file = `${name}.v1.json`;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    await writeFile(new URL(file, historiesFolder), JSON.stringify(historyAsJson(history)));
    recorded.push({ file, workflowId, proves });
    console.log(`${file}: ${history.events?.length ?? 0} events`);
  };

  await admin.install(alex);
  await client.workflow.getHandle(workflowIds.install({ zoomUserId: alex })).result();
  await save('install-done', workflowIds.install({ zoomUserId: alex }), 'An install from consent to “I’m Done”.');
  const step = { accountId, step: 'inbound-channel' };
  await save('account-step', workflowIds.accountStep(step), 'A set-up step that an account sees once.');
  const inbound = await zoom.channel('Live Chat Inbound');
  await zoom.invite(alex, inbound.id, [jill, sam]);
  const widget = (await admin.dashboard()).widget.id;

  const checkId = workflowIds.connectionCheck({ accountId });
  /** The check once it waits for somebody. */
  const waitingFor = (step: 'word' | 'press') =>
    eventually(async () => {
      const { check } = await admin.json<ConnectionCheckData>('/api/connection-check');
      assert.equal(check?.steps.find(({ id }) => id === step)?.state, 'waiting');
      return check;
    }, patienceMs);
  await admin.json('/api/connection-check', { method: 'POST' });
  await zoom.write(alex, inbound.id, (await waitingFor('word')).word);
  await waitingFor('press');
  await zoom.press(alex, await zoom.inboundCard('Press me'), 'Press me');
  await client.workflow.getHandle(checkId).result();
  await save('connection-check', checkId, 'An administrator proves the Zoom app step by step.');

  /** A chat that has begun. */
  const chatOf = async (name: string) => {
    const visitor = new Visitor(urls.app, widget, name);
    await visitor.connect();
    visitor.say(`Hello from ${name}`);
    const card = await eventually(() => zoom.inboundCard(`Hello from ${name}`));
    return { visitor, card, workflowId: workflowOf(visitor) };
  };
  /** A chat that an agent has joined, with a word each way. */
  const joinedChat = async (name: string) => {
    const chat = await chatOf(name);
    await zoom.press(jill, chat.card, 'Join Chat');
    const channel = await eventually(() => zoom.channel(new RegExp(`^${name} · `)));
    await eventually(() => assert.ok(chat.visitor.entries.some(({ kind }) => kind === 'agentJoined')));
    await zoom.write(jill, channel.id, `Hello ${name}`);
    await eventually(() => assert.ok(chat.visitor.answers.includes(`Hello ${name}`)));
    return { ...chat, channel };
  };
  const over = async (name: string, workflowId: string, proves: string): Promise<void> => {
    await client.workflow.getHandle(workflowId).result();
    await save(name, workflowId, proves);
  };
  /** The workflow of this type, of which there is one. */
  const onlyRunOf = (type: string) =>
    eventually(async () => {
      for await (const { workflowId } of client.workflow.list({ query: `WorkflowType = "${type}"` })) return workflowId;
      throw new Error(`No workflow of the type ${type} has been started.`);
    }, patienceMs);
  const greetingOf = (channel: SandboxChannel) =>
    eventually(async () => {
      const { messages } = await zoom.channel(channel.name);
      const found = messages.find((message) => message.bot && JSON.stringify(message.content).includes('End Chat'));
      if (!found) throw new Error('There is no greeting yet.');
      return found;
    });

  const byVisitor = await joinedChat('Vera');
  byVisitor.visitor.end();
  await over('chat-ended-by-visitor', byVisitor.workflowId, 'The visitor ends the chat.');

  const byButton = await joinedChat('Bert');
  await zoom.press(sam, byButton.card, 'Join Chat');
  await eventually(() => assert.equal(byButton.visitor.entries.filter(({ kind }) => kind === 'agentJoined').length, 2));
  await zoom.press(jill, await greetingOf(byButton.channel), 'End Chat');
  await over('chat-ended-by-agent', byButton.workflowId, 'Two agents join, and one ends the chat by its button.');

  const byOperator = await joinedChat('Otto');
  await client.workflow.getHandle(byOperator.workflowId).executeUpdate(endChatUpdate, { args: [{ by: 'operator' }] });
  await over('chat-ended-by-operator', byOperator.workflowId, 'An operator ends the chat in Temporal UI.');

  const byDeletion = await joinedChat('Dora');
  await zoom.deleteChannel(alex, byDeletion.channel.id);
  await over('chat-ended-by-deleted-channel', byDeletion.workflowId, 'An agent deletes the channel: that is an end.');

  const idle = await joinedChat('Ines');
  const unanswered = await chatOf('Nora');

  await zoom.changeChannel(alex, inbound.id, { archived: true });
  const waiting = await chatWithoutCard('Walt');
  await eventually(async () => {
    const { typedSearchAttributes } = await client.workflow.getHandle(waiting.workflowId).describe();
    assert.equal(typedSearchAttributes.get(searchAttributes.waitsFor), 'ChannelGone');
  }, patienceMs);
  await zoom.changeChannel(alex, inbound.id, { archived: false });
  const card = await eventually(() => zoom.inboundCard('Hello from Walt'), patienceMs);
  await zoom.press(jill, card, 'Join Chat');
  await eventually(() => zoom.channel(/^Walt · /));
  waiting.visitor.end();
  await over('chat-waited-for-repair', waiting.workflowId, 'The inbound channel is archived, and restored later.');

  async function chatWithoutCard(name: string) {
    const visitor = new Visitor(urls.app, widget, name);
    await visitor.connect();
    visitor.say(`Hello from ${name}`);
    return { visitor, workflowId: workflowOf(visitor) };
  }

  // Short runs, so that a chat of a few messages continues as new.
  const chatId = 'ContinuedChat001';
  const input: ChatInput = {
    chatId,
    accountId,
    widgetId: widget,
    visitor: { name: 'Carl' },
    timings: { remindAfterMs: [], missedAfterMs: 300_000, idleEndMs: 86_400_000, reopenMs: 0 },
    continueAfterEvents: eventsPerShortRun,
  };
  const continued = await client.workflow.signalWithStart('chat', {
    workflowId: workflowIds.chat({ chatId }),
    taskQueue: taskQueues.main,
    args: [input],
    signal: visitorSignal,
    signalArgs: [{ kind: 'message', clientId: 'client-00', text: 'Hello from Carl', at: Date.now() }],
  });
  await zoom.press(jill, await eventually(() => zoom.inboundCard('Hello from Carl')), 'Join Chat');
  await eventually(() => zoom.channel(/^Carl · /));
  const latest = client.workflow.getHandle(workflowIds.chat({ chatId }));
  for (let n = 1; (await latest.describe()).runId === continued.signaledRunId; n += 1) {
    const clientId = `client-${String(n).padStart(2, '0')}`;
    await latest.signal(visitorSignal, { kind: 'message', clientId, text: `Message ${n}`, at: Date.now() });
  }
  await latest.signal(visitorSignal, { kind: 'ended' });
  await latest.result();
  const { workflowId } = latest;
  await save('chat-continued-first-run', workflowId, 'A run that continues as new.', continued.signaledRunId);
  await save('chat-continued-last-run', workflowId, 'The run that it continues in.', (await latest.describe()).runId);

  const inboundId = workflowIds.inbound({ channelId: inbound.id });
  await save('inbound', inboundId, 'Chats get their slots in the inbound channel, one after the other.');
  await admin.json('/api/settings', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: (await zoom.channel('General')).id }),
  });
  const routeChange = await onlyRunOf('routeChange');
  await over('route-change', routeChange, 'An administrator routes new chats to another channel.');

  await over('chat-ended-for-silence', idle.workflowId, 'Nobody writes any more.');
  await over('chat-missed', unanswered.workflowId, 'Nobody joins in time, and nobody writes any more.');

  const grantId = workflowIds.grant({ zoomUserId: alex });
  await zoom.faults({ tokens: { action: 'expire', user: alex } });
  await admin.json('/api/channels');
  await zoom.faults({ tokens: { action: 'revoke', kinds: ['access', 'refresh'], user: alex } });
  await admin.request('/api/channels');
  await eventually(async () => {
    assert.ok((await admin.dashboard()).needsReconnect);
  }, patienceMs);
  await admin.install(alex);
  await save('grant', grantId, 'A grant that is refreshed, lost, and given again.');

  const erased = await client.workflow.start('erase', {
    workflowId: 'erase/recorded',
    taskQueue: taskQueues.main,
    args: [{ chatId: byVisitor.workflowId.replace('chat/', '') }],
  });
  await erased.result();
  await save('erase', erased.workflowId, 'One visitor’s chat is erased.');
  await client.schedule.getHandle(workflowIds.retention()).trigger();
  await over('retention', await onlyRunOf('retention'), 'What is older than its account keeps it is looked for.');
  await connection.close();
}
