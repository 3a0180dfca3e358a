import {
  ApplicationFailure,
  condition,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { installSteps, type InstallProgress, type InstallStep } from '../../domain/dashboard.ts';
import { failureTypes } from '../../domain/failures.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { failureMessage, failureType } from '../failures.ts';
import { onceForAccount } from './account-step.ts';
import { fetchUser, provisionAccount, recordOnboarded, sendWelcomeMessage } from './activities.ts';
import { getInstallProgressQuery, onboardingDoneSignal, type InstallInput } from './messages.ts';

/** How long the onboarding page may stay open before the install counts as finished without "I'm Done". */
const patience = '30 days';

/**
 * Add to Zoom, after consent: look the installer up, provision account and trial, set up the inbound channel, welcome the
 * channel and the installer, and wait for "I'm Done". Each step may run again: what was done before is left as it is.
 * Fails with the sentence that the onboarding page shows beside Retry.
 */
export async function install({ zoomUserId, accountId }: InstallInput): Promise<InstallProgress> {
  const progress: InstallProgress = {
    status: 'running',
    steps: installSteps.map((id) => ({ id, state: 'pending' })),
  };
  let done = false;
  setHandler(getInstallProgressQuery, () => progress);
  setHandler(onboardingDoneSignal, () => {
    done = true;
  });

  const enter = (status: InstallProgress['status']): void => {
    progress.status = status;
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
    setCurrentDetails(installDetails(progress));
  };
  const step = async <T>(id: InstallStep, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> => {
    const shown = progress.steps.find((known) => known.id === id) ?? { id, state: 'pending' };
    shown.state = 'running';
    setCurrentDetails(installDetails(progress));
    try {
      const result = await work();
      shown.state = 'done';
      if (detail) shown.detail = detail(result);
      setCurrentDetails(installDetails(progress));
      return result;
    } catch (error) {
      shown.state = 'failed';
      progress.failure = { step: id, message: failureMessage(error), next: whatHelps(error) };
      enter('failed');
      throw ApplicationFailure.create({
        message: `The install stopped at “${stepWords[id]}”: ${progress.failure.message}`,
        type: failureType(error) ?? 'InstallFailed',
        nonRetryable: true,
        ...(error instanceof Error ? { cause: error } : {}),
      });
    }
  };

  setCurrentDetails(installDetails(progress));
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
const marks = { pending: '⬜', running: '⏳', done: '✅', failed: '❌' } as const;

/** What Temporal UI shows: one line a step. Markdown. */
function installDetails(progress: InstallProgress): string {
  const steps = progress.steps.map(
    ({ id, state, detail }) => `- ${marks[state]} ${stepWords[id]}${detail === undefined ? '' : ` (${detail})`}`,
  );
  const failure = progress.failure ? ['', `**Failed:** ${progress.failure.message}`] : [];
  return [`**${progress.status}**`, '', ...steps, ...failure].join('\n');
}
