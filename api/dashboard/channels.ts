import { isRefusedForWho } from '../../activities/acting-user.ts';
import { applyRights } from '../../activities/member-check.ts';
import { channelRef } from '../../domain/channel.ts';
import type { ChannelChoices, SettingsInput, SettingsSaved } from '../../domain/dashboard.ts';
import { mayChangeSettings } from '../../domain/roles.ts';
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

/**
 * Every channel of this member in Zoom that chats can be routed to, by name: not the channels of single chats. For
 * somebody who may not choose, only where chats go now.
 */
export async function channelChoices(dependencies: Dependencies, member: Member): Promise<ChannelChoices> {
  const { widget } = await accountOf(dependencies, member);
  const mayChange = mayChangeSettings(member.role);
  const selected = {
    selectedId: widget.inboundChannel?.id ?? null,
    selectedName: widget.inboundChannel?.name ?? null,
    mayChange,
  };
  if (!mayChange) return { channels: [], ...selected };
  const channels = await dependencies.userZoom(member._id, (api) => api.allChannels());
  const chatChannels = await dependencies.store.chatChannels.among(channels.map(({ id }) => id));
  return {
    channels: channels
      .filter(({ id }) => !chatChannels.has(id))
      .map(({ id, name, type }) => ({ id, name, kind: kinds[type] }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en')),
    ...selected,
  };
}

/** By what Zoom says of the member now. @throws {HttpProblem} 403 for somebody who may change nothing. */
async function requireAdministrator({ store, userZoom, log }: Dependencies, member: Member): Promise<void> {
  const user = await userZoom(member._id, (api) => api.getMe());
  const role = await applyRights(store, member, user);
  if (role !== null && mayChangeSettings(role)) return;
  log.warn({ accountId: member.accountId, zoomUserId: member._id }, 'a change of settings was refused');
  const detail = 'Only the owner and administrators of your Zoom account can change this. Ask one of them.';
  throw new HttpProblem('forbidden', detail);
}

/** Zoom's answers about a channel that is not among somebody's. */
const unknownChannel = ['channelGone', 'forbidden', 'notFound', 'invalidRequest'] as const;

/**
 * The name of the account's owner if they are not in the channel: the app reads it in their name. Nothing while their
 * grant does not work, since a colleague's stands in then.
 */
async function ownerOutside({ store, userZoom }: Dependencies, { ownerUserId }: Account, channelId: string) {
  const owner = await store.members.get(ownerUserId);
  if (owner?.grantStatus !== 'connected') return undefined;
  try {
    await userZoom(ownerUserId, (api) => api.getChannel({ channelId }));
  } catch (error) {
    if (isZoomError(error, ...unknownChannel)) return owner.name;
    if (!isRefusedForWho(error)) throw error;
  }
  return undefined;
}

/**
 * Route new chats to another channel, which must be one of this member's in Zoom now, have the account's owner in it,
 * and be no single chat's. Both channels are told.
 * @throws {HttpProblem} 422 when it is not; 403 when this member may not.
 */
export async function chooseChannel(
  dependencies: Dependencies,
  member: Member,
  { channelId }: SettingsInput,
): Promise<SettingsSaved> {
  const { account, widget } = await accountOf(dependencies, member);
  await requireAdministrator(dependencies, member);
  const refused = (message: string, cause?: unknown) =>
    new HttpProblem('invalid', message, { errors: [{ path: 'channelId', message }], cause });
  if (await dependencies.store.chatChannels.get(channelId)) {
    throw refused('This channel belongs to one chat: its visitor reads what is written there. Choose another one.');
  }
  const channel = await dependencies
    .userZoom(member._id, (api) => api.getChannel({ channelId }))
    .catch((error: unknown) => {
      if (!isZoomError(error, ...unknownChannel)) throw error;
      throw refused('This channel is not among yours in Zoom. Choose another one.', error);
    });
  const outside = account.ownerUserId === member._id ? undefined : await ownerOutside(dependencies, account, channelId);
  if (outside !== undefined) {
    throw refused(
      `Live Chat reads its channel in the name of ${outside}, who is not in this one. Add them to it in Zoom, then save again.`,
    );
  }
  const [from, to] = [widget.inboundChannel, channelRef(channel)];
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
  return { channel: { id: to.id, name: to.name } };
}
