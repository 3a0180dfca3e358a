import { log } from '@temporalio/activity';
import type { Member, Store } from '../store/index.ts';
import { isActive, isZoomError, type ZoomUser } from '../zoom/index.ts';
import { isRefusedForWho, type ActingUsers } from './acting-user.ts';
import { asZoomFailures } from './zoom-failures.ts';

export interface MemberCheckDependencies {
  store: Pick<Store, 'members' | 'sessions'>;
  acting: ActingUsers;
}

/**
 * Take over what Zoom says of a member now. Whoever has lost rights there, as they are deactivated or an administrator
 * no longer, has to sign in again.
 * @returns the role that counts from now on; null for somebody who is not active.
 */
export async function applyRights(
  store: { members: Pick<Store['members'], 'setRole'>; sessions: Pick<Store['sessions'], 'endOf'> },
  member: Pick<Member, '_id' | 'role'>,
  { role, status }: Pick<ZoomUser, 'role' | 'status'>,
): Promise<Member['role'] | null> {
  const mayGoOn = isActive({ status });
  const isDemoted = member.role !== 'agent' && role === 'agent';
  if (role !== member.role) await store.members.setRole(member._id, role);
  if (!mayGoOn || isDemoted) await store.sessions.endOf(member._id);
  return mayGoOn ? role : null;
}

/** What Zoom says now about somebody who has added the app. */
export function createMemberCheckActivities({ store, acting }: MemberCheckDependencies) {
  return {
    /**
     * Take over the member's role and whether they are active. Their sessions end when they have lost rights in Zoom,
     * and when nobody can ask there because no grant of the account works, not theirs either.
     */
    async checkMember({ zoomUserId, accountId }: { zoomUserId: string; accountId: string }): Promise<void> {
      const member = await store.members.get(zoomUserId);
      if (!member || member.grantStatus === 'removed') return;
      await asZoomFailures(async () => {
        try {
          await applyRights(store, member, await acting.asUser({ accountId }, (api) => api.getUser(zoomUserId)));
        } catch (error) {
          if (isZoomError(error, 'userGone')) {
            await store.sessions.endOf(zoomUserId);
          } else if (isRefusedForWho(error)) {
            log.info('A member’s role cannot be asked of Zoom now.', { zoomUserId });
            // Zoom refuses the grant of whoever is deactivated. To sign in again is to give a new one.
            if (member.grantStatus !== 'connected') await store.sessions.endOf(zoomUserId);
          } else {
            throw error;
          }
        }
      });
    },
  };
}
export type MemberCheckActivities = ReturnType<typeof createMemberCheckActivities>;
