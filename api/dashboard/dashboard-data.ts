import { missingInAccount } from '../../activities/missing-scopes.ts';
import type { DashboardChat, DashboardData } from '../../domain/dashboard.ts';
import { channelUrlOf, type Account, type ChatRecord, type Member, type Widget } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const recentChats = 20;

/** The account of a member and its first widget. @throws {HttpProblem} 409 while the install has not made them yet. */
export async function accountOf(
  { store }: Pick<ApiDependencies, 'store'>,
  { accountId }: Member,
): Promise<{ account: Account; widget: Widget }> {
  const [account, [widget]] = await Promise.all([store.accounts.get(accountId), store.widgets.ofAccount(accountId)]);
  if (account && widget) return { account, widget };
  throw new HttpProblem('conflict', 'The install is not finished yet. Finish it first.', {
    next: { label: 'Go to the install', href: '/onboarding' },
  });
}

/** Everything that the dashboard shows. */
export async function dashboardData(
  dependencies: Pick<ApiDependencies, 'store' | 'config' | 'clock'>,
  member: Member,
): Promise<DashboardData> {
  const { store, config, clock } = dependencies;
  const { account, widget } = await accountOf(dependencies, member);
  const [owner, missingScopes, counts, recent] = await Promise.all([
    store.members.get(account.ownerUserId),
    missingInAccount(store, account._id),
    store.chats.countByStatus(account._id),
    store.chats.recent(account._id, recentChats),
  ]);
  return {
    user: { name: member.name, email: member.email },
    account: { id: account._id, name: account.name, createdAt: account.createdAt.toISOString() },
    trial: trialOf(account, clock()),
    channel: widget.inboundChannel ? { id: widget.inboundChannel.id, name: widget.inboundChannel.name } : null,
    widget: {
      id: widget._id,
      embedSnippet: embedSnippet(config.http.publicUrl, widget._id),
      previewUrl: `${config.http.publicUrl}/preview?widget=${encodeURIComponent(widget._id)}`,
    },
    needsReconnect: owner?.grantStatus !== 'connected',
    missingScopes,
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
      ...whoAnswers(chat),
      channelUrl: channelUrlOf(chat) ?? null,
      waitsFor: chat.waitsFor ?? null,
    })),
  };
}

/** Who is in an open chat; who was in one that has ended, or whose agents have all left. */
function whoAnswers({ status, agents, answeredBy }: ChatRecord): Pick<DashboardChat, 'agents' | 'haveLeft'> {
  const names = (people: readonly { name: string }[]) => people.map(({ name }) => name);
  if (status === 'ended') return { agents: names(answeredBy), haveLeft: false };
  return agents.length > 0
    ? { agents: names(agents), haveLeft: false }
    : { agents: names(answeredBy), haveLeft: answeredBy.length > 0 };
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

/** What a website's owner pastes into their pages. */
export function embedSnippet(publicUrl: string, widgetId: string): string {
  return `<script async src="${publicUrl}/widget.js" data-widget="${widgetId}"></script>`;
}
