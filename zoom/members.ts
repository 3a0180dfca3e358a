import { z } from 'zod';
import type { RestCaller } from './caller.ts';
import { isZoomError } from './errors.ts';
import { path } from './http.ts';
import { allItems } from './paging.ts';
import { optionalText } from './shapes.ts';

const PAGE_SIZE = 100;

/** A member of a channel. Outsiders have neither id nor e-mail address, only a member id. */
export interface ZoomMember {
  readonly id?: string | undefined;
  readonly memberId?: string | undefined;
  readonly email?: string | undefined;
  readonly name?: string | undefined;
  /** Of another account. */
  readonly isExternal: boolean;
  readonly role: 'owner' | 'admin' | 'member';
}

/** Calls about members of channels. Source: developers.zoom.us/docs/api/team-chat/ */
export interface MembersApi {
  /** All members, over all pages. @throws ZoomError `forbidden` when the user is not one of them. */
  listMembers(input: { readonly channelId: string }): Promise<ZoomMember[]>;
  /**
   * Makes sure that a colleague is a member: invites them and, if Zoom refuses, looks whether they are there already,
   * since what Zoom answers then is not documented. Safe to repeat.
   *
   * @throws ZoomError `refused`, `forbidden` when they are not a member afterwards.
   */
  ensureMember(input: { readonly channelId: string; readonly email: string }): Promise<void>;
  /** Removes someone, by user id. @throws ZoomError `refused`, `forbidden`, e.g. for the channel's owner. */
  removeMember(input: { readonly channelId: string; readonly userId: string }): Promise<void>;
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
          is_external: z.boolean().catch(false),
          role: z.enum(['owner', 'admin', 'member']).catch('member'),
        })
        .transform((member): ZoomMember => ({
          id: member.id,
          memberId: member.member_id,
          email: member.email,
          name: member.name ?? ([member.first_name, member.last_name].filter(Boolean).join(' ') || undefined),
          isExternal: member.is_external,
          role: member.role,
        })),
    ),
    next_page_token: optionalText,
  })
  .transform((answer) => ({ items: answer.members, nextPageToken: answer.next_page_token }));

/**
 * The calls of MembersApi made with `call`.
 * @param user id of the user whose token it is, or `me`.
 */
export function membersApi(call: RestCaller, user: string): MembersApi {
  const membersPath = (channelId: string) => path`/chat/users/${user}/channels/${channelId}/members`;
  const listMembers: MembersApi['listMembers'] = ({ channelId }) =>
    allItems('members.list', (pageToken) =>
      call(
        {
          operation: 'members.list',
          method: 'GET',
          path: membersPath(channelId),
          query: { page_size: PAGE_SIZE, next_page_token: pageToken },
        },
        membersAnswer,
      ),
    );

  return {
    listMembers,
    async ensureMember({ channelId, email }) {
      try {
        const json = { members: [{ email }] };
        await call({ operation: 'members.invite', method: 'POST', path: membersPath(channelId), json });
      } catch (error) {
        if (!isZoomError(error, 'refused', 'invalidRequest')) throw error;
        const members = await listMembers({ channelId });
        if (!members.some((member) => member.email?.toLowerCase() === email.toLowerCase())) throw error;
      }
    },
    removeMember: ({ channelId, userId }) =>
      call({
        operation: 'members.remove',
        method: 'DELETE',
        path: membersPath(channelId) + path`/${userId}`,
      }),
  };
}
