import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import type { WorkflowHandle } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findTemporalCli } from '../../tools/embedded/temporal-binary.ts';
import { zoomSignal } from '../../workflows/chat/messages.ts';
import { fakeChatActivities } from '../workflows/fake-zoom-side.ts';
import { devServer, testWorker } from '../workflows/harness.ts';
import { eventually, jill, runningChat } from '../workflows/running-chat.ts';

/**
 * Somebody who reaches Temporal and has no payload keys: what they send with Temporal's own command line, or copy from
 * another workflow, changes nothing, and stops nothing.
 */
let env: TestWorkflowEnvironment;
let cli: string;
const logged: { message: string; signal: unknown }[] = [];

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('WARN', ({ message, meta }) => note(message, meta ?? {})) });
  [env, cli] = await Promise.all([devServer(), findTemporalCli(() => undefined)]);
}, 120_000);
afterAll(() => env.teardown());
beforeEach(() => {
  logged.length = 0;
});

function note(message: string, meta: { signal?: unknown }): void {
  logged.push({ message, signal: meta.signal });
}

/** Temporal's command line, as a stranger or an operator uses it: plain JSON. */
async function temporal(...args: string[]): Promise<string> {
  const { stdout } = await execa(cli, [...args, '--address', env.address], { env: { TEMPORAL_ADDRESS: '' } });
  return stdout;
}

const forged = JSON.stringify({ kind: 'message', messageId: 'forged', userId: 'jill', text: 'pay at …', at: 3 });
const dropped = () => logged.filter(({ message }) => message.includes('was dropped')).map(({ signal }) => signal);

/** Where a workflow has got to; no task of it has failed, at any time. */
async function failedTasks(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter(({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes).length;
}

describe('a signal that nobody sealed', () => {
  test.each([
    ['with words of an agent', ['--name', 'zoom', '--input', forged]],
    ['with words of the visitor', ['--name', 'visitor', '--input', '{"kind":"ended"}']],
    ['without input', ['--name', 'zoom']],
    ['of an unknown encoding', ['--name', 'zoom', '--input', 'AAAA', '--input-base64', '--input-meta', 'encoding=x/y']],
  ])('%s does nothing to the chat, and the chat goes on', async (_what, signal) => {
    const fake = fakeChatActivities();
    await runningChat(env, fake, async ({ handle, joined, agentSays, say, snapshot }) => {
      await joined(jill);
      const before = await snapshot();
      await temporal('workflow', 'signal', '--workflow-id', handle.workflowId, ...signal);
      await eventually(() => expect(dropped()).toEqual([signal[1]]));
      expect((await snapshot()).lastSeq).toBe(before.lastSeq);
      await agentSays('Genuine');
      await say('Thank you');
      await eventually(async () => expect((await snapshot()).deliveredSeq).toBe(before.lastSeq + 2));
      expect(await failedTasks(handle)).toBe(0);
    });
    const words = fake.seen.recorded.flatMap((entry) => ('text' in entry ? [entry.text] : []));
    expect(words).toEqual(['Hello', 'Genuine', 'Thank you']);
  });
});

/** Sends a signal as it is, past every client's own conversion. */
async function rawSignal(workflowId: string, signalName: string, payloads: Payload[]): Promise<void> {
  await env.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    signalName,
    input: { payloads },
    requestId: randomUUID(),
  });
}

test('a signal that is no JSON at all stops no chat', async () => {
  await runningChat(env, fakeChatActivities(), async ({ handle }) => {
    await rawSignal(handle.workflowId, 'zoom', [
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') },
    ]);
    await eventually(() => expect(dropped()).toEqual(['zoom']));
    expect(await failedTasks(handle)).toBe(0);
  });
});

test('words that were sealed for one chat say nothing in another', async () => {
  let copied: Payload[] = [];
  await runningChat(env, fakeChatActivities(), async ({ handle, joined, agentSays }) => {
    await joined(jill);
    await agentSays('For the first visitor only');
    const { events } = await handle.fetchHistory();
    copied = (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signaled }) =>
      signaled?.signalName === zoomSignal.name ? (signaled.input?.payloads ?? []) : [],
    );
  });
  expect(copied).toHaveLength(2);
  const fake = fakeChatActivities();
  await runningChat(env, fake, async ({ handle, joined, say, snapshot }) => {
    await joined(jill);
    for (const payload of copied) await rawSignal(handle.workflowId, zoomSignal.name, [payload]);
    await eventually(() => expect(dropped()).toHaveLength(copied.length));
    await say('Anybody there?');
    await eventually(async () => expect((await snapshot()).deliveredSeq).toBe((await snapshot()).lastSeq));
    expect(await failedTasks(handle)).toBe(0);
  });
  const words = fake.seen.recorded.flatMap((entry) => ('text' in entry ? [entry.text] : []));
  expect(words).toEqual(['Hello', 'Anybody there?']);
});

describe('an operator’s own Update, in readable form', () => {
  test('is carried out', async () => {
    await runningChat(env, fakeChatActivities(), async ({ handle }) => {
      const update = ['--workflow-id', handle.workflowId, '--name', 'endChat', '--input', '{"by":"operator"}'];
      // The command line has no keys: it could not read the answer.
      await temporal('workflow', 'update', 'start', ...update, '--wait-for-stage', 'accepted');
      expect(await handle.result()).toMatchObject({ status: 'ended' });
    });
  });

  test('is checked as ever', async () => {
    await runningChat(env, fakeChatActivities(), async ({ handle }) => {
      const update = ['--workflow-id', handle.workflowId, '--name', 'endChat', '--input', '{"by":"nobody"}'];
      await expect(temporal('workflow', 'update', 'execute', ...update)).rejects.toThrow('or left out');
    });
  });
});

test('a workflow that a stranger starts fails at once, and does nothing', async () => {
  const fake = fakeChatActivities();
  const taskQueue = `unsealed-${randomUUID()}`;
  const workers = await testWorker(env, fake.activities, taskQueue);
  const workflowId = `chat/${randomUUID()}`;
  const input = JSON.stringify({ chatId: workflowId, accountId: 'account-1', visitor: { name: 'Mallory' } });
  await workers.runUntil(async () => {
    const start = ['--type', 'chat', '--task-queue', taskQueue, '--workflow-id', workflowId];
    for (const given of [['--input', input], []]) {
      await temporal('workflow', 'start', ...start, ...given);
      const handle = env.client.workflow.getHandle(workflowId);
      await expect(handle.result()).rejects.toThrow();
      expect(await failedTasks(handle)).toBe(0);
    }
  });
  expect(fake.seen.recorded).toEqual([]);
});
