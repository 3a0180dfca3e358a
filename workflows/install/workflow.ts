import {
  ApplicationFailure,
  condition,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { InstallProgress } from '../../domain/dashboard.ts';
import { installSteps, type InstallStep } from '../../domain/install-steps.ts';
import { failureTypes } from '../../domain/failures.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { failureMessage, failureType, noAnswer, reasonOf, tryAgainInMs, wordsOfType } from '../failures.ts';
import { checkInput, nothingNeeded, refuse } from '../operator-input.ts';
import { time } from '../time.ts';
import { onceForAccount } from './account-step.ts';
import { fetchUser, provisionAccount, recordOnboarded, sendWelcomeMessage } from './activities.ts';
import {
  getInstallProgressQuery,
  onboardingDoneSignal,
  retryAskedSignal,
  retryInstallUpdate,
  type InstallInput,
} from './messages.ts';

/** How long the onboarding page may stay open before the install counts as finished without "I'm Done". */
const patience = '30 days';

/** How long a failed step waits for somebody to put right what stopped it; then the install fails for good. */
const repairPatience = '7 days';

/** A longer pause than this, ms, that Zoom asks for is shown as a failure: somebody watches. */
const longestPauseMs = 15 * 60_000;

/** How long an operator waits for a retried step, ms; the answer then says where it is. */
const answerWithinMs = 15_000;

/**
 * Add to Zoom, after consent: look the installer up, provision account and trial, set up the inbound channel, welcome
 * the channel and the installer, and wait for "I'm Done". Each step may run again: what was done before is left as it
 * is. A step that fails for good says why, on the onboarding page beside Retry and to operators, and waits for a retry.
 */
export async function install({ zoomUserId, accountId }: InstallInput): Promise<InstallProgress> {
  const progress: InstallProgress = {
    status: 'running',
    steps: installSteps.map((id) => ({ id, state: 'pending' })),
  };
  let done = false;
  let retryAsked = false;
  /** Type of the failure that a retry waits after. */
  let failedWith: string = noAnswer;
  const startedAt = Date.now();
  let changedAt = startedAt;
  setHandler(getInstallProgressQuery, () => progress);
  setHandler(onboardingDoneSignal, () => {
    done = true;
  });
  setHandler(retryAskedSignal, () => {
    retryAsked = true;
  });
  setHandler(
    retryInstallUpdate,
    async () => {
      retryAsked = true;
      await condition(() => !retryAsked && progress.status !== 'running', answerWithinMs);
      if (progress.status === 'failed') {
        const { why, helps } = wordsOfType(failedWith);
        refuse(`Tried again, and stopped: ${why}. ${helps}`);
      }
      return progress;
    },
    {
      description:
        'Try the step that failed again, as Retry on the onboarding page does. Input: none, or {"by":"operator"}',
      validator: (input) => {
        checkInput(nothingNeeded, 'retryInstall', '{"by":"operator"}', input);
        if (progress.status === 'failed' && !retryAsked) return;
        refuse(`No step has failed: this install is ${progress.status}.`);
      },
    },
  );

  const show = (): void => setCurrentDetails(installDetails(progress, { startedAt, changedAt, failedWith }));
  const enter = (status: InstallProgress['status']): void => {
    progress.status = status;
    changedAt = Date.now();
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
    show();
  };
  const step = async <T>(id: InstallStep, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> => {
    const shown = progress.steps.find((known) => known.id === id) ?? { id, state: 'pending' };
    for (;;) {
      shown.state = 'running';
      changedAt = Date.now();
      show();
      try {
        const result = await work();
        shown.state = 'done';
        if (detail) shown.detail = detail(result);
        show();
        return result;
      } catch (error) {
        const pause = tryAgainInMs(error) ?? Infinity;
        if (pause <= longestPauseMs) {
          await sleep(pause);
          continue;
        }
        shown.state = 'failed';
        const message = failureMessage(error);
        progress.failure = { step: id, message, next: whatHelps(error) };
        retryAsked = false;
        failedWith = failureType(error) ?? noAnswer;
        enter('failed');
        if (await condition(() => retryAsked, repairPatience)) {
          delete progress.failure;
          retryAsked = false;
          enter('running');
          continue;
        }
        throw ApplicationFailure.create({
          message: `The install stopped at “${stepWords[id]}”: ${message}`,
          type: failureType(error) ?? 'InstallFailed',
          nonRetryable: true,
          ...(error instanceof Error ? { cause: error } : {}),
        });
      }
    }
  };

  show();
  const user = await step(
    'fetchUser',
    () => fetchUser({ zoomUserId }),
    ({ name, email }) => `${name}, ${email}`,
  );
  await step(
    'provisionAccount',
    () => provisionAccount({ accountId, zoomUserId, email: user.email }),
    ({ name }) => name,
  );
  const channel = await step(
    'inboundChannel',
    () => onceForAccount({ accountId, zoomUserId, step: 'inbound-channel' }),
    ({ detail }) => detail,
  );
  progress.inboundChannel = { name: channel.detail, url: channel.url ?? '' };
  await step('welcomeCard', () => onceForAccount({ accountId, zoomUserId, step: 'welcome-card' }));
  await step('welcomeMessage', () => sendWelcomeMessage({ accountId, zoomUserId }));
  enter('ready');

  if (await condition(() => done, patience)) await recordOnboarded({ zoomUserId, at: Date.now() });
  enter('done');
  return progress;
}

function whatHelps(error: unknown): 'retry' | 'reauthorize' {
  const type = failureType(error);
  return type === failureTypes.scopeMissing || type === failureTypes.needsReconnect ? 'reauthorize' : 'retry';
}

const stepWords: Record<InstallStep, string> = {
  fetchUser: 'look up the installer',
  provisionAccount: 'create the trial account',
  inboundChannel: 'set up the inbound channel',
  welcomeCard: 'post the welcome card',
  welcomeMessage: 'send the welcome message',
};
const stateWords = { pending: 'not yet', running: 'under way', done: 'done', failed: 'failed' } as const;

/** What Temporal UI shows: one line a step, without the names that the onboarding page shows. Markdown. */
function installDetails(
  progress: InstallProgress,
  { startedAt, changedAt, failedWith }: { startedAt: number; changedAt: number; failedWith: string },
) {
  const steps = progress.steps.map(({ id, state }) => `- ${capital(stepWords[id])}: **${stateWords[state]}**`);
  const failure = progress.failure
    ? [
        '',
        `**Failed:** ${reasonOf(failedWith, progress.failure.message)}`,
        '',
        `**What helps:** ${helpWords[progress.failure.next]}`,
      ]
    : [];
  const status = `**${statusWords[progress.status]}** since ${time(changedAt)} · started ${time(startedAt)}`;
  return [status, '', ...steps, ...failure].join('\n');
}

const statusWords: Record<InstallProgress['status'], string> = {
  notStarted: 'Not started',
  running: 'Running',
  ready: 'Ready, waiting for “I’m Done”',
  done: 'Done',
  failed: 'Failed, waiting for a retry',
};
const helpWords = {
  retry: 'put right what it says, then send the update retryInstall, or have the installer press Retry.',
  reauthorize: 'the installer has to add the app again, which asks Zoom for consent and goes on here by itself.',
} as const;

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
