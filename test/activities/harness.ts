import { randomBytes, randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll } from 'vitest';
import { testMongoUri } from '../../tools/embedded/test-servers.ts';
import { channelJid, channelUrl } from '../../zoom/index.ts';
import { connectMongo, createStore, type Account, type Store } from '../../store/index.ts';
import { FakeZoom } from './fake-zoom.ts';

/** A key for tokens at rest. */
export const tokenKeys = { activeId: 'k1', keys: new Map([['k1', new Uint8Array(randomBytes(32))]]) };

/** A store on a database of the test file's own. Call at the top of a file. */
export function testStore(): { readonly store: Store } {
  const held: { store?: Store; close?: () => Promise<void> } = {};
  beforeAll(async () => {
    const connection = await connectMongo(await testMongoUri());
    held.close = () => connection.close();
    held.store = await createStore(connection, tokenKeys);
  }, 180_000);
  afterAll(async () => held.close?.());
  return {
    get store() {
      if (!held.store) throw new Error('The store is there once tests run.');
      return held.store;
    },
  };
}

/** Failures are what many tests are about: their log lines would bury the others. */
const silent = new DefaultLogger('ERROR', () => undefined);

/** Runs one activity as Temporal would, as the given attempt. */
export function attempt<Args extends unknown[], Result>(
  number: number,
  activity: (...args: Args) => Promise<Result>,
  ...args: Args
): Promise<Result> {
  const scheduledTimestampMs = Date.now() - 1_000;
  const environment = new MockActivityEnvironment({ attempt: number, scheduledTimestampMs }, { logger: silent });
  return environment.run(activity, ...args);
}

/** What a promise failed with. */
export async function failureOf(promise: Promise<unknown>): Promise<ApplicationFailure> {
  const outcome = await promise.then(
    () => new Error('It did not fail.'),
    (error: unknown) => error,
  );
  if (outcome instanceof ApplicationFailure) return outcome;
  throw outcome;
}

/** An account with its owner, an agent and an inbound channel, in Zoom and in the store; all ids new. */
export async function settledAccount(store: Store, changes: Partial<Account> = {}) {
  const zoom = new FakeZoom();
  const suffix = randomUUID().slice(0, 8);
  const accountId = `account-${suffix}`;
  const owner = zoom.addUser(`owner-${suffix}`, { accountId });
  const agent = zoom.addUser(`agent-${suffix}`, { accountId });
  const inbound = zoom.addChannel('Live Chat Inbound', { members: [owner.email ?? ''] });
  const jid = channelJid(inbound.id);
  await store.members.connect({
    _id: owner.id,
    accountId,
    name: owner.displayName,
    email: owner.email ?? '',
    jid: owner.jid,
  });
  await store.accounts.provision({
    _id: accountId,
    name: 'example.com',
    ownerUserId: owner.id,
    widgetId: `widget-${suffix}`,
    createdAt: new Date(),
    trialEndsAt: new Date(),
    channel: { id: inbound.id, jid, name: inbound.name, url: channelUrl(jid) },
    ...changes,
  });
  return { zoom, accountId, owner, agent, inbound };
}
