import type { ChannelChoices, SettingsInput, SettingsSaved } from '../../domain/dashboard.ts';
import { isZoomError, type ChannelType } from '../../zoom/index.ts';
import type { Member } from '../../store/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { accountOf } from './dashboard-data.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'userZoom' | 'tryAgain'>;

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
  const { widget } = await accountOf(dependencies, member);
  const channels = await dependencies.userZoom(member._id, (api) => api.allChannels());
  const chatChannels = await dependencies.store.chatChannels.among(channels.map(({ id }) => id));
  return {
    channels: channels
      .filter(({ id }) => !chatChannels.has(id))
      .map(({ id, name, type }) => ({ id, name, kind: kinds[type] }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en')),
    selectedId: widget.inboundChannel?.id ?? null,
  };
}

/**
 * Route new chats to another channel, which must be one of this member's in Zoom now.
 * @throws {HttpProblem} 422 when it is not.
 */
export async function chooseChannel(
  dependencies: Dependencies,
  member: Member,
  { channelId }: SettingsInput,
): Promise<SettingsSaved> {
  const { widget } = await accountOf(dependencies, member);
  const channel = await dependencies
    .userZoom(member._id, (api) => api.getChannel({ channelId }))
    .catch((error: unknown) => {
      const unknownChannel = isZoomError(error, 'channelGone', 'forbidden', 'notFound', 'invalidRequest');
      if (!unknownChannel) throw error;
      const message = 'This channel is not among yours in Zoom. Choose another one.';
      throw new HttpProblem('invalid', message, { errors: [{ path: 'channelId', message }], cause: error });
    });
  const { id, jid, name, url } = channel;
  await dependencies.store.widgets.setInboundChannel(widget._id, { id, jid, name, url });
  // Chats that could not announce themselves in the old channel.
  dependencies.tryAgain(widget.accountId);
  return { channel: { id, name } };
}
