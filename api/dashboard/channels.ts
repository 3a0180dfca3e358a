import type { ChannelChoices, SettingsInput, SettingsSaved } from '../../domain/dashboard.ts';
import { isZoomError, type ChannelType } from '../../zoom/index.ts';
import type { Person } from '../auth/session.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpProblem } from '../http/problem.ts';
import { accountOf } from './dashboard-data.ts';

type Dependencies = Pick<ApiDependencies, 'store' | 'userZoom'>;

const kinds: Record<ChannelType, ChannelChoices['channels'][number]['kind']> = {
  private: 'private',
  privateInternal: 'private',
  public: 'public',
  publicExternal: 'public',
  group: 'other',
  unknown: 'other',
};

/** Every channel of this person in Zoom that chats can be routed to, by name: not the channels of single chats. */
export async function channelChoices(dependencies: Dependencies, person: Person): Promise<ChannelChoices> {
  const account = await accountOf(dependencies, person);
  const channels = await dependencies.userZoom(person._id, (api) => api.allChannels());
  const chatChannels = await dependencies.store.chatChannels.among(channels.map(({ id }) => id));
  return {
    channels: channels
      .filter(({ id }) => !chatChannels.has(id))
      .map(({ id, name, type }) => ({ id, name, kind: kinds[type] }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en')),
    selectedId: account.channel?.id ?? null,
  };
}

/**
 * Route new chats to another channel, which must be one of this person's in Zoom now.
 * @throws {HttpProblem} 422 when it is not.
 */
export async function chooseChannel(
  dependencies: Dependencies,
  person: Person,
  { channelId }: SettingsInput,
): Promise<SettingsSaved> {
  const account = await accountOf(dependencies, person);
  const channel = await dependencies
    .userZoom(person._id, (api) => api.getChannel({ channelId }))
    .catch((error: unknown) => {
      const unknownChannel = isZoomError(error, 'channelGone', 'forbidden', 'notFound', 'invalidRequest');
      if (!unknownChannel) throw error;
      const message = 'This channel is not among yours in Zoom. Choose another one.';
      throw new HttpProblem('invalid', message, { errors: [{ path: 'channelId', message }], cause: error });
    });
  const { id, jid, name, url } = channel;
  await dependencies.store.accounts.setChannel(account._id, { id, jid, name, url });
  return { channel: { id, name } };
}
