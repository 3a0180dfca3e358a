import type { ChannelChoices, SettingsInput, SettingsSaved } from '../../domain/dashboard.ts';
import { isZoomError, type ChannelType } from '../../zoom/index.ts';
import type { Account, Member } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { accountOf } from './dashboard-data.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'userZoom' | 'tryAgain' | 'temporal' | 'log'>;

const kinds: Record<ChannelType, ChannelChoices['channels'][number]['kind']> = {
  private: 'private',
  privateInternal: 'private',
  public: 'public',
  publicExternal: 'public',
  group: 'other',
  unknown: 'other',
};

/** Every channel of this member in Zoom that chats can be routed to, by name: not the channels of single chats. */
export async function channelChoices(dependencies: Dependencies, member: Member): Promise<ChannelChoices> {
  const { account, widget } = await accountOf(dependencies, member);
  const channels = await dependencies.userZoom(member._id, (api) => api.allChannels());
  const chatChannels = await dependencies.store.chatChannels.among(channels.map(({ id }) => id));
  return {
    channels: channels
      .filter(({ id }) => !chatChannels.has(id))
      .map(({ id, name, type }) => ({ id, name, kind: kinds[type] }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en')),
    selectedId: widget.inboundChannel?.id ?? null,
    mayChange: mayChangeSettings(member, account),
  };
}

/** An owner or administrator of the Zoom account, or who installed the app first. */
function mayChangeSettings({ _id, role }: Pick<Member, '_id' | 'role'>, { ownerUserId }: Account): boolean {
  return role !== 'agent' || _id === ownerUserId;
}

/** The member's role, as Zoom says it now. @throws {HttpProblem} 403 for somebody who may change nothing. */
async function requireAdministrator({ store, userZoom }: Dependencies, member: Member, account: Account) {
  const { role, status } = await userZoom(member._id, (api) => api.getMe());
  if (role !== member.role) await store.members.setRole(member._id, role);
  const isActive = status === undefined || status === 'active';
  if (isActive && mayChangeSettings({ _id: member._id, role }, account)) return;
  const detail =
    'Only an owner or an administrator of your Zoom account, or whoever installed Live Chat, can change this. Ask one of them.';
  throw new HttpProblem('forbidden', detail);
}

/**
 * Route new chats to another channel, which must be one of this member's in Zoom now, and no single chat's. Both
 * channels are told.
 * @throws {HttpProblem} 422 when it is not; 403 when this member may not.
 */
export async function chooseChannel(
  dependencies: Dependencies,
  member: Member,
  { channelId }: SettingsInput,
): Promise<SettingsSaved> {
  const { account, widget } = await accountOf(dependencies, member);
  await requireAdministrator(dependencies, member, account);
  const refused = (message: string, cause?: unknown) =>
    new HttpProblem('invalid', message, { errors: [{ path: 'channelId', message }], cause });
  if (await dependencies.store.chatChannels.get(channelId)) {
    throw refused('This channel belongs to one chat: its visitor reads what is written there. Choose another one.');
  }
  const channel = await dependencies
    .userZoom(member._id, (api) => api.getChannel({ channelId }))
    .catch((error: unknown) => {
      const unknownChannel = isZoomError(error, 'channelGone', 'forbidden', 'notFound', 'invalidRequest');
      if (!unknownChannel) throw error;
      throw refused('This channel is not among yours in Zoom. Choose another one.', error);
    });
  const { id, jid, name, url } = channel;
  const [from, to] = [widget.inboundChannel, { id, jid, name, url }];
  await dependencies.store.widgets.setInboundChannel(widget._id, to);
  if (from?.id !== to.id) {
    const change = { accountId: member.accountId, zoomUserId: member._id, ...(from && { from }), to };
    dependencies.log.info(
      { accountId: member.accountId, zoomUserId: member._id, from: from?.id, to: to.id },
      'a member has routed new chats to another channel',
    );
    // The change counts in any case; whoever opens the settings sees it too.
    await dependencies.temporal.routeChanges.tell(change).catch((error: unknown) => {
      dependencies.log.warn({ err: error, to: to.id }, 'the channels could not be told where new chats go');
    });
  }
  // Chats that could not announce themselves in the old channel.
  dependencies.tryAgain(widget.accountId);
  return { channel: { id, name } };
}
