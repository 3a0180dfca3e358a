import type { InstallActivities } from '../../activities/install.ts';
import type { GrantActivities } from '../../activities/grant.ts';
import type { MemberCheckActivities } from '../../activities/member-check.ts';
import type { ChannelRef } from '../../domain/channel.ts';

/** The install activities, with what they do in Zoom and MongoDB written down. Typed as the real ones. */
export function fakeInstallActivities(overrides: Partial<InstallActivities> = {}) {
  const seen = {
    /** `<step> <user>`, as it begins. */
    steps: [] as string[],
    /** What was made in Zoom or MongoDB; a step that was done before makes nothing. */
    made: [] as string[],
    atWork: 0,
    mostAtWork: 0,
    onboardedAt: [] as number[],
  };
  const channels = new Map<string, ChannelRef>();
  const cards = new Set<string>();
  const accounts = new Set<string>();
  /** An account step: takes a moment, in which another install could get in its way. */
  const alone = async <T>(work: () => T): Promise<T> => {
    seen.atWork += 1;
    seen.mostAtWork = Math.max(seen.mostAtWork, seen.atWork);
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen.atWork -= 1;
    return work();
  };
  const activities: InstallActivities = {
    async fetchUser({ zoomUserId }) {
      seen.steps.push(`fetchUser ${zoomUserId}`);
      return { name: 'Alex Doe', email: 'alex@example.com' };
    },
    async provisionAccount({ accountId, zoomUserId }) {
      seen.steps.push(`provisionAccount ${zoomUserId}`);
      const created = !accounts.has(accountId);
      if (created) seen.made.push('account');
      accounts.add(accountId);
      return { created, name: 'example.com' };
    },
    async setUpInboundChannel({ accountId, zoomUserId }) {
      seen.steps.push(`inboundChannel ${zoomUserId}`);
      return alone(() => {
        const known = channels.get(accountId);
        if (known) return known;
        const made = { id: 'c1', jid: 'c1@x', name: 'Live Chat Inbound', url: 'https://zoom.us/c1' };
        seen.made.push('channel');
        channels.set(accountId, made);
        return made;
      });
    },
    async postWelcomeCard({ accountId, zoomUserId }) {
      seen.steps.push(`welcomeCard ${zoomUserId}`);
      return alone(() => {
        if (cards.has(accountId)) return { detail: 'posted before' };
        seen.made.push('card');
        cards.add(accountId);
        return { detail: 'posted' };
      });
    },
    async sendWelcomeMessage({ zoomUserId }) {
      seen.steps.push(`welcomeMessage ${zoomUserId}`);
    },
    async recordOnboarded({ at }) {
      seen.onboardedAt.push(at);
    },
    ...overrides,
  };
  return { activities, seen };
}

/** The activities of a grant, over one token set that `renewTokens` rotates. Typed as the real ones. */
export function fakeGrantActivities(overrides: Partial<GrantActivities> = {}) {
  const seen = {
    current: 'set-0',
    refreshes: 0,
    renewals: 0,
    /** How often the user was asked to add the app again. */
    asked: 0,
    forgotten: [] as number[],
    /** Accounts whose waiting chats were signalled. */
    woken: [] as string[],
    /** How often it was looked at what was granted. */
    looked: 0,
    /** How often Zoom was asked for the member's role. */
    checked: 0,
  };
  const activities: GrantActivities & MemberCheckActivities = {
    async checkMember() {
      seen.checked += 1;
    },
    async renewTokens({ staleTokenSetId }) {
      seen.renewals += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (staleTokenSetId !== seen.current) return 'alreadyNewer';
      seen.refreshes += 1;
      seen.current = `set-${seen.refreshes}`;
      return 'renewed';
    },
    async recordLost() {
      return { lost: true };
    },
    async askToReconnect() {
      seen.asked += 1;
    },
    async tellMissingScopes() {
      seen.looked += 1;
    },
    async forgetGrant({ grantedBefore }) {
      seen.forgotten.push(grantedBefore);
      return { removed: true };
    },
    async wakeChats({ accountId }) {
      seen.woken.push(accountId);
    },
    ...overrides,
  };
  return { activities, seen };
}
