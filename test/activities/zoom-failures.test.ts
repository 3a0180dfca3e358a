import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { asZoomFailures, failureTypeOf } from '../../activities/zoom-failures.ts';
import type { FailureType } from '../../domain/failures.ts';
import { ZOOM_ERROR_KINDS, type ZoomErrorKind } from '../../zoom/index.ts';
import { lostAnswer, zoomError } from './fake-zoom.ts';
import { attempt, failureOf } from './harness.ts';

const failing = (error: Error, { number = 1, firstTriedAt }: { number?: number; firstTriedAt?: number } = {}) =>
  failureOf(attempt(number, () => asZoomFailures(() => Promise.reject(error), firstTriedAt)));

const types: Record<ZoomErrorKind, FailureType> = {
  rateLimited: 'ZoomUnavailable',
  channelThrottled: 'ZoomUnavailable',
  unavailable: 'ZoomUnavailable',
  timeout: 'ZoomUnavailable',
  network: 'ZoomUnavailable',
  malformedAnswer: 'ZoomUnavailable',
  unauthorized: 'NeedsReconnect',
  scopeMissing: 'ScopeMissing',
  grantInvalid: 'NeedsReconnect',
  appCredentials: 'ZoomRefused',
  appDisabled: 'ZoomRefused',
  forbidden: 'ZoomRefused',
  notFound: 'ZoomRefused',
  invalidRequest: 'ZoomRefused',
  contentRefused: 'PostRefused',
  refused: 'ZoomRefused',
  nameTaken: 'ZoomRefused',
  channelArchived: 'ChannelGone',
  channelGone: 'ChannelGone',
  userGone: 'UserGone',
  botNotAllowed: 'BotNotAllowed',
  messageGone: 'MessageGone',
};

test.each(ZOOM_ERROR_KINDS)('%s has its type, and is tried again by the activity only if it may pass', async (kind) => {
  expect(failureTypeOf(kind)).toBe(types[kind]);
  expect(await failing(zoomError(kind))).toMatchObject({
    type: types[kind],
    nonRetryable: types[kind] !== 'ZoomUnavailable',
  });
});

test('a short Retry-After is kept by the activity’s own retries', async () => {
  const failure = await failing(zoomError('rateLimited', { retryAfterMs: 12_000 }));
  expect(failure).toMatchObject({ nonRetryable: false, nextRetryDelay: 12_000 });
  expect(failure.details).toEqual([{ tryAgainInMs: 12_000, nothingDone: true }]);
});

test('a long Retry-After ends the activity: its workflow waits', async () => {
  const failure = await failing(zoomError('rateLimited', { retryAfterMs: 6 * 3_600_000 }));
  expect(failure).toMatchObject({ nonRetryable: true, type: 'ZoomUnavailable' });
  expect(failure.nextRetryDelay).toBeUndefined();
  expect(failure.details).toEqual([{ tryAgainInMs: 6 * 3_600_000, nothingDone: true }]);
});

test('a blocked channel is tried again once Zoom may have lifted the block', async () => {
  const blocked = zoomError('channelThrottled', { retryAfterMs: 10_000 });
  expect(await failing(blocked)).toMatchObject({ nonRetryable: false, nextRetryDelay: 10_000 });
});

test('a plain refusal of a first try says that nothing was done; otherwise nobody knows', async () => {
  const refused = zoomError('botNotAllowed');
  expect((await failing(refused)).details).toEqual([{ nothingDone: true }]);
  expect((await failing(lostAnswer())).details).toEqual([{}]);
  expect((await failing(refused, { number: 2 })).details).toEqual([{}]);
  expect((await failing(refused, { firstTriedAt: 1 })).details).toEqual([{}]);
});

test('what is not Zoom’s fault stays as it is', async () => {
  const bug = new TypeError('a bug');
  await expect(attempt(1, () => asZoomFailures(() => Promise.reject(bug)))).rejects.toBe(bug);
  const ours = ApplicationFailure.create({ message: 'soon', type: 'AccountUnknown', nextRetryDelay: '10 seconds' });
  expect(await failing(ours)).toBe(ours);
});
