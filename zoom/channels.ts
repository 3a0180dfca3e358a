import { z } from 'zod';
import type { RestCaller } from './caller.ts';
import { ZoomError } from './errors.ts';
import { path } from './http.ts';
import { channelJid, channelUrl } from './jids.ts';
import { allItems } from './paging.ts';
import { optionalText, requiredText } from './shapes.ts';

const PAGE_SIZE = 500;

/** Zoom's numbers for kinds of channels, in words. */
const TYPE_NAMES = { 1: 'private', 2: 'privateInternal', 3: 'public', 4: 'group', 5: 'publicExternal' } as const;
const TYPE_NUMBERS = { privateInternal: 2, public: 3 } as const;

/**
 * `private`: members are invited, outsiders possible. `privateInternal`: private, members of one account only.
 * `public`: anyone in the account. `publicExternal`: public, outsiders possible. `group`: an ad hoc group chat.
 * `unknown`: anything else.
 */
export type ChannelType = (typeof TYPE_NAMES)[keyof typeof TYPE_NAMES] | 'unknown';

/** A channel as Zoom gives it. */
export interface ZoomChannel {
  readonly id: string;
  /** Chat address, where the bot posts to. */
  readonly jid: string;
  readonly name: string;
  readonly type: ChannelType;
  /** Link that opens the channel in Zoom. */
  readonly url: string;
}

/** Calls about the channels of the user whose token it is. Source: developers.zoom.us/docs/api/team-chat/ */
export interface ChannelsApi {
  /** All channels that the user is a member of, over all pages. Zoom has no filter by name. */
  allChannels(): Promise<ZoomChannel[]>;
  /**
   * Creates a channel; the user becomes its owner and a member. Not repeatable: after an `ambiguous` error look for the
   * name among the user's channels first.
   *
   * @param name at most 256 characters, not used by another channel.
   * @throws ZoomError `nameTaken`, `refused`.
   */
  createChannel(input: { readonly name: string; readonly type: keyof typeof TYPE_NUMBERS }): Promise<ZoomChannel>;
  /** @throws ZoomError `channelGone`, or `forbidden` for one that the user is not a member of. */
  getChannel(input: { readonly channelId: string }): Promise<ZoomChannel>;
  /** Deletes a channel, with what is in it. @throws ZoomError `channelGone`, or `forbidden` unless its owner asks. */
  deleteChannel(input: { readonly channelId: string }): Promise<void>;
  /**
   * Archives a channel: it can be read, and nobody can write in it. Repeatable.
   * @throws ZoomError `channelGone`, or `forbidden` where Zoom does not let the user do it.
   */
  archiveChannel(input: { readonly channelId: string }): Promise<void>;
}

function typeName(number: number): ChannelType {
  return (TYPE_NAMES as Readonly<Record<number, ChannelType | undefined>>)[number] ?? 'unknown';
}

/** A channel answer; the link is made from the JID when Zoom leaves it out. */
const channelAnswer = z
  .object({
    id: requiredText,
    jid: optionalText,
    name: z.string().catch(''),
    type: z.number().catch(0),
    channel_url: optionalText,
  })
  .transform((channel): ZoomChannel => {
    const jid = channel.jid ?? channelJid(channel.id);
    return {
      id: channel.id,
      jid,
      name: channel.name,
      type: typeName(channel.type),
      url: channel.channel_url ?? channelUrl(jid),
    };
  });

const channelsAnswer = z
  .object({ channels: z.array(channelAnswer), next_page_token: optionalText })
  .transform((answer) => ({ items: answer.channels, nextPageToken: answer.next_page_token }));

/** Zoom answers 200 whether it has archived a channel or not: the list says which it has not, and why. */
const archiveAnswer = z
  .object({ failed_channels: z.array(z.object({ error_code: z.coerce.number().catch(0) })).nullish() })
  .transform((answer) => ({ failed: (answer.failed_channels ?? []).map((one) => ({ code: one.error_code })) }));
const ALREADY_ARCHIVED = 3205;
const NO_SUCH_CHANNEL = 4130;

/**
 * The calls of ChannelsApi made with `call`.
 * @param user id of the user whose token it is, or `me`.
 */
export function channelsApi(call: RestCaller, user: string): ChannelsApi {
  return {
    allChannels: () =>
      allItems('channels.list', (pageToken) =>
        call(
          {
            operation: 'channels.list',
            method: 'GET',
            path: path`/chat/users/${user}/channels`,
            query: { page_size: PAGE_SIZE, next_page_token: pageToken },
          },
          channelsAnswer,
        ),
      ),
    createChannel: ({ name, type }) =>
      call(
        {
          operation: 'channels.create',
          method: 'POST',
          path: path`/chat/users/${user}/channels`,
          json: { name, type: TYPE_NUMBERS[type] },
        },
        channelAnswer,
      ),
    getChannel: ({ channelId }) =>
      call(
        { operation: 'channels.get', method: 'GET', path: path`/chat/users/${user}/channels/${channelId}` },
        channelAnswer,
      ),
    async archiveChannel({ channelId }) {
      const operation = 'channels.archive';
      const { failed } = await call(
        {
          operation,
          method: 'PATCH',
          path: '/chat/channels/events',
          json: { method: 'archive', channel_ids: [channelId] },
        },
        archiveAnswer,
      );
      const [failure] = failed;
      if (failure === undefined || failure.code === ALREADY_ARCHIVED) return;
      const kind = failure.code === NO_SUCH_CHANNEL ? 'channelGone' : 'forbidden';
      throw new ZoomError({ kind, operation, status: 200, code: failure.code, ambiguous: false });
    },
    deleteChannel: ({ channelId }) =>
      call({ operation: 'channels.delete', method: 'DELETE', path: path`/chat/users/${user}/channels/${channelId}` }),
  };
}
