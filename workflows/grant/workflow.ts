import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { GrantActivities } from '../../activities/grant.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';
import { runIsLong } from '../long-run.ts';
import { checkInput, nothingNeeded, refuse } from '../operator-input.ts';
import { time } from '../time.ts';
import {
  askToReconnectUpdate,
  deauthorizedSignal,
  getGrantQuery,
  grantedSignal,
  renewTokensUpdate,
  type GrantInput,
  type GrantSnapshot,
} from './messages.ts';

/**
 * Zoom kills the old refresh token as it gives the new one, so a refresh whose answer is lost loses the grant. One careful
 * second try, in case the first never reached Zoom; what comes of that is final.
 */
const { renewTokens } = proxyActivities<GrantActivities>({
  taskQueue: taskQueues.tokens,
  startToCloseTimeout: '30 seconds',
  retry: { maximumAttempts: 2, initialInterval: '1 second' },
  summary: 'Refresh the Zoom tokens',
});
const { forgetGrant, askToReconnect } = proxyActivities<GrantActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
});

/** What a run hands to the next; `since`: when the status last changed, ms. */
type Carried = GrantSnapshot & { since?: number };

/**
 * The entity that owns one Zoom user's grant for as long as the app is installed: the only place that refreshes its
 * rotating tokens, one refresh at a time for all workers, and that cleans up when the user removes the app.
 * Tokens themselves never come here: activities read and write them in MongoDB.
 */
export async function grant(input: GrantInput, carried?: Carried): Promise<void> {
  const { zoomUserId, continueAfterEvents } = input;
  const { since = Date.now(), ...state } = carried ?? { status: 'connected', refreshes: 0 };
  /** When the user removed the app, ms, until that has been cleaned up; a grant after it cancels it. */
  const removal: { at?: number } = {};
  let changedAt = since;
  /** When the user was last asked to add the app again, ms. */
  let asked: number | undefined;
  /** The refresh under way, which everybody who asks meanwhile shares. */
  let refreshing: Promise<boolean> | undefined;
  /** The message to the user that is under way. */
  let asking: Promise<void> | undefined;

  const enter = (status: GrantSnapshot['status']): void => {
    if (state.status !== status) changedAt = Date.now();
    state.status = status;
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
    show();
  };
  const show = (): void => setCurrentDetails(grantDetails(state, changedAt, asked));

  const refresh = async (staleTokenSetId: string): Promise<boolean> => {
    const outcome = await renewTokens({ zoomUserId, staleTokenSetId });
    if (outcome === 'grantInvalid') {
      if (state.status === 'connected') {
        enter('needsReconnect');
        asked = Date.now();
        show();
        const telling = askToReconnect({ zoomUserId, lostTokenSetId: staleTokenSetId })
          .then((answer?: { needed: boolean }) => {
            // The user has added the app again while Zoom refused the grant before. Earlier versions answered nothing.
            if (answer?.needed === false && state.status === 'needsReconnect') enter('connected');
          })
          .finally(() => {
            asking = undefined;
          });
        asking = telling;
        // Who needs tokens is told at once: asking may take as long as Zoom does, and the user may be faster.
        if (patched('2026-11-ask-beside')) telling.catch(() => log.warn('The user could not be asked to reconnect.'));
        else await telling;
      }
      return false;
    }
    if (outcome === 'renewed') state.refreshes += 1;
    enter('connected');
    return true;
  };

  setHandler(getGrantQuery, () => state);
  setHandler(grantedSignal, () => {
    delete removal.at;
    enter('connected');
  });
  setHandler(deauthorizedSignal, ({ at = Date.now() }) => {
    removal.at = at;
  });
  setHandler(
    renewTokensUpdate,
    async ({ staleTokenSetId }) => {
      refreshing ??= refresh(staleTokenSetId).finally(() => {
        refreshing = undefined;
      });
      return { renewed: await refreshing };
    },
    { description: 'For the programs: see that there is a token set newer than the one that does not work.' },
  );
  setHandler(
    askToReconnectUpdate,
    async () => {
      asked = Date.now();
      show();
      await askToReconnect({ zoomUserId });
      return state;
    },
    {
      description:
        'Ask this user once more, by a message from the bot in Zoom, to add the app again. Input: none, or {"by":"operator"}',
      validator: (input) => {
        checkInput(nothingNeeded, 'askToReconnect', '{"by":"operator"}', input);
        if (state.status === 'needsReconnect') return;
        refuse(`There is nothing to ask for: this grant is ${state.status}.`);
      },
    },
  );
  show();

  for (;;) {
    await condition(() => removal.at !== undefined || runIsLong(continueAfterEvents));
    const { at } = removal;
    if (at !== undefined) {
      const { removed } = await forgetGrant({ zoomUserId, grantedBefore: at });
      // The user may have added the app again in the meantime: then the new grant stays.
      if (removal.at === at) {
        delete removal.at;
        if (removed) enter('removed');
      }
      continue;
    }
    await condition(() => allHandlersFinished() && asking === undefined);
    // A removal that came while a handler was still at work is done by this run.
    if (removal.at !== undefined) continue;
    await continueAsNew<typeof grant>(input, { ...state, since: changedAt });
  }
}

/** What Temporal UI shows: whether this user's grant works, and what to do if not. Markdown. */
function grantDetails({ status, refreshes }: GrantSnapshot, since: number, asked?: number): string {
  return [
    `**${statusWords[status]}** since ${time(since)}`,
    '',
    `- Tokens refreshed: ${refreshes} times`,
    ...(asked === undefined ? [] : [`- Last asked to add the app again: ${time(asked)}`]),
    ...(status === 'connected' ? [] : [`- What helps: ${helpWords[status]}`]),
  ].join('\n');
}

const statusWords: Record<GrantSnapshot['status'], string> = {
  connected: 'Connected',
  needsReconnect: 'Zoom refuses this grant',
  removed: 'Removed by the user in Zoom',
};
const helpWords = {
  needsReconnect:
    'this user adds the app again, which the bot has asked for; ask once more by the update askToReconnect. Chats of the ' +
    'account go on meanwhile if a colleague’s grant works.',
  removed: 'nothing is wrong here; without another connected user of the account its chats wait.',
} as const;
