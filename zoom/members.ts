import { z } from 'zod';
import type { RestCaller } from './caller.ts';
import { channelPath, type ChannelAddress } from './channels.ts';
import { isZoomError } from './errors.ts';
import { path } from './http.ts';
import { collect, eachItem } from './paging.ts';
import { optionalText } from './shapes.ts';

const PAGE_SIZE = 100;
/** Most invitations in one call, by the address used. */
const INVITE_BATCH = { user: 20, channel: 5 } as const;

/** A member of a channel. Outsiders have neither id nor e-mail address, only a member id. */
export interface ZoomMember {
  readonly id?: string | undefined;
  readonly memberId?: string | undefined;
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  readonly role: 'owner' | 'admin' | 'member';
  readonly external: boolean;
}

/** Calls about members of channels. Source: developers.zoom.us/docs/api/team-chat/ */
export interface MembersApi {
  /** All members, over all pages. @throws ZoomError `forbidden` when the user is not one of them. */
  listMembers(input: ChannelAddress): Promise<ZoomMember[]>;
  /**
   * Invites people by e-mail address, 20 a call (5 by path `channel`). They must be colleagues or contacts of the inviting user;
   * outsiders get an invitation by mail and stay pending. What Zoom answers for someone who is a member already is not
   * documented; `ensureMember` settles that.
   *
   * @returns ids of those added at once, as far as Zoom names them.
   * @throws ZoomError `refused`, `forbidden`. Batches before the failing one stay in effect.
   */
  inviteMembers(
    input: ChannelAddress & { readonly emails: readonly string[] },
  ): Promise<{ readonly ids: string[]; readonly memberIds: string[] }>;
  /**
   * Makes sure that someone of the account is a member: invites him and, if Zoom refuses, looks whether he is there already.
   * Safe to repeat.
   *
   * @returns `member`, or `pending` when Zoom took the invitation but does not list him yet.
   * @throws ZoomError as `inviteMembers`, when he is not a member afterwards.
   */
  ensureMember(input: ChannelAddress & { readonly email: string }): Promise<'member' | 'pending'>;
  /** Removes someone, by user id, member id or e-mail address. */
  removeMember(input: ChannelAddress & { readonly identifier: string }): Promise<void>;
}

const membersAnswer = z
  .object({
    members: z.array(
      z
        .object({
          id: optionalText,
          member_id: optionalText,
          email: optionalText,
          name: optionalText,
          first_name: optionalText,
          last_name: optionalText,
          role: z.enum(['owner', 'admin', 'member']).catch('member'),
          is_external: z.boolean().catch(false),
        })
        .transform((member): ZoomMember => ({
          id: member.id,
          memberId: member.member_id,
          email: member.email,
          name: member.name ?? ([member.first_name, member.last_name].filter(Boolean).join(' ') || undefined),
          role: member.role,
          external: member.is_external,
        })),
    ),
    next_page_token: optionalText,
  })
  .transform((answer) => ({ items: answer.members, nextPageToken: answer.next_page_token }));

/** Ids come as one text with commas, not as a list. */
const idList = optionalText.transform(
  (ids) =>
    ids
      ?.split(',')
      .map((id) => id.trim())
      .filter(Boolean) ?? [],
);
const inviteAnswer = z.object({ ids: idList, member_ids: idList });

/** The calls of MembersApi made with `call`. */
export function membersApi(call: RestCaller): MembersApi {
  const listMembers: MembersApi['listMembers'] = (address) =>
    collect(
      eachItem('members.list', 100, (pageToken) =>
        call(
          {
            operation: 'members.list',
            method: 'GET',
            path: `${channelPath(address)}/members`,
            query: { page_size: PAGE_SIZE, next_page_token: pageToken },
          },
          membersAnswer,
        ),
      ),
    );

  const inviteMembers: MembersApi['inviteMembers'] = async ({ emails, ...address }) => {
    const added = { ids: [] as string[], memberIds: [] as string[] };
    const size = INVITE_BATCH[address.path ?? 'user'];
    for (let start = 0; start < emails.length; start += size) {
      const members = emails.slice(start, start + size).map((email) => ({ email }));
      const answer = await call(
        { operation: 'members.invite', method: 'POST', path: `${channelPath(address)}/members`, json: { members } },
        inviteAnswer,
      );
      added.ids.push(...answer.ids);
      added.memberIds.push(...answer.member_ids);
    }
    return added;
  };

  return {
    listMembers,
    inviteMembers,
    async ensureMember({ email, ...address }) {
      const isMember = async () =>
        (await listMembers(address)).some((member) => member.email?.toLowerCase() === email.toLowerCase());
      try {
        const { ids } = await inviteMembers({ ...address, emails: [email] });
        return ids.length > 0 || (await isMember()) ? 'member' : 'pending';
      } catch (error) {
        const perhapsThere = isZoomError(error, 'refused', 'invalidRequest') || (isZoomError(error) && error.ambiguous);
        if (perhapsThere && (await isMember())) return 'member';
        throw error;
      }
    },
    removeMember: ({ identifier, ...address }) =>
      call({
        operation: 'members.remove',
        method: 'DELETE',
        path: channelPath(address) + path`/members/${identifier}`,
      }),
  };
}
