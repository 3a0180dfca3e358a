import { z } from 'zod';
import type { RestCaller } from './caller.ts';
import { path } from './http.ts';
import { channelJid, channelUrl } from './jids.ts';
import { collect, eachItem } from './paging.ts';
import { optionalText, requiredText } from './shapes.ts';

/** Longest channel name, in characters. */
export const MAX_CHANNEL_NAME = 256;
/** Most members that can be named when a channel is created; invite the rest afterwards. */
export const MAX_MEMBERS_AT_CREATION = 20;

const PAGE_SIZE = 500;
const ARCHIVE_BATCH = 10;

/** Zoom's numbers for kinds of channels, in words. */
const TYPE_NAMES = { 1: 'private', 2: 'privateInternal', 3: 'public', 4: 'group', 5: 'publicExternal' } as const;
const TYPE_NUMBERS = { private: 1, privateInternal: 2, public: 3, publicExternal: 5 } as const;

/**
 * `private`: members are invited, outsiders possible. `privateInternal`: private, members of one account only. `public`: anyone
 * in the account. `publicExternal`: public, outsiders possible. `group`: an ad hoc group chat. `unknown`: anything else.
 */
export type ChannelType = (typeof TYPE_NAMES)[keyof typeof TYPE_NAMES] | 'unknown';

/** Who may do what in a channel. Zoom's defaults: everyone may do everything, new members see what was said before. */
export interface ChannelSettings {
  readonly addMembers?: 'everyone' | 'admins' | undefined;
  readonly post?: 'everyone' | 'admins' | undefined;
  readonly mentionAll?: 'everyone' | 'admins' | 'nobody' | undefined;
  readonly newMembersSeeHistory?: boolean | undefined;
}

/** A channel. */
export interface ZoomChannel {
  readonly id: string;
  /** Chat address, where the bot posts to. */
  readonly jid: string;
  readonly name: string;
  readonly type: ChannelType;
  /** Link that opens the channel in Zoom. */
  readonly url: string;
}

/**
 * How a channel is reached. With path `user` (default) the call is made for the named user (`me`: the token's user), who has
 * to be a member; with path `channel` for the token's user by Zoom's other address, whose limits and granular scopes differ.
 */
export interface ChannelAddress {
  readonly channelId: string;
  /** Default `me`. */
  readonly userId?: string | undefined;
  /** Default `user`. */
  readonly path?: 'user' | 'channel' | undefined;
}

/** A channel that could not be archived or unarchived. */
export interface ArchiveFailure {
  readonly channelId: string;
  readonly reason: 'forbidden' | 'alreadyDone' | 'defaultChannel' | 'hasRecurringMeeting' | 'channelGone' | 'unknown';
  readonly code?: number | undefined;
}

/** Calls about channels. Source: developers.zoom.us/docs/api/team-chat/ */
export interface ChannelsApi {
  /** The channels that the user is a member of, fetched page by page. Zoom has no filter by name. `maxPages` default 100. */
  listChannels(input?: {
    readonly userId?: string | undefined;
    readonly maxPages?: number | undefined;
  }): AsyncIterable<ZoomChannel>;
  /** All of `listChannels` at once. */
  allChannels(input?: {
    readonly userId?: string | undefined;
    readonly maxPages?: number | undefined;
  }): Promise<ZoomChannel[]>;
  /**
   * Creates a channel; `userId` (default `me`) becomes its owner and a member. Not repeatable: after an `ambiguous` error look
   * for the name among the user's channels first.
   *
   * @param name at most MAX_CHANNEL_NAME characters, not used by another channel.
   * @param members e-mail addresses, at most MAX_MEMBERS_AT_CREATION.
   * @throws ZoomError `nameTaken`, `userGone`, `refused`.
   */
  createChannel(input: {
    readonly userId?: string | undefined;
    readonly name: string;
    readonly type: keyof typeof TYPE_NUMBERS;
    readonly members?: readonly string[] | undefined;
    readonly settings?: ChannelSettings | undefined;
  }): Promise<ZoomChannel>;
  /** @throws ZoomError `channelGone`, or `forbidden` for one that the user is not a member of. */
  getChannel(input: ChannelAddress): Promise<ZoomChannel>;
  /** Changes what is given. @throws ZoomError `nameTaken`, `forbidden`, `refused`. */
  updateChannel(
    input: ChannelAddress & {
      readonly name?: string | undefined;
      readonly type?: keyof typeof TYPE_NUMBERS | undefined;
      readonly settings?: ChannelSettings | undefined;
    },
  ): Promise<void>;
  /** Deletes a channel and its messages for good. */
  deleteChannel(input: ChannelAddress): Promise<void>;
  /**
   * Archives (or unarchives) channels, 10 a call. Zoom answers 200 even when it did nothing: look at what is returned. A later
   * post to an archived channel fails with `channelArchived`.
   */
  archiveChannels(input: {
    readonly channelIds: readonly string[];
    readonly method?: 'archive' | 'unarchive' | undefined;
  }): Promise<ArchiveFailure[]>;
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

/** The list of channels that an archive call did not change. */
const archiveAnswer = z.object({
  failed_channels: z
    .array(z.object({ channel_id: z.string(), error_code: z.coerce.number().optional().catch(undefined) }))
    .nullish(),
});

const ARCHIVE_REASONS: ReadonlyMap<number | undefined, ArchiveFailure['reason']> = new Map([
  [200, 'forbidden'],
  [3205, 'alreadyDone'],
  [3213, 'alreadyDone'],
  [3214, 'defaultChannel'],
  [3215, 'hasRecurringMeeting'],
  [4130, 'channelGone'],
]);

/** Path of a channel by either of Zoom's addresses. */
export function channelPath(address: ChannelAddress): string {
  return address.path === 'channel'
    ? path`/chat/channels/${address.channelId}`
    : path`/chat/users/${address.userId ?? 'me'}/channels/${address.channelId}`;
}

/** The calls of ChannelsApi made with `call`. */
export function channelsApi(call: RestCaller): ChannelsApi {
  const list: ChannelsApi['listChannels'] = ({ userId = 'me', maxPages = 100 } = {}) =>
    eachItem('channels.list', maxPages, (pageToken) =>
      call(
        {
          operation: 'channels.list',
          method: 'GET',
          path: path`/chat/users/${userId}/channels`,
          query: { page_size: PAGE_SIZE, next_page_token: pageToken },
        },
        channelsAnswer,
      ),
    );

  return {
    listChannels: list,
    allChannels: (input) => collect(list(input)),
    createChannel: ({ userId = 'me', name, type, members, settings }) =>
      call(
        {
          operation: 'channels.create',
          method: 'POST',
          path: path`/chat/users/${userId}/channels`,
          json: {
            name,
            type: TYPE_NUMBERS[type],
            members: members?.map((email) => ({ email })),
            channel_settings: settings && wireSettings(settings),
          },
        },
        channelAnswer,
      ),
    getChannel: (address) =>
      call({ operation: 'channels.get', method: 'GET', path: channelPath(address) }, channelAnswer),
    updateChannel: ({ name, type, settings, ...address }) =>
      call({
        operation: 'channels.update',
        method: 'PATCH',
        path: channelPath(address),
        json: { name, type: type && TYPE_NUMBERS[type], channel_settings: settings && wireSettings(settings) },
      }),
    deleteChannel: (address) => call({ operation: 'channels.delete', method: 'DELETE', path: channelPath(address) }),
    async archiveChannels({ channelIds, method = 'archive' }) {
      const failures: ArchiveFailure[] = [];
      for (let start = 0; start < channelIds.length; start += ARCHIVE_BATCH) {
        const batch = channelIds.slice(start, start + ARCHIVE_BATCH);
        const answer = await call(
          {
            operation: 'channels.archive',
            method: 'PATCH',
            path: '/chat/channels/events',
            json: { method, channel_ids: batch },
          },
          archiveAnswer,
        );
        for (const { channel_id: channelId, error_code: code } of answer.failed_channels ?? []) {
          failures.push({ channelId, reason: ARCHIVE_REASONS.get(code) ?? 'unknown', code });
        }
      }
      return failures;
    },
  };
}

const WHO = { everyone: 1, admins: 2, nobody: 3 } as const;

function wireSettings(settings: ChannelSettings): Record<string, number | boolean | undefined> {
  return {
    add_member_permissions: settings.addMembers && WHO[settings.addMembers],
    posting_permissions: settings.post && WHO[settings.post],
    mention_all_permissions: settings.mentionAll && WHO[settings.mentionAll],
    new_members_can_see_previous_messages_files: settings.newMembersSeeHistory,
  };
}
