/**
 * Records histories of real runs for the replay test, test/workflows/replay.test.ts: what is stored there is what running
 * chats and installs look like when a new version of the workflow code takes them over.
 *
 *   node --import tsx scripts/record-histories.ts            records what is missing
 *   node --import tsx scripts/record-histories.ts --again    records everything anew: only before a first release
 *
 * When to record: a change made behind `patched` has a new shape, and so has a new ending. Add a story below under a new
 * name (or the next version, `.v2`) and run this. A released shape is never recorded again: the stored file is the proof
 * that chats started by that release still run, and a new recording would only prove that the new code agrees with itself.
 *
 * The histories are made up: nobody's words are in them. They are encrypted with the test key all the same.
 */
/* eslint-disable @typescript-eslint/require-await, @typescript-eslint/unbound-method -- test doubles, as under test/ */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createTemporalGateway } from '../api/temporal-gateway.ts';
import { findTestServer } from '../embedded/temporal-binary.ts';
import { taskQueues, workflowIds } from '../domain/workflow-ids.ts';
import { fakeGrantActivities, fakeInstallActivities } from '../test/workflows/fake-install-side.ts';
import { fakeChatActivities } from '../test/workflows/fake-zoom-side.ts';
import { dataConverter, devServer, testWorker, timeSkipping } from '../test/workflows/harness.ts';
import {
  historiesFolder,
  historyAsJson,
  storedHistories,
  type StoredHistory,
} from '../test/workflows/stored-history.ts';
import {
  endChatUpdate,
  getChatQuery,
  reassignChatUpdate,
  retryNowUpdate,
  type ChatInput,
  type ZoomEvent,
} from '../workflows/chat/messages.ts';
import { askToReconnectUpdate, getInstallationQuery, renewTokensUpdate } from '../workflows/installation/messages.ts';
import { getInstallProgressQuery, retryInstallUpdate } from '../workflows/install/messages.ts';

const mostBytes = 150_000;

type Gateway = ReturnType<typeof createTemporalGateway>;
interface Stage {
  env: TestWorkflowEnvironment;
  gateway: Gateway;
  /** Store the history of a run. */
  keep(name: string, proves: string, workflowId: string, runId?: string): Promise<void>;
}
interface Story {
  /** Names of the histories that it keeps. */
  names: string[];
  /** On the time-skipping server, for what takes minutes. */
  skipsTime?: boolean;
  tell(stage: Stage): Promise<void>;
}

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await check()) return;
    await pause(25);
  }
  throw new Error(`It did not come to this: ${what}.`);
}

// ---- chats

const jill = { id: 'jill', name: 'Jill' };
const sam = { id: 'sam', name: 'Sam' };

/** Chats are of two kinds: `.v1` goes the long way, `.v2` the short one, see docs/decisions/0015-the-short-way.md. */
type Way = 'long' | 'short';
const versionOf: Record<Way, string> = { long: 'v1', short: 'v2' };

interface ChatOnStage {
  chatId: string;
  handle: WorkflowHandle;
  fake: ReturnType<typeof fakeChatActivities>;
  say(text: string): Promise<void>;
  zoom(event: ZoomEvent): Promise<void>;
  /** A socket of the visitor's at that instance; with the short way workers reach it directly. */
  opens(instanceId: string): Promise<void>;
  /** Press Join and wait until the agent is in. */
  join(agent: { id: string; name: string }): Promise<void>;
  visitorEnds(): Promise<void>;
  relayed(): Promise<void>;
}

interface ChatStoryOptions {
  input?: Partial<ChatInput>;
  fake?: () => ReturnType<typeof fakeChatActivities>;
  skipsTime?: boolean;
  /** Default: both. */
  ways?: Way[];
}

/** One story of a chat, told on each way. */
function chatStory(
  name: string,
  proves: string,
  tell: (chat: ChatOnStage, stage: Stage) => Promise<void>,
  options: ChatStoryOptions = {},
): Story[] {
  return (options.ways ?? ['long', 'short']).map((way) => {
    const file = `chat-${name}.${versionOf[way]}`;
    return {
      names: [file],
      ...(options.skipsTime ? { skipsTime: true } : {}),
      tell: (stage) =>
        onStage(stage, way, options, async (chat) => {
          await tell(chat, stage);
          await stage.env.client.workflow.getHandle(chat.handle.workflowId).result();
          await stage.keep(file, proves, chat.handle.workflowId);
        }),
    };
  });
}

async function onStage(
  { env, gateway }: Stage,
  way: Way,
  options: ChatStoryOptions,
  tell: (chat: ChatOnStage) => Promise<void>,
): Promise<void> {
  const fake = options.fake?.() ?? fakeChatActivities();
  const chatId = randomUUID().slice(0, 12);
  const handle = env.client.workflow.getHandle(workflowIds.chat({ chatId }));
  const input: ChatInput = {
    chatId,
    accountId: 'account-1',
    widgetId: 'widget-1',
    visitor: { name: 'Jane Doe', email: 'jane@example.org' },
    page: { url: 'https://example.com/pricing', title: 'Pricing' },
    timings: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
    ...(way === 'short' ? { shortWay: true } : {}),
    ...options.input,
  };
  let messages = 0;
  const say = async (text: string): Promise<void> => {
    messages += 1;
    await gateway.visitorMessage(input, { kind: 'message', clientId: `client-${messages}`, text, at: messages });
  };
  const zoom = async (event: ZoomEvent): Promise<void> => {
    await gateway.signalZoom(chatId, event);
  };
  const worker = await testWorker(env, { ...fake.activities, ...fake.shortWay }, taskQueues.main);
  await worker.runUntil(async () => {
    await say('Hello');
    await until('the card is posted', () => fake.seen.cards.length > 0);
    await tell({
      chatId,
      handle,
      fake,
      say,
      zoom,
      async opens(instanceId) {
        const route = { instanceId, ...(way === 'short' ? { url: 'http://api.example' } : {}) };
        await gateway.signalVisitor(chatId, { kind: 'connected', connection: { connectionId: 'socket-1', ...route } });
      },
      async join(agent) {
        await zoom({ kind: 'joinPressed', user: agent });
        await until('the agent is in', async () =>
          (await handle.query(getChatQuery)).agents.some(({ id }) => id === agent.id),
        );
      },
      async visitorEnds() {
        await gateway.signalVisitor(chatId, { kind: 'ended' });
      },
      relayed: () =>
        until('everything is relayed', async () => {
          const { waitingForZoom, recordedSeq, lastSeq } = await handle.query(getChatQuery);
          return waitingForZoom === 0 && recordedSeq === lastSeq;
        }),
    });
  });
}

const answer = (messageId: string, text: string, userId = 'jill'): ZoomEvent => ({
  kind: 'message',
  messageId,
  userId,
  text,
  at: 2,
});

/** A chat activity that fails so for as long as `when` says. */
function failing(type: string, when: (postsSoFar: number, channelId: string) => boolean) {
  const fake = fakeChatActivities();
  const { postToChatChannel } = fake.activities;
  fake.activities.postToChatChannel = async (input) => {
    if (when(fake.seen.posts.length, input.channel.id)) throw ApplicationFailure.nonRetryable('refused', type);
    return postToChatChannel(input);
  };
  const { relayNow } = fake.shortWay;
  fake.shortWay.relayNow = async (input) =>
    when(fake.seen.posts.length, input.channel.id) ? { outcome: 'notPosted' } : relayNow(input);
  return fake;
}

/** Zoom asks to wait for an hour, once, for the post with these words. */
function puttingOff(words: string) {
  const fake = fakeChatActivities();
  const { postToChatChannel } = fake.activities;
  let asked = false;
  fake.activities.postToChatChannel = async (input) => {
    if (asked || !JSON.stringify(input.content).includes(words)) return postToChatChannel(input);
    asked = true;
    const wait = 3_600_000;
    throw ApplicationFailure.create({
      message: 'Later.',
      type: 'ZoomUnavailable',
      nextRetryDelay: wait,
      details: [{ tryAgainInMs: wait }],
    });
  };
  // Nor at once.
  const { relayNow } = fake.shortWay;
  fake.shortWay.relayNow = (input) =>
    JSON.stringify(input.content).includes(words) ? Promise.resolve({ outcome: 'notPosted' }) : relayNow(input);
  return fake;
}

const chats: Story[] = [
  chatStory(
    'ended-by-visitor',
    'Both sides relayed, with a socket that is delivered to, edits and deletions; the visitor ends.',
    async (chat, { env, gateway }) => {
      const instanceId = randomUUID();
      const instance = await Worker.create({
        connection: env.nativeConnection,
        taskQueue: taskQueues.visitorDelivery({ instanceId }),
        dataConverter,
        activities: chat.fake.instance,
      });
      await instance.runUntil(async () => {
        await chat.opens(instanceId);
        await chat.join(jill);
        await chat.zoom(answer('z1', 'Hi Jane'));
        await chat.zoom({ kind: 'edited', messageId: 'z1', text: 'Hi, Jane', at: 3 });
        await chat.say('Do you ship to Norway?');
        await chat.zoom(answer('z2', 'Yes'));
        await chat.zoom({ kind: 'deleted', messageId: 'z2', at: 4 });
        await chat.relayed();
        await gateway.signalVisitor(chat.chatId, { kind: 'disconnected', connectionId: 'socket-1' });
        await chat.visitorEnds();
        await chat.handle.result();
      });
    },
  ),
  chatStory('ended-by-agent', 'An agent ends the chat by the button.', async (chat) => {
    await chat.join(jill);
    await chat.zoom(answer('z1', 'Hi Jane'));
    await chat.relayed();
    await chat.zoom({ kind: 'endPressed', user: jill });
  }),
  chatStory('ended-by-operator', 'The endChat update.', async (chat) => {
    await chat.join(jill);
    await chat.relayed();
    await chat.handle.executeUpdate(endChatUpdate, { args: [{ by: 'operator' }] });
  }),
  chatStory('ended-unanswered', 'The visitor leaves before anybody has joined.', (chat) => chat.visitorEnds()),
  chatStory(
    'missed-then-joined',
    'Nobody joins in time; somebody does later.',
    async (chat) => {
      await until('it is missed', async () => (await chat.handle.query(getChatQuery)).status === 'missed');
      await chat.say('Anybody?');
      await chat.join(jill);
      await chat.relayed();
      await chat.visitorEnds();
    },
    { input: { timings: { missedAfterMs: 800, idleEndMs: 86_400_000 } } },
  ),
  chatStory(
    'ended-for-silence',
    'Ends by itself after the idle time.',
    async (chat) => {
      await chat.join(jill);
    },
    { input: { timings: { missedAfterMs: 86_400_000, idleEndMs: 2_500 } } },
  ),
  chatStory('two-agents', 'Two agents join, one leaves, a colleague writes without having joined.', async (chat) => {
    await chat.zoom({ kind: 'joinPressed', user: jill });
    await chat.join(sam);
    await chat.zoom({ kind: 'agentLeft', userId: 'jill', at: 3 });
    await chat.zoom(answer('z1', 'I can help too', 'kim'));
    await chat.relayed();
    await chat.visitorEnds();
  }),
  chatStory('joined-by-unknown', 'Somebody whom Zoom does not know presses Join.', async (chat) => {
    await chat.zoom({ kind: 'joinPressed', user: { id: 'nobody', name: '?' } });
    await chat.join(jill);
    await chat.relayed();
    await chat.visitorEnds();
  }),
  chatStory(
    'channel-vanished-and-reopened',
    'The chat channel is gone with a message unrelayed: a new card, and another channel.',
    async (chat) => {
      await chat.join(jill);
      await chat.relayed();
      await chat.say('Are you still there?');
      await until('a second card is posted', () => chat.fake.seen.cards.length === 2);
      await chat.join(sam);
      await chat.relayed();
      await chat.visitorEnds();
    },
    { fake: () => failing('ChannelGone', (posts, channelId) => channelId === 'channel-1' && posts === 2) },
  ),
  chatStory(
    'channel-deleted-by-agent',
    'The chat channel is deleted with nothing left to relay: that is an end.',
    async (chat) => {
      await chat.join(jill);
      await chat.relayed();
      await chat.zoom({ kind: 'channelGone' });
    },
  ),
  chatStory(
    'posts-in-owners-name',
    'Zoom does not let the bot in: posts by the owner, with echoes before and after the answer.',
    async (chat) => {
      await chat.join(jill);
      await chat.say('Second');
      await chat.relayed();
      await chat.zoom(answer('post-2', 'Jane Doe: Hello', 'owner'));
      await chat.zoom(answer('z1', 'My own words', 'owner'));
      await chat.relayed();
      await chat.visitorEnds();
    },
    {
      fake() {
        const fake = fakeChatActivities();
        const { postToChatChannel } = fake.activities;
        fake.activities.postToChatChannel = async (input) => ({ ...(await postToChatChannel(input)), as: 'user' });
        return fake;
      },
    },
  ),
  chatStory('delivery-failed', 'The api instance that held the socket is gone.', async (chat, { gateway }) => {
    const connection = { connectionId: 'socket-1', instanceId: 'gone' };
    await gateway.signalVisitor(chat.chatId, { kind: 'connected', connection });
    await chat.join(jill);
    await chat.zoom(answer('z1', 'Hi Jane'));
    await chat.relayed();
    await chat.visitorEnds();
  }),
  chatStory(
    'help-failed',
    'Editing the card and looking up a stranger fail; the chat goes on.',
    async (chat) => {
      await chat.join(jill);
      await chat.zoom(answer('z1', 'Hello from', 'nobody'));
      await chat.relayed();
      await chat.visitorEnds();
    },
    {
      fake: () =>
        fakeChatActivities({
          async updateInboundCard() {
            throw ApplicationFailure.nonRetryable('gone', 'MessageGone');
          },
        }),
    },
  ),
  chatStory('reassigned', 'The reassignChat update, before anybody has joined and after.', async (chat) => {
    await chat.handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'jill' }] });
    await chat.relayed();
    await chat.handle.executeUpdate(reassignChatUpdate, { args: [{ to: 'sam', by: 'operator' }] });
    await chat.zoom(answer('z1', 'One more word'));
    await chat.relayed();
    await chat.visitorEnds();
  }),
  chatStory(
    'retried-now',
    'Zoom puts off a post for an hour; the retryNow update has it tried at once.',
    async (chat) => {
      await chat.join(jill);
      await chat.relayed();
      await chat.say('And now?');
      await until('the post waits', async () =>
        ((await chat.handle.query(getChatQuery)).waits ?? []).some(({ why }) => why !== undefined),
      );
      await chat.handle.executeUpdate(retryNowUpdate, { args: [undefined] });
      await chat.relayed();
      await chat.visitorEnds();
    },
    { fake: () => puttingOff('And now?') },
  ),
  chatStory('cancelled', 'Request Cancellation in Temporal UI ends the chat.', async (chat) => {
    await chat.join(jill);
    await chat.relayed();
    await chat.handle.cancel();
  }),
  chatStory('paced', 'Posts wait for Zoom’s limits.', async (chat) => {
    await chat.join(jill);
    for (let n = 0; n < 9; n += 1) await chat.say(`${n} ${'x'.repeat(990)}`);
    await chat.relayed();
    await chat.visitorEnds();
  }),
  chatStory(
    'read-back',
    'An unanswered message has the channel read back, which finds an answer.',
    async (chat, { env }) => {
      await chat.join(jill);
      await chat.relayed();
      await env.sleep('2 minutes');
      await until('the answer is in', () => chat.fake.seen.recorded.some(({ kind }) => kind === 'agentMessage'));
      await chat.visitorEnds();
    },
    {
      skipsTime: true,
      fake: () =>
        fakeChatActivities({
          async readChannelBack() {
            return [{ messageId: 'lost', userId: 'jill', text: 'My answer', files: [], at: 5 }];
          },
        }),
    },
  ),
  (['long', 'short'] as const).map((way): Story => {
    const [first, last] = ['first', 'last'].map((run) => `chat-continued-as-new-${run}-run.${versionOf[way]}`);
    const names = [first ?? '', last ?? ''] as const;
    return {
      names: [...names],
      tell: (stage) =>
        onStage(stage, way, { input: { continueAfterEvents: 40 } }, async (chat) => {
          const { runId } = await chat.handle.describe();
          await chat.join(jill);
          const next = async () => (await chat.handle.describe()).runId !== runId;
          // A message takes fewer events on the short way.
          for (let n = 0; n < 4 || (way === 'short' && n < 20 && !(await next())); n += 1) {
            await chat.say(`message ${n}`);
            await chat.relayed();
          }
          await until('there is a next run', next);
          await chat.zoom(answer('z1', 'Hi Jane'));
          await chat.visitorEnds();
          await chat.handle.result();
          const { workflowId } = chat.handle;
          await stage.keep(names[0], 'Hands its memory over.', workflowId, runId);
          await stage.keep(names[1], 'Goes on with a memory handed over.', workflowId);
        }),
    };
  }),
  chatStory(
    'burst',
    'Several messages at once, both ways.',
    async (chat) => {
      await chat.opens('instance-1');
      await chat.join(jill);
      const all = Array.from({ length: 6 }, (_, n) => n);
      await Promise.all(all.flatMap((n) => [chat.say(`message ${n}`), chat.zoom(answer(`z${n}`, `answer ${n}`))]));
      await chat.relayed();
      await chat.zoom({ kind: 'endPressed', user: jill });
    },
    { ways: ['short'] },
  ),
  chatStory(
    'outcome-unknown',
    'Nobody knows whether a message was posted: an ordinary activity looks, and posts what is missing.',
    async (chat) => {
      await chat.join(jill);
      await chat.say('Are you there?');
      await chat.relayed();
      await chat.say('Still?');
      await chat.relayed();
      await chat.visitorEnds();
    },
    {
      ways: ['short'],
      fake() {
        const fake = fakeChatActivities();
        const { relayNow } = fake.shortWay;
        let posts = 0;
        // The first one posts, and its answer is lost; the second one does not even get so far.
        fake.shortWay.relayNow = async (input) => {
          posts += 1;
          if (posts === 1) await relayNow(input);
          return { outcome: 'unknown' };
        };
        return fake;
      },
    },
  ),
  chatStory(
    'zoom-refuses-for-now',
    'Zoom does not take a message at once: an ordinary activity tries again.',
    async (chat) => {
      await chat.join(jill);
      await chat.say('Are you there?');
      await chat.relayed();
      await chat.zoom({ kind: 'endPressed', user: jill });
    },
    {
      ways: ['short'],
      fake() {
        const fake = fakeChatActivities();
        fake.shortWay.relayNow = async () => ({ outcome: 'notPosted' });
        return fake;
      },
    },
  ),
  chatStory(
    'held-back',
    'The account is at its rate: a message waits for its turn, once unrecorded and once recorded.',
    async (chat) => {
      await chat.join(jill);
      await chat.say('Are you there?');
      await chat.relayed();
      await chat.say('Still?');
      await chat.zoom({ kind: 'message', messageId: 'z1', userId: jill.id, text: 'Yes!', at: 3 });
      await chat.relayed();
      await chat.zoom({ kind: 'endPressed', user: jill });
    },
    {
      ways: ['short'],
      fake() {
        const fake = fakeChatActivities();
        const { relayNow } = fake.shortWay;
        const waits: (number | undefined)[] = [300, undefined, 1_000];
        fake.shortWay.relayNow = async (input) => {
          const tryAgainInMs = waits.shift();
          return tryAgainInMs === undefined ? relayNow(input) : { outcome: 'heldBack', tryAgainInMs };
        };
        return fake;
      },
    },
  ),
  {
    names: ['chat-not-quiet-in-time.v2'],
    tell: (stage: Stage) => {
      const fake = fakeChatActivities();
      const { postToChatChannel } = fake.activities;
      fake.activities.postToChatChannel = async (input) => {
        // Longer than a run waits for a quiet moment.
        for (let seconds = 0; input.content.kind === 'greeting' && seconds < 7; seconds += 1) {
          await pause(1_000);
          heartbeat();
        }
        return postToChatChannel(input);
      };
      return onStage(stage, 'short', { input: { continueAfterEvents: 40 }, fake: () => fake }, async (chat) => {
        const { runId } = await chat.handle.describe();
        await chat.zoom({ kind: 'joinPressed', user: jill });
        await until('the channel is open', () => fake.seen.opened.length > 0);
        await chat.zoom(answer('z1', 'Hi Jane'));
        await chat.relayed();
        await chat.zoom({ kind: 'endPressed', user: jill });
        await chat.handle.result();
        const proves = 'The history is long, but a post takes longer than the quiet that is made for handing over.';
        await stage.keep('chat-not-quiet-in-time.v2', proves, chat.handle.workflowId, runId);
      });
    },
  },
].flat();

// ---- installs

function installStory(
  names: string[],
  fake: () => ReturnType<typeof fakeInstallActivities>,
  tell: (
    install: { start(): Promise<WorkflowHandle>; accountId: string; zoomUserId: string },
    stage: Stage,
  ) => Promise<void>,
  skipsTime = false,
): Story {
  return {
    names,
    skipsTime,
    async tell(stage) {
      const suffix = randomUUID().slice(0, 8);
      const person = { zoomUserId: `alex-${suffix}`, accountId: `account-${suffix}` };
      const worker = await testWorker(stage.env, fake().activities, taskQueues.main);
      await worker.runUntil(() =>
        tell(
          {
            ...person,
            async start() {
              await stage.gateway.startInstall({ ...person, name: 'Alex Doe', email: 'alex@example.com' });
              return stage.env.client.workflow.getHandle(workflowIds.install(person));
            },
          },
          stage,
        ),
      );
    },
  };
}

/** The bot is not let into the channel for the first `times`. */
function cardRefused(times: number) {
  const fake = fakeInstallActivities();
  const { postWelcomeCard } = fake.activities;
  let refused = 0;
  fake.activities.postWelcomeCard = async (input) => {
    refused += 1;
    if (refused <= times) throw ApplicationFailure.nonRetryable('Let the app in first.', 'BotNotAllowed');
    return postWelcomeCard(input);
  };
  return fake;
}

async function done(handle: WorkflowHandle, gateway: Gateway, zoomUserId: string): Promise<void> {
  await until('it is ready', async () => (await handle.query(getInstallProgressQuery)).status === 'ready');
  await gateway.onboardingDone(zoomUserId);
  await handle.result();
}

const stopped = (handle: WorkflowHandle) =>
  until('a step has failed', async () => (await handle.query(getInstallProgressQuery)).status === 'failed');

const installs: Story[] = [
  installStory(
    ['install-done', 'account-step-inbound-channel', 'account-step-welcome-card'],
    () => fakeInstallActivities(),
    async ({ start, accountId, zoomUserId }, { gateway, keep }) => {
      const handle = await start();
      await done(handle, gateway, zoomUserId);
      await keep('install-done', 'All steps, and “I’m Done”.', handle.workflowId);
      for (const step of ['inbound-channel', 'welcome-card'] as const) {
        await keep(`account-step-${step}`, 'A step of the account.', workflowIds.accountStep({ accountId, step }));
      }
    },
  ),
  installStory(
    ['install-retried.v2', 'account-step-failed'],
    () => cardRefused(1),
    async ({ start, accountId, zoomUserId }, { env, gateway, keep }) => {
      const handle = await start();
      await stopped(handle);
      const step = workflowIds.accountStep({ accountId, step: 'welcome-card' });
      const failedStep = (await env.client.workflow.getHandle(step).describe()).runId;
      // The page's Retry, or a new grant.
      await start();
      await done(handle, gateway, zoomUserId);
      await keep('account-step-failed', 'A step of the account that Zoom refuses.', step, failedStep);
      await keep('install-retried.v2', 'A step that Zoom refused is retried from the page.', handle.workflowId);
    },
  ),
  installStory(
    ['install-retried-by-operator'],
    () => cardRefused(2),
    async ({ start, zoomUserId }, { gateway, keep }) => {
      const handle = await start();
      await stopped(handle);
      await handle.executeUpdate(retryInstallUpdate, { args: [{ by: 'operator' }] }).catch(() => undefined);
      await handle.executeUpdate(retryInstallUpdate, { args: [undefined] });
      await done(handle, gateway, zoomUserId);
      const proves = 'The retryInstall update, in vain and then with success.';
      await keep('install-retried-by-operator', proves, handle.workflowId);
    },
  ),
  installStory(
    ['install-failed.v2'],
    () => cardRefused(Infinity),
    async ({ start }, { keep }) => {
      const handle = await start();
      await handle.result().catch(() => undefined);
      await keep('install-failed.v2', 'Waits a week for a retry of a step that Zoom refuses.', handle.workflowId);
    },
    true,
  ),
  installStory(
    ['install-waited-for-colleague'],
    () => fakeInstallActivities(),
    async ({ accountId, zoomUserId }, { env, gateway, keep }) => {
      const people = ['kim', 'sam', 'alex'].map((who) => ({ accountId, zoomUserId: `${who}-${zoomUserId}` }));
      const handles = people.map((person) => env.client.workflow.getHandle(workflowIds.install(person)));
      for (const person of people) await gateway.startInstall({ ...person, name: 'Somebody', email: 's@example.com' });
      await Promise.all(people.map((person, n) => done(handles[n] as WorkflowHandle, gateway, person.zoomUserId)));
      // The one that had to wait has the longest history.
      const lengths = await Promise.all(handles.map(async (handle) => (await handle.describe()).historyLength));
      const longest = handles[lengths.indexOf(Math.max(...lengths))] as WorkflowHandle;
      await keep(
        'install-waited-for-colleague',
        'Waits while a colleague’s install does the step.',
        longest.workflowId,
      );
    },
  ),
  installStory(
    ['install-never-confirmed'],
    () => fakeInstallActivities(),
    async ({ start }, { keep }) => {
      const handle = await start();
      await handle.result();
      await keep('install-never-confirmed', 'Thirty days without “I’m Done”.', handle.workflowId);
    },
    true,
  ),
];

// ---- grants

const grants: Story = {
  names: ['installation-refreshed-lost-and-removed'],
  async tell({ env, gateway, keep }) {
    const zoomUserId = `alex-${randomUUID().slice(0, 8)}`;
    const person = { zoomUserId, accountId: 'account-1', name: 'Alex Doe', email: 'alex@example.com' };
    let lost = false;
    const { activities } = fakeGrantActivities();
    const { renewTokens } = activities;
    activities.renewTokens = async (input) => (lost ? 'grantInvalid' : renewTokens(input));
    const worker = await testWorker(env, activities, taskQueues.main);
    const tokens = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: taskQueues.tokens,
      dataConverter,
      activities: { renewTokens: activities.renewTokens },
    });
    await worker.runUntil(() =>
      tokens.runUntil(async () => {
        await gateway.granted(person);
        const handle = env.client.workflow.getHandle(workflowIds.installation(person));
        const renew = (staleTokenSetId: string) =>
          handle.executeUpdate(renewTokensUpdate, { args: [{ staleTokenSetId }] });
        await Promise.all([renew('set-0'), renew('set-0'), renew('set-0')]);
        await renew('set-0');
        lost = true;
        await renew('set-1');
        lost = false;
        await gateway.granted(person);
        await renew('set-1');
        await gateway.deauthorized(person);
        await until('it is removed', async () => (await handle.query(getInstallationQuery)).status === 'removed');
        await gateway.granted(person);
        await until('it is back', async () => (await handle.query(getInstallationQuery)).status === 'connected');
        const proves = 'Shared refreshes, a grant lost and given again, removed and added again.';
        await keep('installation-refreshed-lost-and-removed', proves, handle.workflowId);
        await handle.terminate();
      }),
    );
  },
};

const grantLost: Story = {
  names: ['installation-asked-again'],
  async tell({ env, gateway, keep }) {
    const zoomUserId = `alex-${randomUUID().slice(0, 8)}`;
    const person = { zoomUserId, accountId: 'account-1', name: 'Alex Doe', email: 'alex@example.com' };
    const { activities } = fakeGrantActivities({ renewTokens: async () => 'grantInvalid' });
    const worker = await testWorker(env, activities, taskQueues.main);
    const tokens = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: taskQueues.tokens,
      dataConverter,
      activities: { renewTokens: activities.renewTokens },
    });
    await worker.runUntil(() =>
      tokens.runUntil(async () => {
        await gateway.granted(person);
        const handle = env.client.workflow.getHandle(workflowIds.installation(person));
        await handle.executeUpdate(renewTokensUpdate, { args: [{ staleTokenSetId: 'set-0' }] });
        await handle.executeUpdate(askToReconnectUpdate, { args: [{ by: 'operator' }] });
        await keep('installation-asked-again', 'The askToReconnect update.', handle.workflowId);
        await handle.terminate();
      }),
    );
  },
};

// ---- recording

const again = process.argv.includes('--again');
await mkdir(historiesFolder, { recursive: true });
const index: StoredHistory[] = again ? [] : await storedHistories();
const fileOf = (name: string) => (/\.v\d+$/.test(name) ? `${name}.json` : `${name}.v1.json`);
const missing = [...chats, ...installs, grants, grantLost].filter(({ names }) =>
  names.some((name) => !index.some(({ file }) => file === fileOf(name))),
);

for (const skipsTime of [false, true]) {
  const stories = missing.filter((story) => (story.skipsTime ?? false) === skipsTime);
  if (stories.length === 0) continue;
  const env = skipsTime ? await timeSkipping(await findTestServer((line) => console.log(line))) : await devServer();
  const stage: Stage = {
    env,
    gateway: createTemporalGateway(env.client),
    async keep(name, proves, workflowId, runId) {
      const history = await env.client.workflow.getHandle(workflowId, runId).fetchHistory();
      const json = JSON.stringify(historyAsJson(history));
      if (json.length > mostBytes) throw new Error(`${name} has ${json.length} bytes: tell a shorter story.`);
      const file = fileOf(name);
      if (index.some((stored) => stored.file === file)) return;
      await writeFile(new URL(file, historiesFolder), `${json}\n`);
      index.push({ file, workflowId, proves });
      console.log(`${file}: ${history.events?.length ?? 0} events, ${Math.round(json.length / 1_000)} kB`);
    },
  };
  try {
    for (const story of stories) await story.tell(stage);
  } finally {
    await env.teardown();
    index.sort((a, b) => (a.file < b.file ? -1 : 1));
    await writeFile(new URL('index.json', historiesFolder), `${JSON.stringify(index, null, 2)}\n`);
  }
}
console.log(`${index.length} histories are stored.`);
