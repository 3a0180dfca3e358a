import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  uuid4,
} from '@temporalio/workflow';
import { searchAttributes } from '../../domain/search-attributes.ts';
import type { CardRef, ChannelRef } from '../../domain/channel.ts';
import {
  checkKnownWithinMs,
  type ConnectionCheckProgress,
  type ConnectionCheckStep,
} from '../../domain/connection-check.ts';
import { failureMessage, failureType } from '../failures.ts';
import * as activities from './activities.ts';
import { Check, type StepResult } from './check.ts';
import { checkDetails } from './details.ts';
import { checkChoiceSignal, checkEventSignal, getConnectionCheckQuery, type ConnectionCheckInput } from './messages.ts';

/** How long somebody is waited for who is to do something in Zoom, ms. */
const personPatienceMs = 5 * 60_000;
/** How long a step that failed waits for somebody to put it right; then the check goes on without it. */
const repairPatienceMs = 10 * 60_000;
/** So soon the event about a post of ours comes, if Zoom sends one, ms. */
const echoPatienceMs = 10_000;

const passed = (outcome: StepResult['outcome'] = 'ok'): StepResult => ({ state: 'passed', outcome });
const noted = (outcome: StepResult['outcome']): StepResult => ({ state: 'noted', outcome });
const failed = (outcome: StepResult['outcome']): StepResult => ({ state: 'failed', outcome });

/** What the check has found or made in Zoom. */
interface Found {
  inbound?: ChannelRef;
  /** When the events of the inbound channel began to be passed on, ms. */
  openedAt?: number;
  card?: CardRef;
  /** When its post was first tried, ms. */
  cardTriedAt?: number;
  made?: { channel: ChannelRef; ownerUserId: string };
  posted?: true;
  /** It could not be removed, and that has been said. */
  isLeft?: true;
}

/**
 * The connection check of an account: proves step by step, with the real Zoom app, that everything works which a chat
 * needs. A step that fails says so and waits some minutes for a Retry, then the check goes on without it. For two steps
 * somebody has to do something in Zoom. What the check has made there it removes, also when it is cancelled.
 */
export async function connectionCheck(input: ConnectionCheckInput): Promise<ConnectionCheckProgress> {
  const id = uuid4().replaceAll('-', '').slice(0, 12);
  const word = `check ${1_000 + Math.floor(Math.random() * 9_000)}`;
  const check = new Check({ id, word, startedAt: Date.now() }, (changed) =>
    setCurrentDetails(checkDetails(changed, input.zoomUserId)),
  );
  setHandler(checkEventSignal, (event) => check.onEvent(event));
  setHandler(checkChoiceSignal, (chosen) => check.onChoice(chosen));
  setHandler(getConnectionCheckQuery, () => check.progress);

  const found: Found = {};
  try {
    for (const step of stepsOf(input, check, found)) await run(check, step);
  } finally {
    await CancellationScope.nonCancellable(() => cleanUp(input, check, found));
    check.finish();
    const status = check.hasFailed ? 'failed' : 'done';
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
  }
  return check.progress;
}

interface Step {
  id: ConnectionCheckStep;
  /** Whether what it needs is there. */
  isPossible?: () => boolean;
  /** @returns undefined when what arrived from Zoom has said it. */
  work: () => Promise<StepResult | undefined>;
}

/** Take a step until it has passed, or nobody has it tried again. */
async function run(check: Check, { id, isPossible, work }: Step): Promise<void> {
  if (isPossible?.() === false) {
    check.settle(id, { state: 'skipped', outcome: 'blocked' });
    return;
  }
  while (!check.hasPassed(id)) {
    check.begin(id);
    const result = await work().catch((error: unknown): StepResult => {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      return { ...failed(failureType(error) ?? 'noAnswer'), detail: failureMessage(error) };
    });
    if (result) check.settle(id, result);
    if (result?.state !== 'failed') return;
    check.offerRetry(id);
    await condition(() => check.chosen !== undefined || check.hasPassed(id), repairPatienceMs);
    const { chosen } = check;
    check.withdrawChoices(id);
    if (chosen !== 'retry') return;
  }
}

/** Wait for somebody to do something in Zoom. */
async function waitForPerson(check: Check, id: 'word' | 'press'): Promise<StepResult | undefined> {
  check.waitForPerson(id, Date.now() + personPatienceMs);
  await condition(() => check.chosen !== undefined || check.hasPassed(id), personPatienceMs);
  if (check.hasPassed(id)) return undefined;
  return check.chosen === 'skip' ? { state: 'skipped', outcome: 'dismissed' } : failed('nothingArrived');
}

function stepsOf({ accountId, zoomUserId }: ConnectionCheckInput, check: Check, found: Found): Step[] {
  const { id: checkId } = check;
  const { word } = check.progress;
  const hasInbound = () => found.inbound !== undefined;
  const hasPrivate = () => found.made !== undefined;
  return [
    {
      id: 'token',
      work: async () => {
        await activities.checkToken({ accountId, zoomUserId });
        return passed();
      },
    },
    {
      id: 'scopes',
      work: async () => {
        const { isKnown, missing } = await activities.findMissingScopes({ accountId });
        if (!isKnown) return noted('scopesUnknown');
        if (missing.length === 0) return passed();
        const isNeeded = missing.some(({ required }) => required);
        return { ...(isNeeded ? failed('scopesMissing') : noted('optionalScopesMissing')), missingScopes: missing };
      },
    },
    {
      id: 'channel',
      work: async () => {
        found.inbound = await activities.openCheck({ accountId, checkId, word });
        found.openedAt = Date.now();
        const { id: channelId, name, url } = found.inbound;
        check.progress.channel = { name, url };
        const { isListed } = await activities.findInboundChannel({ accountId, zoomUserId, channelId });
        return isListed ? passed() : failed('notListed');
      },
    },
    {
      id: 'post',
      isPossible: hasInbound,
      work: async () => {
        const { inbound, openedAt } = found;
        if (!inbound || openedAt === undefined) return failed('notListed');
        // Every api process knows of the check before Zoom can send the event about this post.
        const knownInMs = openedAt + 1.5 * checkKnownWithinMs - Date.now();
        if (knownInMs > 0) await sleep(knownInMs);
        const { cardTriedAt } = found;
        found.cardTriedAt ??= Date.now();
        const tried = cardTriedAt === undefined ? {} : { firstTriedAt: cardTriedAt };
        found.card = await activities.postCheckCard({ accountId, checkId, channel: inbound, ...tried });
        return passed();
      },
    },
    {
      id: 'echo',
      isPossible: () => found.card !== undefined,
      work: async () => {
        await condition(() => check.hasPassed('echo'), echoPatienceMs);
        // The app needs none, and Zoom may send none.
        return check.hasPassed('echo') ? undefined : passed('notEchoed');
      },
    },
    { id: 'word', isPossible: hasInbound, work: () => waitForPerson(check, 'word') },
    { id: 'press', isPossible: () => found.card !== undefined, work: () => waitForPerson(check, 'press') },
    {
      id: 'createChannel',
      work: async () => {
        found.made = await activities.createPrivateChannel({ accountId, checkId });
        const { name, url } = found.made.channel;
        check.progress.privateChannel = { name, url };
        return passed();
      },
    },
    {
      id: 'postInChannel',
      isPossible: hasPrivate,
      work: async () => {
        if (!found.made) return failed('notFound');
        const { as } = await activities.postInPrivateChannel({ accountId, checkId, ...found.made });
        found.posted = true;
        return as === 'bot' ? passed('byBot') : noted('byOwner');
      },
    },
    {
      id: 'readBack',
      isPossible: () => found.posted === true,
      work: async () => {
        if (!found.made) return failed('notFound');
        const { isFound } = await activities.readPrivateChannel({ accountId, checkId, ...found.made });
        return isFound ? passed() : failed('notFound');
      },
    },
    {
      id: 'removeChannel',
      isPossible: hasPrivate,
      work: async () => {
        if (!found.made) return passed();
        // By now it has been tried, whatever comes of it.
        found.isLeft = true;
        const { isRemoved } = await activities.removePrivateChannel({ accountId, ...found.made });
        if (!isRemoved) return noted('leftBehind');
        delete found.made;
        delete check.progress.privateChannel;
        return passed();
      },
    },
  ];
}

/** Nothing of the check stays in Zoom but a card that says that it is done, as far as Zoom lets the app. */
async function cleanUp({ accountId }: ConnectionCheckInput, check: Check, found: Found): Promise<void> {
  const { card, made, isLeft } = found;
  const tidy = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn(`A connection check could not tidy up: ${what}.`, { type: failureType(error) });
    }
  };
  await tidy('events are passed on', () => activities.closeCheck({ accountId, checkId: check.id }));
  if (card) await tidy('its card', () => activities.closeCheckCard({ accountId, checkId: check.id, card }));
  if (made && !isLeft) await tidy('its private channel', () => activities.removeLeftChannel({ accountId, ...made }));
}
