import { log } from '@temporalio/activity';
import type { Store } from '../store/index.ts';
import { isZoomError } from '../zoom/index.ts';
import { isRefusedForWho, type ActingUsers } from './acting-user.ts';
import { asZoomFailures } from './zoom-failures.ts';

export interface MemberCheckDependencies {
  store: Pick<Store, 'members' | 'sessions'>;
  acting: ActingUsers;
}

/** What Zoom says now about somebody who has added the app. */
export function createMemberCheckActivities({ store, acting }: MemberCheckDependencies) {
  return {
    /**
     * Take over the member's role from Zoom. Their sessions end when they have lost rights in Zoom: deactivated,
     * deleted, or an administrator no longer.
     */
    async checkMember({ zoomUserId, accountId }: { zoomUserId: string; accountId: string }): Promise<void> {
      const member = await store.members.get(zoomUserId);
      if (!member || member.grantStatus === 'removed') return;
      await asZoomFailures(async () => {
        try {
          const user = await acting.asUser({ accountId }, (api) => api.getUser(zoomUserId));
          const isActive = user.status === undefined || user.status === 'active';
          const isDemoted = member.role !== 'agent' && user.role === 'agent';
          if (user.role !== member.role) await store.members.setRole(zoomUserId, user.role);
          if (!isActive || isDemoted) await store.sessions.endOf(zoomUserId);
        } catch (error) {
          if (isZoomError(error, 'userGone')) await store.sessions.endOf(zoomUserId);
          // Nobody in the account can ask just now: the next check does.
          else if (isRefusedForWho(error)) log.info('A member’s role cannot be asked of Zoom now.', { zoomUserId });
          else throw error;
        }
      });
    },
  };
}
export type MemberCheckActivities = ReturnType<typeof createMemberCheckActivities>;
