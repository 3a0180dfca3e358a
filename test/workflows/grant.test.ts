import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  deauthorizedSignal,
  getGrantQuery,
  grantedSignal,
  renewTokensUpdate,
  type GrantInput,
} from '../../workflows/grant/messages.ts';
import type { grant } from '../../workflows/grant/workflow.ts';
import { fakeGrantActivities } from './fake-install-side.ts';
import { devServer, testWorker, timeSkipping } from './harness.ts';

/** Events after which the server asks a workflow to continue as new. */
const longHistory = 120;

let env: TestWorkflowEnvironment;
let skipping: TestWorkflowEnvironment;
beforeAll(async () => {
  [env, skipping] = await Promise.all([
    devServer({ 'limit.historyCount.suggestContinueAsNew': longHistory }),
    timeSkipping(),
  ]);
}, 120_000);
afterAll(() => Promise.all([env.teardown(), skipping.teardown()]));

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 25 });

interface Granted {
  handle: WorkflowHandle<typeof grant>;
  renew(staleTokenSetId: string): Promise<{ renewed: boolean }>;
  /** So many calls of `renew`, with as many at once as Temporal takes in one workflow. */
  renewMany(times: number, staleTokenSetId: (n: number) => string): Promise<{ renewed: boolean }[]>;
}

async function granted(
  fake: ReturnType<typeof fakeGrantActivities>,
  story: (grant: Granted) => Promise<void>,
  more: Pick<GrantInput, 'continueAfterEvents'> = {},
  on: TestWorkflowEnvironment = env,
): Promise<void> {
  const taskQueue = `grant-test-${randomUUID()}`;
  const zoomUserId = randomUUID();
  const worker = await testWorker(on, fake.activities, taskQueue);
  const workflowId = workflowIds.grant({ zoomUserId });
  const run = async (): Promise<void> => {
    await on.client.workflow.start<typeof grant>('grant', {
      workflowId,
      taskQueue,
      args: [{ zoomUserId, accountId: 'account-1', ...more }],
    });
    // Without a run id: follows the workflow as it continues as new.
    const handle = on.client.workflow.getHandle<typeof grant>(workflowId);
    const renew = (staleTokenSetId: string) => handle.executeUpdate(renewTokensUpdate, { args: [{ staleTokenSetId }] });
    const renewMany: Granted['renewMany'] = async (times, staleTokenSetId) => {
      const results: { renewed: boolean }[] = [];
      let next = 0;
      const caller = async () => {
        while (next < times) results.push(await renew(staleTokenSetId(next++)));
      };
      await Promise.all(Array.from({ length: 10 }, caller));
      return results;
    };
    try {
      await story({ handle, renew, renewMany });
    } finally {
      await handle.terminate();
    }
  };
  await worker.runUntil(run);
}

describe('renewing tokens', () => {
  test('thirty who ask at the same time share one refresh', async () => {
    const fake = fakeGrantActivities();
    await granted(fake, async ({ handle, renewMany }) => {
      const results = await renewMany(30, () => 'set-0');
      expect(results).toEqual(Array.from({ length: 30 }, () => ({ renewed: true })));
      expect(await handle.query(getGrantQuery)).toEqual({ status: 'connected', refreshes: 1 });
    });
    expect(fake.seen.refreshes).toBe(1);
    expect(fake.seen.renewals).toBeLessThan(30);
  });

  test('a refresh that fails fails for everybody who waits for it, and the next one can succeed', async () => {
    let fails = true;
    const fake = fakeGrantActivities();
    const { renewTokens } = fake.activities;
    fake.activities.renewTokens = async (input) => {
      if (fails) throw ApplicationFailure.nonRetryable('Zoom is away', 'ZoomUnavailable');
      return renewTokens(input);
    };
    await granted(fake, async ({ renew }) => {
      const outcomes = await Promise.allSettled([renew('set-0'), renew('set-0')]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      fails = false;
      expect(await renew('set-0')).toEqual({ renewed: true });
    });
  });

  test('a refresh is tried twice at most', async () => {
    let attempts = 0;
    const fake = fakeGrantActivities({
      async renewTokens() {
        attempts += 1;
        throw ApplicationFailure.create({ message: 'answer lost', type: 'ZoomUnavailable' });
      },
    });
    await granted(fake, async ({ renew }) => {
      await expect(renew('set-0')).rejects.toThrow();
    });
    expect(attempts).toBe(2);
  });
});

describe('a new grant', () => {
  test('is looked at for missing scopes, each time, and wakes the chats without waiting for that', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const fake = fakeGrantActivities();
    const { tellMissingScopes } = fake.activities;
    fake.activities.tellMissingScopes = async (input) => {
      await tellMissingScopes(input);
      await held;
    };
    await granted(fake, async ({ handle, renew }) => {
      await handle.signal(grantedSignal);
      await eventually(() => expect(fake.seen.looked).toBe(1));
      await handle.signal(grantedSignal);
      await eventually(() => expect(fake.seen.woken).toHaveLength(2));
      expect(await renew('set-0')).toEqual({ renewed: true });
      expect(fake.seen.looked).toBe(1);
      release();
      await eventually(() => expect(fake.seen.looked).toBe(2));
    });
  });

  test('goes on when the user cannot be told', async () => {
    const fake = fakeGrantActivities({
      async tellMissingScopes() {
        throw ApplicationFailure.nonRetryable('the bot may not write to them', 'BotNotAllowed');
      },
    });
    await granted(fake, async ({ handle, renew }) => {
      await handle.signal(grantedSignal);
      await eventually(() => expect(fake.seen.woken).toEqual(['account-1']));
      expect(await renew('set-0')).toEqual({ renewed: true });
    });
  });
});

describe('a grant that Zoom no longer accepts', () => {
  const lost = () => {
    const state = { lost: true };
    const fake = fakeGrantActivities();
    const { renewTokens } = fake.activities;
    fake.activities.renewTokens = async (input) => (state.lost ? 'grantInvalid' : renewTokens(input));
    return { state, fake };
  };

  test('has the user asked once to connect again, however many notice', async () => {
    const { fake } = lost();
    await granted(fake, async ({ handle, renewMany }) => {
      const results = await renewMany(12, () => 'set-0');
      expect(results.every(({ renewed }) => !renewed)).toBe(true);
      expect(await handle.query(getGrantQuery)).toEqual({ status: 'needsReconnect', refreshes: 0 });
      await eventually(() => expect(fake.seen.asked).toBe(1));
      expect(await renewMany(3, () => 'set-0')).toEqual(Array.from({ length: 3 }, () => ({ renewed: false })));
    });
    expect(fake.seen.asked).toBe(1);
  });

  test('has the user asked once more after a pause that Zoom wanted, unless there is a new grant by then', async () => {
    const { fake } = lost();
    let refusals = 1;
    const { askToReconnect } = fake.activities;
    fake.activities.askToReconnect = async (input) => {
      await askToReconnect(input);
      const details = [{ tryAgainInMs: refusals === 1 ? 100 : 3_600_000 }];
      if (refusals-- > 0) throw ApplicationFailure.create({ type: 'ZoomUnavailable', nonRetryable: true, details });
    };
    await granted(fake, async ({ handle, renew }) => {
      await renew('set-0');
      await eventually(() => expect(fake.seen.asked).toBe(2));
      refusals = 2;
      await handle.signal(grantedSignal);
      await eventually(async () => expect((await handle.query(getGrantQuery)).status).toBe('connected'));
      await renew('set-0');
      await eventually(() => expect(fake.seen.asked).toBe(3));
      await handle.signal(grantedSignal);
      await eventually(async () => expect((await handle.query(getGrantQuery)).status).toBe('connected'));
    });
    expect(fake.seen.asked).toBe(3);
  });

  test('has the user asked once more when an operator says so, and only then', async () => {
    const { state, fake } = lost();
    await granted(fake, async ({ handle, renew }) => {
      const ask = (input?: unknown) => handle.executeUpdate('askToReconnect', { args: [input] });
      await expect(ask()).rejects.toMatchObject({
        cause: { message: 'There is nothing to ask for: this grant is connected.' },
      });
      await renew('set-0');
      await eventually(() => expect(fake.seen.asked).toBe(1));
      expect(await ask({ by: 'operator' })).toEqual({ status: 'needsReconnect', refreshes: 0 });
      await expect(ask({ by: 'me' })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('askToReconnect takes {"by":"operator"}.') as string },
      });
      state.lost = false;
      await handle.signal(grantedSignal);
      await expect(ask()).rejects.toThrow();
    });
    expect(fake.seen.asked).toBe(2);
  });

  test('is forgotten with a new one, and asked about again when that is lost too', async () => {
    const { state, fake } = lost();
    await granted(fake, async ({ handle, renew }) => {
      expect(await renew('set-0')).toEqual({ renewed: false });
      await eventually(() => expect(fake.seen.asked).toBe(1));
      state.lost = false;
      await handle.signal(grantedSignal);
      await eventually(async () => expect((await handle.query(getGrantQuery)).status).toBe('connected'));
      expect(await renew('set-0')).toEqual({ renewed: true });
      state.lost = true;
      expect(await renew('set-1')).toEqual({ renewed: false });
      await eventually(() => expect(fake.seen.asked).toBe(2));
    });
  });

  test('has the account’s waiting chats try again once there is a new one, or it turns out to work', async () => {
    const { state, fake } = lost();
    await granted(fake, async ({ handle, renew }) => {
      await renew('set-0');
      await handle.signal(grantedSignal);
      await eventually(() => expect(fake.seen.woken).toEqual(['account-1']));
      await renew('set-0');
      state.lost = false;
      await renew('set-0');
      await eventually(() => expect(fake.seen.woken).toEqual(['account-1', 'account-1']));
      // It has worked all along: nobody waits for it.
      await renew('set-1');
    });
    expect(fake.seen.woken).toHaveLength(2);
  });
});

test('a grant that the user renewed while Zoom refused the earlier one is connected, and asked about when it is lost', async () => {
  const state = { lost: true, needed: false };
  const fake = fakeGrantActivities({ recordLost: async () => ({ lost: state.needed }) });
  const { renewTokens } = fake.activities;
  fake.activities.renewTokens = async (input) => (state.lost ? 'grantInvalid' : renewTokens(input));
  await granted(fake, async ({ handle, renew }) => {
    const status = async () => (await handle.query(getGrantQuery)).status;
    expect(await renew('set-0')).toEqual({ renewed: false });
    await eventually(async () => expect(await status()).toBe('connected'));
    expect(fake.seen.asked).toBe(0);
    state.needed = true;
    expect(await renew('set-0')).toEqual({ renewed: false });
    expect(await status()).toBe('needsReconnect');
    await eventually(() => expect(fake.seen.asked).toBe(1));
  });
});

describe('the member’s role', () => {
  test('is looked at every hour, whatever comes meanwhile', async () => {
    const fake = fakeGrantActivities();
    const story = async ({ handle }: Granted) => {
      for (const hours of [1, 2, 3]) {
        await skipping.sleep('50 minutes');
        await handle.signal(grantedSignal);
        await skipping.sleep('10 minutes');
        await eventually(() => expect(fake.seen.checked).toBe(hours));
      }
    };
    await granted(fake, story, {}, skipping);
  });

  test('is looked at again when the look before has failed', async () => {
    let looks = 0;
    const fake = fakeGrantActivities();
    fake.activities.checkMember = async () => {
      looks += 1;
      throw ApplicationFailure.nonRetryable('Zoom refuses', 'ZoomRefused');
    };
    const story = async () => {
      await skipping.sleep('61 minutes');
      await eventually(() => expect(looks).toBe(1));
      await skipping.sleep('61 minutes');
      await eventually(() => expect(looks).toBe(2));
    };
    await granted(fake, story, {}, skipping);
  });

  test('is not looked at once the app is removed, until it is added again', async () => {
    const fake = fakeGrantActivities();
    const story = async ({ handle }: Granted) => {
      await handle.signal(deauthorizedSignal, { accountId: 'account-1' });
      await eventually(async () => expect((await handle.query(getGrantQuery)).status).toBe('removed'));
      const { historyLength } = await handle.describe();
      await skipping.sleep('1 day');
      expect((await handle.describe()).historyLength).toBe(historyLength);
      expect(fake.seen.checked).toBe(0);
      await handle.signal(grantedSignal);
      await skipping.sleep('61 minutes');
      await eventually(() => expect(fake.seen.checked).toBeGreaterThan(0));
    };
    await granted(fake, story, {}, skipping);
  });
});

describe('an app that was removed in Zoom', () => {
  test('has its tokens forgotten, those from before the removal', async () => {
    const fake = fakeGrantActivities();
    await granted(fake, async ({ handle }) => {
      await handle.signal(deauthorizedSignal, { accountId: 'account-1', at: 12_345 });
      await eventually(async () => expect((await handle.query(getGrantQuery)).status).toBe('removed'));
    });
    expect(fake.seen.forgotten).toEqual([12_345]);
  });

  test('and added again before the clean-up is through stays connected', async () => {
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const fake = fakeGrantActivities({
      async forgetGrant() {
        await held;
        return { removed: true };
      },
    });
    await granted(fake, async ({ handle }) => {
      await handle.signal(deauthorizedSignal, { accountId: 'account-1' });
      await handle.signal(grantedSignal);
      letGo();
      await eventually(async () => expect((await handle.query(getGrantQuery)).status).toBe('connected'));
    });
  });

  test('whose removal comes late, after it was added again, stays connected', async () => {
    const fake = fakeGrantActivities({ forgetGrant: async () => ({ removed: false }) });
    await granted(fake, async ({ handle, renew }) => {
      await handle.signal(grantedSignal);
      await handle.signal(deauthorizedSignal, { accountId: 'account-1', at: 12_345 });
      await renew('set-0');
      expect(await handle.query(getGrantQuery)).toEqual({ status: 'connected', refreshes: 1 });
    });
  });

  test('can be added again later', async () => {
    const fake = fakeGrantActivities();
    await granted(fake, async ({ handle, renew }) => {
      await handle.signal(deauthorizedSignal, { accountId: 'account-1' });
      await eventually(async () => expect((await handle.query(getGrantQuery)).status).toBe('removed'));
      await handle.signal(grantedSignal);
      expect(await renew('set-0')).toEqual({ renewed: true });
      expect((await handle.query(getGrantQuery)).status).toBe('connected');
    });
  });
});

describe('a grant that lives long', () => {
  test('continues as new and goes on counting, without an answer lost', async () => {
    const fake = fakeGrantActivities();
    await granted(fake, async ({ handle, renew }) => {
      const { runId } = await handle.describe();
      for (let n = 0; n < 20; n += 1) expect(await renew(`set-${n}`)).toEqual({ renewed: true });
      await eventually(async () => expect((await handle.describe()).runId).not.toBe(runId));
      expect(await handle.query(getGrantQuery)).toEqual({ status: 'connected', refreshes: 20 });
    });
    expect(fake.seen.refreshes).toBe(20);
  });

  test('continues as new after as many events as its input says', async () => {
    await granted(
      fakeGrantActivities(),
      async ({ handle, renew }) => {
        const { runId } = await handle.describe();
        for (let n = 0; n < 4; n += 1) expect(await renew(`set-${n}`)).toEqual({ renewed: true });
        await eventually(async () => expect((await handle.describe()).runId).not.toBe(runId));
        expect(await handle.query(getGrantQuery)).toEqual({ status: 'connected', refreshes: 4 });
      },
      { continueAfterEvents: 20 },
    );
  });

  test('does not lose a removal that comes while it waits for a refresh before it continues as new', async () => {
    let letGo: () => void = () => undefined;
    let slow: Promise<void> | undefined;
    const fake = fakeGrantActivities();
    const { renewTokens } = fake.activities;
    fake.activities.renewTokens = async (input) => {
      await slow;
      return renewTokens(input);
    };
    await granted(fake, async ({ handle, renew }) => {
      const { runId } = await handle.describe();
      let n = 0;
      while ((await handle.describe()).historyLength < longHistory - 12) await renew(`set-${n++}`);
      slow = new Promise((resolve) => {
        letGo = resolve;
      });
      // Long enough from here on, with a refresh under way that the workflow waits for.
      const waiting = renew(`set-${n}`);
      for (let signal = 0; signal < 10; signal += 1) await handle.signal(grantedSignal);
      await handle.signal(deauthorizedSignal, { accountId: 'account-1', at: 12_345 });
      letGo();
      await waiting;
      await eventually(() => expect(fake.seen.forgotten).toEqual([12_345]));
      await eventually(async () => expect((await handle.describe()).runId).not.toBe(runId));
    });
  });
});
