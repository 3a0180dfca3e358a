import type { DashboardData } from '../../domain/dashboard.ts';
import type { Account } from '../../store/index.ts';
import type { Person } from '../auth/session.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const recentChats = 20;

/** The account of a signed-in person. @throws {HttpProblem} 409 while the install has not made it yet. */
export async function accountOf({ store }: Pick<ApiDependencies, 'store'>, person: Person): Promise<Account> {
  const account = await store.accounts.get(person.accountId);
  if (account) return account;
  throw new HttpProblem('conflict', 'The installation is not finished yet. Finish it first.', {
    next: { label: 'Go to the installation', href: '/onboarding' },
  });
}

/** Everything that the dashboard shows. */
export async function dashboardData(
  dependencies: Pick<ApiDependencies, 'store' | 'config' | 'clock'>,
  person: Person,
): Promise<DashboardData> {
  const { store, config, clock } = dependencies;
  const account = await accountOf(dependencies, person);
  const [owner, counts, recent] = await Promise.all([
    store.members.get(account.ownerUserId),
    store.chats.countByStatus(account._id),
    store.chats.recent(account._id, recentChats),
  ]);
  return {
    user: { name: person.name, email: person.email },
    account: { id: account._id, name: account.name, createdAt: account.createdAt.toISOString() },
    trial: trialOf(account, clock()),
    channel: account.channel ? { id: account.channel.id, name: account.channel.name } : null,
    widget: {
      id: account.widgetId,
      embedSnippet: embedSnippet(config.http.publicUrl, account.widgetId),
      previewUrl: `${config.http.publicUrl}/preview?widget=${encodeURIComponent(account.widgetId)}`,
    },
    needsReconnect: owner?.status !== 'connected',
    chats: {
      waiting: (counts.waiting ?? 0) + (counts.missed ?? 0) + (counts.joining ?? 0),
      active: counts.active ?? 0,
      ended: counts.ended ?? 0,
    },
    recentChats: recent.map((chat) => ({
      id: chat._id,
      visitorName: chat.visitor.name,
      status: chat.status,
      startedAt: chat.createdAt.toISOString(),
      agents: chat.agents.map(({ name }) => name),
      channelUrl: chat.channel?.url ?? null,
    })),
  };
}

/** Days are rounded up: on the last day one is left. */
function trialOf({ trialEndsAt }: Account, now: number): DashboardData['trial'] {
  const leftMs = trialEndsAt.getTime() - now;
  return {
    endsAt: trialEndsAt.toISOString(),
    daysLeft: Math.max(0, Math.ceil(leftMs / dayMs)),
    expired: leftMs <= 0,
  };
}

/** What a website's owner pastes into his pages. */
export function embedSnippet(publicUrl: string, widgetId: string): string {
  return `<script async src="${publicUrl}/widget.js" data-widget="${widgetId}"></script>`;
}
