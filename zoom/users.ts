import { z } from 'zod';
import type { RestCaller } from './caller.ts';
import { ZoomError } from './errors.ts';
import { path } from './http.ts';
import { userJid } from './jids.ts';
import { optionalText, requiredText } from './shapes.ts';

/** A Zoom user, as far as the app needs them. */
export interface ZoomUser {
  readonly id: string;
  /** Zoom account (tenant) that they belong to. */
  readonly accountId?: string | undefined;
  readonly email?: string | undefined;
  /** Name to show, never empty: display name, else first and last name, else e-mail address, else "Zoom user". */
  readonly displayName: string;
  /** Chat address; from Zoom when it gave one, else made from the id. */
  readonly jid: string;
  /** Only an `active` user can be added to a channel. */
  readonly status?: string | undefined;
  /** Their role in the account; somebody with a role of the account's own making is an `agent`. */
  readonly role: 'owner' | 'admin' | 'agent';
}

/** Whether somebody may use Zoom now. An answer without a status is of somebody who may. */
export function isActive({ status }: Pick<ZoomUser, 'status'>): boolean {
  return status === undefined || status === 'active';
}

/** Calls about users. Source: developers.zoom.us/docs/api/users/ */
export interface UsersApi {
  /** The user whose token this is; their account is always known. */
  getMe(): Promise<ZoomUser & { readonly accountId: string }>;
  /**
   * Any user of the account, by id or e-mail address.
   *
   * @throws ZoomError `userGone` when the account has no such user.
   */
  getUser(idOrEmail: string): Promise<ZoomUser>;
}

/** A user answer; Zoom leaves out, or sends empty, what it does not know. */
const userAnswer = z
  .object({
    id: requiredText,
    account_id: optionalText,
    email: optionalText,
    first_name: optionalText,
    last_name: optionalText,
    display_name: optionalText,
    jid: optionalText,
    status: optionalText,
    role_id: optionalText,
    role_name: optionalText,
  })
  .transform((user): ZoomUser => ({
    id: user.id,
    accountId: user.account_id,
    email: user.email,
    displayName:
      user.display_name ?? ([user.first_name, user.last_name].filter(Boolean).join(' ') || user.email || 'Zoom user'),
    jid: user.jid ?? userJid(user.id),
    status: user.status,
    role: roleOf(user.role_id, user.role_name),
  }));

/** Zoom's own roles have the ids 0 to 2; `role_name` is for people, and can stand alone. */
function roleOf(id: string | undefined, name: string | undefined): ZoomUser['role'] {
  if (id === '0' || (id === undefined && name === 'Owner')) return 'owner';
  if (id === '1' || (id === undefined && name === 'Admin')) return 'admin';
  return 'agent';
}

/** The calls of UsersApi made with `call`. */
export function usersApi(call: RestCaller): UsersApi {
  return {
    async getMe() {
      const operation = 'users.getMe';
      const user = await call({ operation, method: 'GET', path: '/users/me' }, userAnswer);
      const { accountId } = user;
      if (accountId !== undefined) return { ...user, accountId };
      const detail = 'unexpected shape at account_id';
      throw new ZoomError({ kind: 'malformedAnswer', operation, ambiguous: false, detail });
    },
    getUser: (idOrEmail) =>
      call({ operation: 'users.get', method: 'GET', path: path`/users/${idOrEmail}` }, userAnswer),
  };
}
