import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { InstallActivities } from '../../activities/install.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  getInstallProgressQuery,
  onboardingDoneSignal,
  retryAskedSignal,
  retryInstallUpdate,
} from '../../workflows/install/messages.ts';
import type { install } from '../../workflows/install/workflow.ts';
import { fakeInstallActivities } from './fake-install-side.ts';
import { devServer, testWorker, timeSkipping, workflowBundle } from './harness.ts';

/** The activities of every install of this file, by the account's suffix, in which the ids of its users end. */
const fakes = new Map<string, InstallActivities>();
const routed = Object.fromEntries(
  Object.keys(fakeInstallActivities().activities).map((name) => [
    name,
    (input: { zoomUserId: string }): unknown => {
      const activities = fakes.get(input.zoomUserId.split('-').at(-1) ?? '');
      return activities?.[name as keyof InstallActivities](input as never);
    },
  ]),
);
const taskQueue = 'install-test';

let env: TestWorkflowEnvironment;
let skipping: TestWorkflowEnvironment;
let stop: () => Promise<unknown>;
beforeAll(async () => {
  [env, skipping] = await Promise.all([devServer(), timeSkipping(), workflowBundle()]);
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  const workers = await Promise.all([env, skipping].map((on) => testWorker(on, routed, taskQueue)));
  const runs = workers.map((worker) => worker.runUntil(() => stopped));
  stop = () => {
    resolve(undefined);
    return Promise.all(runs);
  };
}, 120_000);
afterAll(async () => {
  await stop();
  await Promise.all([env.teardown(), skipping.teardown()]);
});

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 25 });

type Start = (zoomUserId?: string) => Promise<WorkflowHandle<typeof install>>;

/** Runs a story with these activities; `start` starts an install of a user of one new account. */
async function installing(
  fake: ReturnType<typeof fakeInstallActivities>,
  story: (start: Start) => Promise<void>,
  on: TestWorkflowEnvironment = env,
): Promise<void> {
  const suffix = randomUUID().slice(0, 8);
  fakes.set(suffix, fake.activities);
  await story((user = 'alex') => {
    const zoomUserId = `${user}-${suffix}`;
    return on.client.workflow.start<typeof install>('install', {
      workflowId: workflowIds.install({ zoomUserId }),
      taskQueue,
      args: [{ zoomUserId, accountId: `account-${suffix}` }],
    });
  });
}

const progressOf = (handle: WorkflowHandle<typeof install>) => handle.query(getInstallProgressQuery);
const states = async (handle: WorkflowHandle<typeof install>) =>
  (await progressOf(handle)).steps.map(({ state }) => state);
const ready = (handle: WorkflowHandle<typeof install>) =>
  eventually(async () => expect((await progressOf(handle)).status).toBe('ready'));
const failed = (handle: WorkflowHandle<typeof install>) =>
  eventually(async () => expect((await progressOf(handle)).status).toBe('failed'));
/** Zoom refuses the welcome card for as long as `refuses`. */
function refused(type: string) {
  const state = { refuses: true, tries: 0 };
  const fake = fakeInstallActivities();
  const { postWelcomeCard } = fake.activities;
  fake.activities.postWelcomeCard = async (input) => {
    state.tries += 1;
    if (state.refuses) throw ApplicationFailure.nonRetryable('Zoom said no, and why.', type);
    return postWelcomeCard(input);
  };
  return { fake, state };
}
const stepNames = (fake: ReturnType<typeof fakeInstallActivities>) => fake.seen.steps.map((step) => step.split(' ')[0]);

describe.concurrent('an install', { timeout: 60_000 }, () => {
  test('takes its steps in order, each once, and completes on “I’m Done”', async () => {
    const fake = fakeInstallActivities();
    await installing(fake, async (start) => {
      const handle = await start();
      await ready(handle);
      expect(await progressOf(handle)).toMatchObject({
        inboundChannel: { name: 'Live Chat Inbound', url: 'https://zoom.us/c1' },
        steps: [
          { id: 'fetchUser', state: 'done', detail: 'Alex Doe, alex@example.com' },
          { id: 'provisionAccount', state: 'done', detail: 'example.com' },
          { id: 'inboundChannel', state: 'done', detail: 'Live Chat Inbound' },
          { id: 'welcomeCard', state: 'done' },
          { id: 'welcomeMessage', state: 'done' },
        ],
      });
      await handle.signal(onboardingDoneSignal);
      expect(await handle.result()).toMatchObject({ status: 'done' });
    });
    const steps = ['fetchUser', 'provisionAccount', 'inboundChannel', 'welcomeCard', 'welcomeMessage'];
    expect(stepNames(fake)).toEqual(steps);
    expect(fake.seen.onboardedAt).toHaveLength(1);
  });

  test('shows where it is at every step', async () => {
    /** Lets an activity wait until the test has looked. */
    const gates = new Map<string, () => void>();
    const gate = (name: string) => new Promise<void>((resolve) => gates.set(name, resolve));
    const real = fakeInstallActivities().activities;
    const gated = <Name extends keyof InstallActivities>(name: Name): InstallActivities[Name] =>
      (async (input: never) => {
        await gate(name);
        return real[name](input);
      }) as InstallActivities[Name];
    const fake = fakeInstallActivities({
      fetchUser: gated('fetchUser'),
      provisionAccount: gated('provisionAccount'),
      setUpInboundChannel: gated('setUpInboundChannel'),
      postWelcomeCard: gated('postWelcomeCard'),
      sendWelcomeMessage: gated('sendWelcomeMessage'),
    });
    const names = [
      'fetchUser',
      'provisionAccount',
      'setUpInboundChannel',
      'postWelcomeCard',
      'sendWelcomeMessage',
    ] as const;
    await installing(fake, async (start) => {
      const handle = await start();
      for (const [at, name] of names.entries()) {
        await eventually(() => expect(gates.has(name)).toBe(true));
        const expected = names.map((_, n) => (n < at ? 'done' : n === at ? 'running' : 'pending'));
        expect(await states(handle)).toEqual(expected);
        gates.get(name)?.();
      }
      await ready(handle);
      await handle.terminate();
    });
  });

  test('shows a pause of a day as a failure, since somebody watches', async () => {
    const details = [{ tryAgainInMs: 86_400_000 }];
    const fake = fakeInstallActivities({
      async fetchUser() {
        throw ApplicationFailure.create({ type: 'ZoomUnavailable', nonRetryable: true, details });
      },
    });
    await installing(fake, async (start) => {
      const handle = await start();
      await failed(handle);
      await handle.terminate();
    });
  });

  test('tries a step again while Zoom is away', async () => {
    let attempts = 0;
    const fake = fakeInstallActivities({
      async fetchUser() {
        attempts += 1;
        if (attempts < 3) throw ApplicationFailure.create({ message: 'down', type: 'ZoomUnavailable' });
        return { name: 'Alex', email: 'alex@example.com' };
      },
    });
    await installing(fake, async (start) => {
      await ready(await start());
    });
    expect(attempts).toBe(3);
  });

  test.each([
    ['ScopeMissing', 'reauthorize'],
    ['NeedsReconnect', 'reauthorize'],
    ['BotNotAllowed', 'retry'],
    ['ZoomRefused', 'retry'],
  ] as const)('that Zoom refuses for good (%s) waits, says why, and offers to %s', async (type, next) => {
    await installing(refused(type).fake, async (start) => {
      const handle = await start();
      await failed(handle);
      expect(await progressOf(handle)).toMatchObject({
        status: 'failed',
        failure: { step: 'welcomeCard', message: 'Zoom said no, and why.', next },
      });
      expect(await states(handle)).toEqual(['done', 'done', 'done', 'failed', 'pending']);
      const { typedSearchAttributes, status } = await handle.describe();
      expect([typedSearchAttributes.get(searchAttributes.status), status.name]).toEqual(['failed', 'RUNNING']);
      await handle.terminate();
    });
  });

  test.each([
    ['the page', (handle: WorkflowHandle) => handle.signal(retryAskedSignal)],
    [
      'an operator',
      (handle: WorkflowHandle) =>
        handle.executeUpdate(retryInstallUpdate, { args: [undefined] }).catch(() => undefined),
    ],
  ])('that failed is retried by %s, goes on from there, and makes nothing a second time', async (_who, retry) => {
    const { fake, state } = refused('BotNotAllowed');
    await installing(fake, async (start) => {
      const handle = await start();
      await failed(handle);
      await retry(handle);
      // Still refused: it says so again, and waits again.
      await eventually(() => expect(state.tries).toBe(2));
      await failed(handle);
      state.refuses = false;
      await retry(handle);
      await ready(handle);
      expect((await progressOf(handle)).failure).toBeUndefined();
      await handle.signal(onboardingDoneSignal);
      expect(await handle.result()).toMatchObject({ status: 'done' });
    });
    expect(fake.seen.made).toEqual(['account', 'channel', 'card']);
    expect(stepNames(fake).filter((step) => step === 'fetchUser')).toHaveLength(1);
  });

  test('answers an operator’s retry with what came of it, and refuses one where nothing has failed', async () => {
    const { fake, state } = refused('BotNotAllowed');
    await installing(fake, async (start) => {
      const handle = await start();
      await failed(handle);
      const retry = (input?: unknown) => handle.executeUpdate('retryInstall', { args: [input] });
      await expect(retry()).rejects.toMatchObject({
        cause: {
          message: expect.stringContaining('and stopped: Zoom does not let the bot into the channel.') as string,
        },
      });
      state.refuses = false;
      expect(await retry({ by: 'operator' })).toMatchObject({ status: 'ready' });
      await expect(retry()).rejects.toMatchObject({ cause: { message: 'No step has failed: this install is ready.' } });
      await expect(retry('please')).rejects.toMatchObject({
        cause: { message: expect.stringContaining('retryInstall takes {"by":"operator"}.') as string },
      });
      await handle.terminate();
    });
  });

  test('takes “I’m Done” that comes before it is ready', async () => {
    const fake = fakeInstallActivities();
    await installing(fake, async (start) => {
      const handle = await start();
      await handle.signal(onboardingDoneSignal);
      expect(await handle.result()).toMatchObject({ status: 'done' });
    });
    expect(fake.seen.onboardedAt).toHaveLength(1);
  });
});

// One after the other: each moves the time of the server.
describe('an install in which nothing happens for long', () => {
  test('counts as finished after 30 days without “I’m Done”', async () => {
    const fake = fakeInstallActivities();
    const thirtyDays = async (start: Start) => {
      const handle = await start();
      const before = await skipping.currentTimeMs();
      expect(await handle.result()).toMatchObject({ status: 'done' });
      expect((await skipping.currentTimeMs()) - before).toBeGreaterThanOrEqual(30 * 86_400_000);
    };
    await installing(fake, thirtyDays, skipping);
    expect(fake.seen.onboardedAt).toEqual([]);
  });

  test('goes on by itself after a pause that Zoom asks for', async () => {
    let attempts = 0;
    const fake = fakeInstallActivities({
      async fetchUser() {
        attempts += 1;
        const details = [{ tryAgainInMs: 60_000 }];
        if (attempts === 1) throw ApplicationFailure.create({ type: 'ZoomUnavailable', nonRetryable: true, details });
        return { name: 'Alex', email: 'alex@example.com' };
      },
    });
    const aMinute = async (start: Start) => {
      const handle = await start();
      const before = await skipping.currentTimeMs();
      await handle.signal(onboardingDoneSignal);
      expect(await handle.result()).toMatchObject({ status: 'done' });
      expect((await skipping.currentTimeMs()) - before).toBeGreaterThanOrEqual(60_000);
    };
    await installing(fake, aMinute, skipping);
    expect(attempts).toBe(2);
  });

  test('that nobody has retried in a week fails for good, with the sentence', async () => {
    await installing(
      refused('BotNotAllowed').fake,
      async (start) => {
        const failure: unknown = await (await start()).result().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(WorkflowFailedError);
        const message = 'The install stopped at “post the welcome card”: Zoom said no, and why.';
        expect(failure).toMatchObject({ cause: { type: 'BotNotAllowed', message } });
      },
      skipping,
    );
  });
});

describe.concurrent('two installs of one account at the same time', { timeout: 60_000 }, () => {
  test('do the account’s steps one at a time, and each is made once', async () => {
    const fake = fakeInstallActivities();
    await installing(fake, async (start) => {
      const handles = await Promise.all([start('alex'), start('kim'), start('sam')]);
      for (const handle of handles) await handle.signal(onboardingDoneSignal);
      const results = await Promise.all(handles.map((handle) => handle.result()));
      expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
      expect(new Set(results.map(({ inboundChannel }) => inboundChannel?.url))).toEqual(
        new Set(['https://zoom.us/c1']),
      );
    });
    expect(fake.seen.made).toEqual(['account', 'channel', 'card']);
    expect(fake.seen.mostAtWork).toBeLessThanOrEqual(2);
    expect(stepNames(fake).filter((step) => step === 'welcomeMessage')).toHaveLength(3);
  });

  test('are not held up by a colleague’s that fails', async () => {
    const fake = fakeInstallActivities();
    const { setUpInboundChannel } = fake.activities;
    fake.activities.setUpInboundChannel = async (input) => {
      if (!input.zoomUserId.startsWith('alex')) return setUpInboundChannel(input);
      await new Promise((resolve) => setTimeout(resolve, 200));
      throw ApplicationFailure.nonRetryable('no scope', 'ScopeMissing');
    };
    await installing(fake, async (start) => {
      const alex = await start('alex');
      const kim = await start('kim');
      await kim.signal(onboardingDoneSignal);
      expect(await kim.result()).toMatchObject({ status: 'done' });
      await failed(alex);
      await alex.terminate();
    });
  });
});
