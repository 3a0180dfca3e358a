import { missingInAccount } from '../../activities/missing-scopes.ts';
import type { InstallProgress } from '../../domain/dashboard.ts';
import { installSteps } from '../../domain/install-steps.ts';
import type { Member } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';

type Dependencies = Pick<ApiDependencies, 'temporal' | 'store'>;

/** How far the install of this member is, and what Zoom has not granted in their account. */
export async function installProgress(dependencies: Dependencies, member: Member): Promise<InstallProgress> {
  const [progress, missingScopes] = await Promise.all([
    progressOf(dependencies, member),
    missingInAccount(dependencies.store, member.accountId),
  ]);
  return { ...progress, missingScopes };
}

/** Asked of its workflow. */
async function progressOf({ temporal, store }: Dependencies, member: Member): Promise<InstallProgress> {
  const progress = await temporal.installs.progress(member._id);
  if (progress) return progress;
  if (!member.onboardedAt) {
    return { status: 'notStarted', steps: installSteps.map((id) => ({ id, state: 'pending' })) };
  }
  // Finished so long ago that Temporal has let go of it.
  const [widget] = await store.widgets.ofAccount(member.accountId);
  const channel = widget?.inboundChannel;
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
export async function finishInstall(dependencies: Dependencies, member: Member): Promise<InstallProgress> {
  const progress = await installProgress(dependencies, member);
  if (progress.status === 'done') return progress;
  if (progress.status !== 'ready') {
    throw new HttpProblem('conflict', 'The install is not finished yet. Wait until every step is done.');
  }
  await dependencies.temporal.installs.done(member._id);
  return { ...progress, status: 'done' };
}

/**
 * Have the step that failed tried again, or start an install that has failed for good; one that is running goes on.
 * @throws {HttpProblem} 409 when it is finished.
 */
export async function retryInstall(dependencies: Dependencies, member: Member): Promise<InstallProgress> {
  const { temporal } = dependencies;
  const state = await temporal.installs.state(member._id);
  if (state === 'completed' || (state === 'none' && member.onboardedAt)) {
    throw new HttpProblem('conflict', 'The install is finished already. Go on to the dashboard.');
  }
  await temporal.installs.start({ zoomUserId: member._id, accountId: member.accountId });
  return { status: 'running', steps: installSteps.map((id) => ({ id, state: 'pending' })) };
}
