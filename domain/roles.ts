/**
 * As in Zoom: the account's owner, an administrator, or anybody else. Somebody with a role of the account's own making
 * is an `agent`, whatever it allows.
 */
export const memberRoles = ['owner', 'admin', 'agent'] as const;
export type MemberRole = (typeof memberRoles)[number];

/** Whether somebody may change the account's settings, and stand in for its owner. */
export function mayChangeSettings(role: MemberRole): boolean {
  return role !== 'agent';
}
