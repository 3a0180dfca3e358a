import { randomBytes, randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll } from 'vitest';
import { channelJid, channelUrl } from '../../zoom/index.ts';
import { connectMongo, createStore, type Account, type Store } from '../../store/index.ts';
import { testMongoUri } from '../../tools/embedded/test-servers.ts';
import { FakeZoom } from './fake-zoom.ts';

/** A key for tokens at rest. */
export const tokenKeys = { activeId: 'k1', keys: new Map([['k1', new Uint8Array(randomBytes(32))]]) };

/** A store on a database of the test file's own. Call at the top of a file. */
export function testStore(): { readonly store: Store } {
  const opened: { store?: Store; close?: () => Promise<void> } = {};
  beforeAll(async () => {
    const connection = await connectMongo(await testMongoUri());
    opened.close = () => connection.close();
    opened.store = await createStore(connection, tokenKeys);
  }, 180_000);
  afterAll(async () => opened.close?.());
  return {
    get store() {
      if (!opened.store) throw new Error('The store is there once tests run.');
      return opened.store;
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

/** An account with its owner, an agent, a widget and its inbound channel, in Zoom and in the store; all ids new. */
export async function settledAccount(store: Store, changes: Partial<Account> = {}) {
  const zoom = new FakeZoom();
  const suffix = randomUUID().slice(0, 8);
  const accountId = `account-${suffix}`;
  const widgetId = `widget-${suffix}`;
  const owner = zoom.addUser(`owner-${suffix}`, { accountId });
  const agent = zoom.addUser(`agent-${suffix}`, { accountId });
  const inbound = zoom.addChannel('Live Chat Inbound', { members: [owner.email ?? ''] });
  const jid = channelJid(inbound.id);
  /** Somebody adds the app. */
  const addMember = async (user: typeof owner) =>
    store.members.connect({
      _id: user.id,
      accountId,
      name: user.displayName,
      email: user.email ?? '',
      jid: user.jid,
      role: user.role,
    });
  await addMember(owner);
  await store.accounts.provision({
    _id: accountId,
    name: 'example.com',
    ownerUserId: owner.id,
    createdAt: new Date(),
    trialEndsAt: new Date(),
    retentionDays: 365,
    ...changes,
  });
  await store.widgets.provision({
    _id: widgetId,
    accountId,
    name: 'Website',
    createdAt: new Date(),
    inboundChannel: { id: inbound.id, jid, name: inbound.name, url: channelUrl(jid) },
    settings: { teamName: 'Our team', pageQuery: [] },
  });
  return { zoom, accountId, widgetId, owner, agent, inbound, addMember };
}

/** Every text, value and address in a card, in order. */
export function cardTexts(content: unknown): string[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.entries(content).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value !== 'string') return cardTexts(value);
    return ['text', 'key', 'value', 'link'].includes(key) ? [value] : [];
  });
}
