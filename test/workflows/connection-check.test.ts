import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectionCheckActivities } from '../../activities/connection-check.ts';
import type { CheckChoice, ConnectionCheckStep } from '../../domain/connection-check.ts';
import type { MissingScope } from '../../domain/missing-scope.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  checkChoiceSignal,
  checkEventSignal,
  getConnectionCheckQuery,
  type CheckEvent,
} from '../../workflows/connection-check/messages.ts';
import type { connectionCheck } from '../../workflows/connection-check/workflow.ts';
import { testWorker, timeSkipping } from './harness.ts';
import { currentDetails, eventually } from './running-chat.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await timeSkipping();
}, 120_000);
afterAll(() => env.teardown());

const minuteMs = 60_000;
const inbound = { id: 'inbound', jid: 'inbound@conference', name: 'Live Chat Inbound', url: 'https://zoom.us/inbound' };
const secret = {
  id: 'private',
  jid: 'private@conference',
  name: 'Connection check · x',
  url: 'https://zoom.us/private',
};
const scope = (required: boolean): MissingScope => ({
  label: 'A permission',
  classic: 'classic',
  granular: ['granular'],
  without: 'Something does not work.',
  required,
});

/** A Zoom in which everything works, but for what a test takes over. Typed as the real activities. */
function working(overrides: Partial<ConnectionCheckActivities> = {}) {
  const done: string[] = [];
  let checkId = '';
  const activities: ConnectionCheckActivities = {
    async openCheck(input) {
      checkId = input.checkId;
      return inbound;
    },
    async closeCheck() {
      done.push('closed');
    },
    async checkToken() {},
    async findMissingScopes() {
      return { isKnown: true, missing: [] };
    },
    async findInboundChannel() {
      return { isListed: true };
    },
    async postCheckCard() {
      done.push('card');
      return { messageId: 'card-1', channelId: inbound.id, channelJid: inbound.jid };
    },
    async closeCheckCard({ card }) {
      done.push(`edited ${card.messageId}`);
    },
    async createPrivateChannel() {
      done.push('channel');
      return { channel: secret, ownerUserId: 'alex' };
    },
    async postInPrivateChannel() {
      return { as: 'bot' };
    },
    async readPrivateChannel() {
      return { isFound: true };
    },
    async removePrivateChannel() {
      done.push('removed');
      return { isRemoved: true };
    },
    ...overrides,
  };
  return { activities, done, checkId: () => checkId };
}

type Handle = WorkflowHandle<typeof connectionCheck>;

/** A check of an account of its own, over these activities. */
async function checking(zoom: ReturnType<typeof working>, story: (check: Running) => Promise<void>): Promise<void> {
  const taskQueue = `check-test-${randomUUID()}`;
  const worker = await testWorker(env, zoom.activities, taskQueue);
  await worker.runUntil(async () => {
    const accountId = `account-${randomUUID()}`;
    const handle = await env.client.workflow.start<typeof connectionCheck>('connectionCheck', {
      workflowId: workflowIds.connectionCheck({ accountId }),
      taskQueue,
      args: [{ accountId, zoomUserId: 'alex' }],
    });
    await story(new Running(handle, zoom.checkId));
    await handle.terminate().catch(() => undefined);
  });
}

class Running {
  readonly handle: Handle;
  readonly #checkId: () => string;

  constructor(handle: Handle, checkId: () => string) {
    this.handle = handle;
    this.#checkId = checkId;
  }

  progress = () => this.handle.query(getConnectionCheckQuery);
  step = async (id: ConnectionCheckStep) => (await this.progress()).steps.find((step) => step.id === id);
  /** Until the step is in this state, with the time of the server standing still. */
  reaches = (id: ConnectionCheckStep, state: string) =>
    eventually(async () => expect(await this.step(id)).toMatchObject({ id, state }));
  /** Until the step is in this state, while time passes. */
  async comesTo(id: ConnectionCheckStep, state: string): Promise<void> {
    for (let n = 0; n < 60 && (await this.step(id))?.state !== state; n += 1) await env.sleep('15 seconds');
    await this.reaches(id, state);
  }
  arrives = (kind: CheckEvent['kind'], checkId = this.#checkId()) =>
    this.handle.signal(checkEventSignal, {
      kind,
      checkId,
      ...(kind === 'echo' ? {} : { userId: 'jill' }),
    } as CheckEvent);
  choose = (step: ConnectionCheckStep, choice: CheckChoice) => this.handle.signal(checkChoiceSignal, { step, choice });
  /** The rest of the check, with somebody who does what is asked. */
  async goesOn() {
    await this.comesTo('word', 'waiting');
    await this.arrives('word');
    await this.comesTo('press', 'waiting');
    await this.arrives('press');
    return this.handle.result();
  }
}

const outcomes = (steps: { id: string; outcome?: string }[]) =>
  Object.fromEntries(steps.map(({ id, outcome }) => [id, outcome]));
const refused = (type: string) => async (): Promise<never> => {
  throw ApplicationFailure.nonRetryable('Zoom said no, and why.', type);
};

describe('a connection check', { timeout: 60_000 }, () => {
  test('proves each step, waits for the word and the press, and leaves a closed card alone', async () => {
    const zoom = working();
    await checking(zoom, async (check) => {
      await check.comesTo('word', 'waiting');
      expect(await check.progress()).toMatchObject({
        status: 'running',
        word: expect.stringMatching(/^check [1-9]\d{3}$/) as string,
        channel: { name: 'Live Chat Inbound', url: 'https://zoom.us/inbound' },
      });
      expect((await check.step('word'))?.choices).toEqual(['nothingHappened', 'skip']);
      const { status, steps } = await check.goesOn();
      expect(status).toBe('done');
      expect(outcomes(steps)).toEqual({
        token: 'ok',
        scopes: 'ok',
        channel: 'ok',
        post: 'ok',
        echo: 'notEchoed',
        word: 'ok',
        press: 'ok',
        createChannel: 'ok',
        postInChannel: 'byBot',
        readBack: 'ok',
        removeChannel: 'ok',
      });
      expect(steps.every(({ state }) => state === 'passed')).toBe(true);
      expect(steps.flatMap(({ by }) => by ?? [])).toEqual(['jill', 'jill']);
    });
    expect(zoom.done).toEqual(['card', 'channel', 'removed', 'closed', 'edited card-1']);
  });

  test('tells operators ids and states, and nobody’s name or channel', async () => {
    await checking(working(), async (check) => {
      await check.goesOn();
      expect((await check.handle.describe()).typedSearchAttributes.get(searchAttributes.status)).toBe('done');
      const details = await currentDetails(check.handle);
      expect(details).toContain('by Zoom user jill');
      expect(details).not.toMatch(/Live Chat Inbound|check \d/);
    });
  });

  test('says that an echo came, at once or late', async () => {
    await checking(working(), async (check) => {
      await check.comesTo('word', 'waiting');
      expect((await check.step('echo'))?.outcome).toBe('notEchoed');
      await check.arrives('echo');
      await eventually(async () => expect((await check.step('echo'))?.outcome).toBe('echoed'));
    });
  });

  test('takes nothing for its own that is of another check', async () => {
    await checking(working(), async (check) => {
      await check.comesTo('word', 'waiting');
      await check.arrives('word', 'another-check');
      await check.arrives('press', 'another-check');
      expect((await check.step('word'))?.state).toBe('waiting');
      // Done before it was asked for.
      await check.arrives('press');
      await check.arrives('word');
      const { steps } = await check.handle.result();
      expect(outcomes(steps)).toMatchObject({ word: 'ok', press: 'ok' });
    });
  });

  test('says so when nobody writes the word for five minutes, and takes it when it comes late', async () => {
    await checking(working(), async (check) => {
      await check.comesTo('word', 'waiting');
      const until = (await check.step('word'))?.until ?? 0;
      expect(until - (await env.currentTimeMs())).toBeLessThanOrEqual(5 * minuteMs);
      await env.sleep('5 minutes');
      await check.reaches('word', 'failed');
      expect(await check.step('word')).toMatchObject({ outcome: 'nothingArrived', choices: ['retry', 'skip'] });
      await check.arrives('word');
      await check.reaches('press', 'waiting');
      expect(await check.step('word')).toMatchObject({ state: 'passed', by: 'jill' });
    });
  });

  test('takes “nothing happened” at once, waits anew on Retry, and goes on without a step that is skipped', async () => {
    await checking(working(), async (check) => {
      await check.comesTo('word', 'waiting');
      // Of a page that is behind, or ahead.
      await check.choose('word', 'retry');
      await check.choose('press', 'skip');
      expect((await check.step('word'))?.state).toBe('waiting');
      await check.choose('word', 'nothingHappened');
      await check.reaches('word', 'failed');
      await check.choose('word', 'retry');
      await check.reaches('word', 'waiting');
      await check.choose('word', 'skip');
      await check.reaches('press', 'waiting');
      expect(await check.step('word')).toMatchObject({ state: 'skipped', outcome: 'dismissed' });
      await check.choose('press', 'nothingHappened');
      await check.reaches('press', 'failed');
      await check.choose('press', 'skip');
      const { steps } = await check.handle.result();
      expect(outcomes(steps)).toMatchObject({ press: 'nothingArrived', removeChannel: 'ok' });
      expect(steps.find(({ id }) => id === 'press')?.state).toBe('failed');
    });
  });

  test('names what Zoom has not granted, and goes on by itself where live chat works without it', async () => {
    let missing = [scope(true)];
    const zoom = working({ findMissingScopes: async () => ({ isKnown: true, missing }) });
    await checking(zoom, async (check) => {
      await check.reaches('scopes', 'failed');
      expect(await check.step('scopes')).toMatchObject({ outcome: 'scopesMissing', missingScopes: [scope(true)] });
      missing = [scope(false)];
      await check.choose('scopes', 'retry');
      await check.comesTo('word', 'waiting');
      expect(await check.step('scopes')).toMatchObject({
        state: 'noted',
        outcome: 'optionalScopesMissing',
        missingScopes: [scope(false)],
      });
    });
    await checking(working({ findMissingScopes: async () => ({ isKnown: false, missing: [] }) }), async (check) => {
      await check.comesTo('word', 'waiting');
      expect(await check.step('scopes')).toMatchObject({ state: 'noted', outcome: 'scopesUnknown' });
    });
  });

  test('without the bot’s card leaves out what needs it', async () => {
    const zoom = working({ postCheckCard: refused('BotNotAllowed') });
    await checking(zoom, async (check) => {
      await check.comesTo('post', 'failed');
      expect(await check.step('post')).toMatchObject({ outcome: 'BotNotAllowed', detail: 'Zoom said no, and why.' });
      await check.choose('post', 'skip');
      await check.reaches('word', 'waiting');
      await check.arrives('word');
      const { steps } = await check.handle.result();
      expect(outcomes(steps)).toMatchObject({ post: 'BotNotAllowed', echo: 'blocked', word: 'ok', press: 'blocked' });
    });
    expect(zoom.done).toEqual(['channel', 'removed', 'closed']);
  });

  test('without an inbound channel proves the rest, and goes on after ten minutes without a choice', async () => {
    const zoom = working({ openCheck: refused('AccountUnknown') });
    await checking(zoom, async (check) => {
      const before = await env.currentTimeMs();
      const { steps } = await check.handle.result();
      expect((await env.currentTimeMs()) - before).toBeGreaterThanOrEqual(10 * minuteMs);
      expect(outcomes(steps)).toMatchObject({
        channel: 'AccountUnknown',
        post: 'blocked',
        echo: 'blocked',
        word: 'blocked',
        press: 'blocked',
        createChannel: 'ok',
        readBack: 'ok',
      });
      expect((await check.handle.describe()).typedSearchAttributes.get(searchAttributes.status)).toBe('failed');
    });
  });

  test.each([
    [
      'where the bot is refused in private channels',
      { postInPrivateChannel: async () => ({ as: 'user' as const }) },
      { postInChannel: 'byOwner', removeChannel: 'ok' },
    ],
    [
      'where the app may not delete channels',
      { removePrivateChannel: async () => ({ isRemoved: false }) },
      { removeChannel: 'leftBehind' },
    ],
    [
      'where no private channel can be made',
      { createPrivateChannel: refused('ZoomRefused') },
      { createChannel: 'ZoomRefused', postInChannel: 'blocked', readBack: 'blocked', removeChannel: 'blocked' },
    ],
    [
      'where nobody may post in it',
      { postInPrivateChannel: refused('BotNotAllowed') },
      { postInChannel: 'BotNotAllowed', readBack: 'blocked', removeChannel: 'ok' },
    ],
    [
      'where the post is not in the history',
      { readPrivateChannel: async () => ({ isFound: false }) },
      { readBack: 'notFound', removeChannel: 'ok' },
    ],
    [
      'where the inbound channel is in nobody’s list',
      { findInboundChannel: async () => ({ isListed: false }) },
      { channel: 'notListed', post: 'ok' },
    ],
  ] satisfies [string, Partial<ConnectionCheckActivities>, object][])(
    'says it %s',
    async (_where, overrides, expected) => {
      await checking(working(overrides), async (check) => {
        const { steps } = await check.goesOn();
        expect(outcomes(steps)).toMatchObject(expected);
      });
    },
  );

  test('tidies up when an operator cancels it', async () => {
    let isMade: () => void = () => undefined;
    const made = new Promise<void>((resolve) => (isMade = resolve));
    const zoom = working({
      async postInPrivateChannel() {
        isMade();
        throw ApplicationFailure.nonRetryable('no', 'ZoomRefused');
      },
    });
    await checking(zoom, async (check) => {
      await check.comesTo('word', 'waiting');
      await check.arrives('word');
      await check.reaches('press', 'waiting');
      await check.arrives('press');
      await made;
      await check.reaches('postInChannel', 'failed');
      await check.handle.cancel();
      await expect(check.handle.result()).rejects.toThrow();
    });
    expect(zoom.done).toEqual(['card', 'channel', 'closed', 'edited card-1', 'removed']);
  });

  test('tries a post again without a second card, and says what has been tried', async () => {
    const tried: (number | undefined)[] = [];
    let fails = true;
    const zoom = working();
    const { postCheckCard } = zoom.activities;
    zoom.activities.postCheckCard = async (input) => {
      tried.push(input.firstTriedAt);
      if (fails) throw ApplicationFailure.nonRetryable('no answer', 'ZoomUnavailable');
      return postCheckCard(input);
    };
    await checking(zoom, async (check) => {
      await check.comesTo('post', 'failed');
      fails = false;
      await check.choose('post', 'retry');
      await check.comesTo('word', 'waiting');
    });
    expect(tried).toEqual([undefined, expect.any(Number)]);
  });
});
