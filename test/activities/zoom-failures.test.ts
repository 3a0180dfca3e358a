import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { asZoomFailures, type FailurePolicy } from '../../activities/zoom-failures.ts';
import { failureTypes, type FailureType } from '../../domain/failures.ts';
import { ZOOM_ERROR_KINDS, type ZoomErrorKind } from '../../zoom/index.ts';
import { zoomError } from './fake-zoom.ts';
import { failureOf } from './harness.ts';

const failing = (policy: FailurePolicy, error: Error) => failureOf(asZoomFailures(policy, () => Promise.reject(error)));

/** What a workflow is told of each kind of error that is not worth the same try again. */
const final: Partial<Record<ZoomErrorKind, FailureType>> = {
  unauthorized: 'NeedsReconnect',
  scopeMissing: 'ScopeMissing',
  grantInvalid: 'NeedsReconnect',
  appCredentials: 'ZoomRefused',
  appDisabled: 'ZoomRefused',
  forbidden: 'ZoomRefused',
  notFound: 'ZoomRefused',
  invalidRequest: 'ZoomRefused',
  refused: 'ZoomRefused',
  nameTaken: 'ZoomRefused',
  channelArchived: 'ChannelGone',
  channelGone: 'ChannelGone',
  userGone: 'UserGone',
  botNotAllowed: 'BotNotAllowed',
  messageGone: 'MessageGone',
};
const passing = ['rateLimited', 'unavailable', 'timeout', 'network', 'malformedAnswer'] as const;
const goneForGood = ['ChannelGone', 'UserGone', 'MessageGone'];

test('every kind of Zoom error is in this table', () => {
  expect(['heldBack', ...passing, ...Object.keys(final)].sort()).toEqual([...ZOOM_ERROR_KINDS].sort());
});

describe.each(['answer', 'wait'] as const)('with policy “%s”', (policy) => {
  test.each(passing)('%s is tried again by itself', async (kind) => {
    expect(await failing(policy, zoomError(kind, { retryable: true }))).toMatchObject({
      type: failureTypes.zoomUnavailable,
      nonRetryable: false,
    });
  });

  test('what our own limiter held back comes back when it may, and is no error', async () => {
    const failure = await failing(policy, zoomError('heldBack', { retryable: true, retryAfterMs: 350 }));
    // Outside of an activity nobody knows whether something was sent before it.
    expect(failure).toMatchObject({ type: failureTypes.zoomUnavailable, nonRetryable: false, category: 'BENIGN' });
    expect(failure.nextRetryDelay).toBe(350);
  });

  test('Zoom’s Retry-After is kept to', async () => {
    const failure = await failing(policy, zoomError('rateLimited', { retryable: true, retryAfterMs: 12_000 }));
    expect(failure.nextRetryDelay).toBe(12_000);
    // A workflow that does the trying itself reads it there.
    expect(failure.details).toEqual([{ tryAgainInMs: 12_000 }]);
  });

  test.each(Object.entries(final))('%s is %s', async (kind, type) => {
    const failure = await failing(policy, zoomError(kind as ZoomErrorKind));
    const isFinal = policy === 'answer' || goneForGood.includes(type);
    expect(failure).toMatchObject({ type, nonRetryable: isFinal });
    expect(failure.nextRetryDelay).toBe(isFinal ? undefined : 30_000);
  });

  test('what is not Zoom’s fault stays as it is', async () => {
    const bug = new TypeError('a bug');
    await expect(asZoomFailures(policy, () => Promise.reject(bug))).rejects.toBe(bug);
  });

  test('a retryable failure of ours keeps its own delay', async () => {
    const ours = ApplicationFailure.create({ message: 'soon', type: 'AccountUnknown', nextRetryDelay: '10 seconds' });
    expect(await failing(policy, ours)).toBe(ours);
  });
});

describe('a final failure of ours', () => {
  const ours = (type: FailureType) => ApplicationFailure.nonRetryable('words', type);

  test('ends an install step', async () => {
    expect((await failing('answer', ours('NeedsReconnect'))).nonRetryable).toBe(true);
  });

  test('lets a chat wait, in the same words, until somebody has put it right', async () => {
    expect(await failing('wait', ours('NeedsReconnect'))).toMatchObject({
      message: 'words',
      type: 'NeedsReconnect',
      nonRetryable: false,
      nextRetryDelay: 30_000,
    });
  });

  test('ends a chat’s step when its thing is gone for good', async () => {
    expect((await failing('wait', ours('UserGone'))).nonRetryable).toBe(true);
  });
});
