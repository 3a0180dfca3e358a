import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { tryAgainInMs } from '../failures.ts';
import { runIsLong } from '../long-run.ts';
import { checkInput, nothingNeeded, refuse } from '../operator-input.ts';
import { time } from '../time.ts';
import {
  askToReconnect,
  checkMember,
  forgetGrant,
  recordLost,
  renewTokens,
  tellMissingScopes,
  wakeChats,
} from './activities.ts';
import {
  askToReconnectUpdate,
  deauthorizedSignal,
  getGrantQuery,
  grantedSignal,
  renewTokensUpdate,
  type GrantInput,
  type GrantSnapshot,
} from './messages.ts';

/** How soon a change of the member's role in Zoom is noticed at the latest, ms. */
const checkMemberEveryMs = 60 * 60 * 1_000;

/** What a run hands to the next, times in ms: when the status last changed, and when the role is looked at next. */
type Carried = GrantSnapshot & { since: number; nextCheckAt: number };

/**
 * The entity that owns one Zoom user's grant for as long as the app is installed: the only one that refreshes its
 * rotating tokens, one refresh at a time for all workers, and that cleans up when the user removes the app. Tokens
 * themselves never come here: activities read and write them in MongoDB.
 */
export async function grant(input: GrantInput, carried?: Carried): Promise<void> {
  const { zoomUserId, accountId, continueAfterEvents } = input;
  const state: GrantSnapshot = { status: carried?.status ?? 'connected', refreshes: carried?.refreshes ?? 0 };
  let since = carried?.since ?? Date.now();
  let nextCheckAt = carried?.nextCheckAt ?? Date.now() + checkMemberEveryMs;
  /** When the user was last asked to add the app again, ms. */
  let asked: number | undefined;
  /**
   * What the main loop has to do. `removedAt`: when the user removed the app, ms; a grant after it cancels it.
   * `granted`: there is a new grant, whose scopes nobody has looked at.
   */
  const pending: { removedAt?: number; worksAgain: boolean; granted: boolean } = { worksAgain: false, granted: false };
  /** The refresh under way, which everybody who asks meanwhile shares. */
  let refreshing: Promise<boolean> | undefined;
  /** The message to the user that is under way. */
  let asking: Promise<void> | undefined;
  /** The look at what was granted that is under way: it takes as long as Zoom does, and nothing waits for it. */
  let telling: Promise<void> | undefined;
  /** The look at the member's role that is under way; likewise. */
  let checking: Promise<void> | undefined;

  const enter = (status: GrantSnapshot['status']): void => {
    if (state.status !== status) since = Date.now();
    if (state.status !== 'connected' && status === 'connected') pending.worksAgain = true;
    state.status = status;
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
    show();
  };
  const show = (): void => setCurrentDetails(grantDetails(state, since, asked));

  const refresh = async (staleTokenSetId: string): Promise<boolean> => {
    const outcome = await renewTokens({ zoomUserId, staleTokenSetId });
    if (outcome === 'grantInvalid') {
      if (state.status === 'connected') {
        enter('needsReconnect');
        // Whoever needs tokens has the answer at once: asking takes as long as Zoom does, and the user may be faster.
        asking = onLost(staleTokenSetId)
          .catch(() => log.warn('The user could not be asked to reconnect.'))
          .finally(() => {
            asking = undefined;
          });
      }
      return false;
    }
    if (outcome === 'renewed') state.refreshes += 1;
    enter('connected');
    return true;
  };

  /** Record the loss and ask the user for a new grant, until Zoom takes the message or there is one. */
  const onLost = async (lostTokenSetId: string): Promise<void> => {
    const isLost = () => state.status === 'needsReconnect';
    const { lost } = await recordLost({ zoomUserId, lostTokenSetId });
    if (!lost && isLost()) enter('connected');
    while (isLost()) {
      asked = Date.now();
      show();
      try {
        await askToReconnect({ zoomUserId });
        return;
      } catch (error) {
        const pause = tryAgainInMs(error);
        if (pause === undefined) throw error;
        await condition(() => !isLost(), pause);
      }
    }
  };

  setHandler(getGrantQuery, () => state);
  setHandler(grantedSignal, () => {
    delete pending.removedAt;
    // A colleague's chats may have waited for it too, or for a scope.
    pending.worksAgain = true;
    pending.granted = true;
    enter('connected');
  });
  setHandler(deauthorizedSignal, ({ at = Date.now() }) => {
    pending.removedAt = at;
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

  const mayLook = () => pending.granted && telling === undefined;
  const isPending = () => pending.removedAt !== undefined || pending.worksAgain || mayLook();
  const isLong = () => runIsLong(continueAfterEvents);
  for (;;) {
    // Whoever has removed the app has no role to look at.
    const checkInMs = state.status === 'removed' ? Infinity : nextCheckAt - Date.now();
    if (checkInMs === Infinity) await condition(() => isPending() || isLong());
    else if (checkInMs > 0) await condition(() => isPending() || isLong(), checkInMs);
    const { removedAt } = pending;
    if (removedAt !== undefined) {
      const { removed } = await forgetGrant({ zoomUserId, grantedBefore: removedAt });
      // The user may have added the app again in the meantime: then the new grant stays.
      if (pending.removedAt === removedAt) {
        delete pending.removedAt;
        if (removed) enter('removed');
      }
    } else if (pending.worksAgain) {
      pending.worksAgain = false;
      await wakeChats({ accountId }).catch(() => log.warn('The account’s chats could not be signalled.'));
    } else if (mayLook()) {
      pending.granted = false;
      telling = tellMissingScopes({ zoomUserId })
        .catch(() => log.warn('The user could not be told which scopes are missing.'))
        .finally(() => {
          telling = undefined;
        });
    } else if (state.status !== 'removed' && Date.now() >= nextCheckAt) {
      nextCheckAt = Date.now() + checkMemberEveryMs;
      checking ??= checkMember({ zoomUserId, accountId })
        .catch(() => log.warn('Zoom could not be asked for the member’s role.'))
        .finally(() => {
          checking = undefined;
        });
    } else if (isLong()) {
      const isBusy = () => asking !== undefined || telling !== undefined || checking !== undefined;
      await condition(() => allHandlersFinished() && !isBusy());
      // What came while a handler was still at work is done by this run.
      if (!isPending()) await continueAsNew<typeof grant>(input, { ...state, since, nextCheckAt });
    }
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
