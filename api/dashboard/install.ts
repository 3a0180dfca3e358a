import type { InstallProgress } from '../../domain/dashboard.ts';
import { installSteps } from '../../domain/install-steps.ts';
import type { Person } from '../auth/session.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';

type Dependencies = Pick<ApiDependencies, 'temporal' | 'store'>;

/** How far the install of this person is, asked of its workflow. */
export async function installProgress({ temporal, store }: Dependencies, person: Person): Promise<InstallProgress> {
  const progress = await temporal.installProgress(person._id);
  if (progress) return progress;
  if (!person.onboardedAt) {
    return { status: 'notStarted', steps: installSteps.map((id) => ({ id, state: 'pending' })) };
  }
  // Finished so long ago that Temporal has let go of it.
  const channel = (await store.accounts.get(person.accountId))?.channel;
  return {
    status: 'done',
    steps: installSteps.map((id) => ({ id, state: 'done' })),
    ...(channel ? { inboundChannel: { name: channel.name, url: channel.url } } : {}),
  };
}

/**
 * "I'm Done": pressed again, it changes nothing.
 * @throws {HttpProblem} 409 while steps are open.
 */
export async function finishInstall(dependencies: Dependencies, person: Person): Promise<InstallProgress> {
  const progress = await installProgress(dependencies, person);
  if (progress.status === 'done') return progress;
  if (progress.status !== 'ready') {
    throw new HttpProblem('conflict', 'The installation is not finished yet. Wait until every step is done.');
  }
  await dependencies.temporal.onboardingDone(person._id);
  return { ...progress, status: 'done' };
}

/**
 * Have the step that failed tried again, or start an install that has failed for good; one that is running goes on.
 * @throws {HttpProblem} 409 when it is finished.
 */
export async function retryInstall(dependencies: Dependencies, person: Person): Promise<InstallProgress> {
  const { temporal } = dependencies;
  const run = await temporal.installRun(person._id);
  if (run === 'completed' || (run === 'none' && person.onboardedAt)) {
    throw new HttpProblem('conflict', 'The installation is finished already. Go on to the dashboard.');
  }
  const { _id: zoomUserId, accountId, name, email } = person;
  await temporal.startInstall({ zoomUserId, accountId, name, email });
  return { status: 'running', steps: installSteps.map((id) => ({ id, state: 'pending' })) };
}
