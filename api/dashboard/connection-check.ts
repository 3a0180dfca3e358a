import { z } from 'zod';
import { checkChoices, connectionCheckSteps, type ConnectionCheckData } from '../../domain/connection-check.ts';
import type { Member } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';

type Dependencies = Pick<ApiDependencies, 'config' | 'store' | 'temporal'>;

/** Body of `POST /api/connection-check/choice`. */
export const checkChoiceSchema = z.strictObject({
  step: z.enum(connectionCheckSteps),
  choice: z.enum(checkChoices),
});

/** The check that runs in this member's account, or the last one. */
export async function connectionCheck(dependencies: Dependencies, member: Member): Promise<ConnectionCheckData> {
  const { config, store, temporal } = dependencies;
  const check = await temporal.connectionChecks.checkProgress(member.accountId);
  const ids = new Set(check?.steps.flatMap(({ by }) => (by ? [by] : [])));
  const people = await Promise.all([...ids].map((id) => store.members.get(id)));
  const colleagues = people.filter((one) => one?.accountId === member.accountId);
  const { publicUrl } = config.http;
  return {
    mayRun: mayRunCheck(member),
    check,
    names: Object.fromEntries(colleagues.flatMap((one) => (one ? [[one._id, one.name]] : []))),
    endpoints: { events: `${publicUrl}/webhooks/zoom/events`, bot: `${publicUrl}/webhooks/zoom/bot` },
  };
}

/** Start a check, unless one of the account runs. @throws {HttpProblem} 403 for somebody who may not. */
export async function startConnectionCheck(dependencies: Dependencies, member: Member): Promise<ConnectionCheckData> {
  requireMayRun(member);
  const { accountId, _id: zoomUserId } = member;
  await dependencies.temporal.connectionChecks.startCheck({ accountId, zoomUserId });
  return connectionCheck(dependencies, member);
}

/**
 * What somebody chose for a step. The check passes over what the step does not offer now.
 * @throws {HttpProblem} 403 for somebody who may not; 409 when no check runs.
 */
export async function chooseInConnectionCheck(
  dependencies: Dependencies,
  member: Member,
  chosen: z.output<typeof checkChoiceSchema>,
): Promise<ConnectionCheckData> {
  requireMayRun(member);
  const outcome = await dependencies.temporal.connectionChecks.chooseInCheck(member.accountId, chosen);
  if (outcome === 'ended') throw new HttpProblem('conflict', 'This check is over. Start another one.');
  return connectionCheck(dependencies, member);
}

/**
 * By the role that is known of the member. Zoom is not asked here: whether it answers at all is for the check to find
 * out.
 */
function mayRunCheck({ role }: Member): boolean {
  return role !== 'agent';
}

/** @throws {HttpProblem} 403 for somebody who may not run it. */
function requireMayRun(member: Member): void {
  if (mayRunCheck(member)) return;
  const detail = 'Only the owner and administrators of your Zoom account can check the connection. Ask one of them.';
  throw new HttpProblem('forbidden', detail);
}
