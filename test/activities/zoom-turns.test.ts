import { randomUUID } from 'node:crypto';
import { activityInfo, heartbeat } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GrantActivities } from '../../activities/grant.ts';
import { asZoomFailures } from '../../activities/zoom-failures.ts';
import { earlierAttemptsActed, notingCalls, zoomGate } from '../../activities/zoom-turns.ts';
import { testTemporal } from '../../tools/embedded/test-servers.ts';
import { isZoomError, type CallGate, type GatedCall } from '../../zoom/index.ts';
import { deauthorizedSignal, type GrantInput } from '../../workflows/grant/messages.ts';
import { dataConverter, workflowBundle } from '../workflows/harness.ts';
import { zoomError } from './fake-zoom.ts';
import { attempt, failureOf, testStore } from './harness.ts';

const call = (write: boolean): GatedCall => ({ accountId: 'a', label: 'medium', operation: 'bot.post', write });
const open: CallGate = { enter: () => () => undefined };
const heldBack = () => zoomError('heldBack', { retryable: true, retryAfterMs: 10 });

describe('an activity that was held back', () => {
  const held = (before: () => unknown = () => undefined) =>
    asZoomFailures('wait', async () => {
      await before();
      throw heldBack();
    });

  test('says so by a type of its own when it had changed nothing before', async () => {
    const failure = await failureOf(attempt(1, () => held(() => notingCalls(open).enter(call(false)))));
    expect(failure).toMatchObject({ type: 'HeldBack', nonRetryable: false, category: 'BENIGN', nextRetryDelay: 10 });
  });

  test('is as any other that has to look first when it had', async () => {
    const waited: CallGate = { enter: async () => () => undefined };
    for (const gate of [open, waited]) {
      const failure = await failureOf(attempt(1, () => held(() => notingCalls(gate).enter(call(true)))));
      expect(failure).toMatchObject({ type: 'ZoomUnavailable', nonRetryable: false, nextRetryDelay: 10 });
    }
  });

  test('that was refused by the gate itself had not', async () => {
    const shut: CallGate = {
      enter: () => {
        throw heldBack();
      },
    };
    const failure = await failureOf(attempt(1, () => held(() => notingCalls(shut).enter(call(true)))));
    expect(failure.type).toBe('HeldBack');
  });
});

describe('the next attempt', () => {
  test.each([
    ['first attempt', 1, undefined, false],
    ['attempt after one that was held back', 2, { untouchedUpTo: 1 }, false],
    ['attempt after a killed one', 2, undefined, true],
    ['attempt after one that went on after a held back one', 3, { untouchedUpTo: 1 }, true],
    ['attempt after others that were all held back', 5, { untouchedUpTo: 4 }, false],
  ])('of a %s', async (_what, number, heartbeatDetails, acted) => {
    const environment = new MockActivityEnvironment({ attempt: number, heartbeatDetails });
    expect(await environment.run(async () => earlierAttemptsActed())).toBe(acted);
  });

  describe('on a real server', () => {
    let connection: Connection;
    let native: NativeConnection;
    beforeAll(async () => {
      const address = await testTemporal();
      connection = await Connection.connect({ address });
      native = await NativeConnection.connect({ address });
    }, 180_000);
    afterAll(async () => {
      await native.close();
      await connection.close();
    });

    test('is told what the one before has left, though that had just given a sign of life', async () => {
      const client = new Client({ connection, dataConverter });
      const taskQueue = randomUUID();
      const seen: boolean[] = [];
      const forgetGrant: GrantActivities['forgetGrant'] = () =>
        asZoomFailures('wait', async () => {
          heartbeat();
          seen.push(earlierAttemptsActed());
          if (activityInfo().attempt === 3) await notingCalls(open).enter(call(true));
          if (activityInfo().attempt < 5) throw heldBack();
          return { removed: true };
        });
      const worker = await Worker.create({
        connection: native,
        taskQueue,
        workflowBundle: await workflowBundle(),
        dataConverter,
        activities: { forgetGrant },
      });
      await worker.runUntil(async () => {
        const input: GrantInput = { zoomUserId: randomUUID(), accountId: 'account-1' };
        const handle = await client.workflow.signalWithStart('grant', {
          workflowId: `grant/${input.zoomUserId}`,
          taskQueue,
          args: [input],
          signal: deauthorizedSignal,
          signalArgs: [{ accountId: 'account-1' }],
        });
        await expect.poll(() => seen.length, { timeout: 15_000 }).toBe(5);
        await handle.terminate();
      });
      // Attempts 1 and 2 changed nothing; 3 did, and from then on every attempt has to look first.
      expect(seen).toEqual([false, false, false, true, true]);
    }, 60_000);
  });
});

describe('the turn of a call', () => {
  const held = testStore();

  test('is that of its activity: a first one waits in line behind those that come back', async () => {
    const gate = zoomGate(held.store, { plan: 'pro' });
    const accountId = randomUUID();
    const one = { ...call(true), accountId };
    // All that can be had, one after the other, none answered.
    const fill = async () => {
      for (;;) {
        const entered = await attempt(1, async () => gate?.enter(one)).then(
          () => true,
          () => false,
        );
        if (!entered) return;
      }
    };
    await fill();
    const waitOf = async (number: number) => {
      const error = await attempt(number, async () => gate?.enter(one)).catch((held: unknown) => held);
      return isZoomError(error, 'heldBack') ? (error.retryAfterMs ?? 0) : 0;
    };
    const firsts = [];
    for (let n = 0; n < 20; n += 1) firsts.push(await waitOf(1));
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    expect(await waitOf(2)).toBeLessThan(firsts.at(-1) ?? 0);
  });

  test('can be taken ahead: then the call itself finds it there, and one that is not used is given back', async () => {
    const seen = { entered: 0, left: 0 };
    const gate = notingCalls({
      enter() {
        seen.entered += 1;
        return () => {
          seen.left += 1;
        };
      },
    });
    await attempt(1, async () => {
      const done = await gate.takeTurn(call(true), false);
      const leave = await gate.enter(call(true));
      expect(seen).toEqual({ entered: 1, left: 0 });
      leave();
      done();
      expect(seen).toEqual({ entered: 1, left: 1 });
      // A second call of the same activity takes a turn of its own.
      (await gate.enter(call(true)))();
      expect(seen).toEqual({ entered: 2, left: 2 });
    });
    await attempt(1, async () => {
      const done = await gate.takeTurn(call(true), false);
      // Of another account.
      (await gate.enter({ ...call(true), accountId: 'b' }))();
      expect(seen).toEqual({ entered: 4, left: 3 });
      done();
      expect(seen.left).toBe(4);
    });
  });

  test('is of no account where no rate is kept', () => {
    expect(zoomGate(held.store, { plan: 'off' })).toBeUndefined();
  });
});
