import { describe, expect, it } from 'vitest';
import { normalizeEvent } from '../../zoom/index.ts';
import {
  EVENT_NEEDS,
  isAccountLevel,
  missingScopes,
  OLDER_MESSAGE_EVENTS,
  SCOPE_NEEDS,
  scopesNamed,
} from '../../zoom/scopes.ts';

const granular = SCOPE_NEEDS.flatMap((need) => need.granular);
const classic = SCOPE_NEEDS.map((need) => need.classic);
const namesOf = (rows: { granular: string[] }[]) => rows.flatMap((row) => row.granular);

describe('what is missing of a grant', () => {
  it('is nothing with all scopes of either family', () => {
    expect(missingScopes(granular)).toEqual([]);
    expect(missingScopes(classic)).toEqual([]);
  });

  it('is named in both families, with what does not work', () => {
    const without = granular.filter((name) => name !== 'team_chat:write:members:admin');
    expect(missingScopes(without)).toEqual([
      {
        label: 'View and manage all users’ chat channels',
        classic: 'chat_channel:write:admin',
        granular: ['team_chat:write:members:admin'],
        without: expect.stringContaining('let into a chat') as string,
        required: true,
      },
    ]);
  });

  it('is told apart by whether the app works without it', () => {
    const needed = SCOPE_NEEDS.filter((need) => need.required).flatMap((need) => need.granular);
    expect(namesOf(missingScopes(needed))).toEqual([
      'team_chat:delete:member:admin',
      'team_chat:delete:user_channel:admin',
      'team_chat:update:archive_channels:admin',
      'team_chat:read:channel:admin',
      'team_chat:write:user_message:admin',
      'team_chat:read:archive_channels:admin',
    ]);
    expect(missingScopes(needed).every(({ required }) => !required)).toBe(true);
  });

  it('is what no grant of the account holds', () => {
    const without = (...names: string[]) => granular.filter((name) => !names.includes(name));
    const one = without('team_chat:write:members:admin', 'user:read:user:admin');
    const other = without('team_chat:write:members:admin', 'team_chat:read:list_members:admin');
    expect(namesOf(missingScopes(one, other))).toEqual(['team_chat:write:members:admin']);
    expect(missingScopes(one, classic)).toEqual([]);
  });

  it('is not the bot’s scope, which another token carries', () => {
    expect(missingScopes(granular.filter((name) => name !== 'imchat:bot'))).toEqual([]);
  });

  it('is nothing that a classic scope to write lets through', () => {
    expect(missingScopes(classic.filter((name) => name !== 'chat_message:read:admin'))).toEqual([]);
  });

  it('is unknown when Zoom named no scopes', () => {
    expect(missingScopes([])).toEqual([]);
    expect(missingScopes()).toEqual([]);
  });

  it('is everything for a user-managed app', () => {
    const userManaged = granular.map((name) => name.replace(':admin', ''));
    expect(namesOf(missingScopes(userManaged))).toEqual(granular.filter((name) => name !== 'imchat:bot'));
    expect(isAccountLevel(userManaged)).toBe(false);
    expect(isAccountLevel(classic)).toBe(true);
  });
});

describe('what Zoom names as missing', () => {
  it('is explained by its granular name, whatever else is named', () => {
    const named = scopesNamed(['team_chat:write:members:admin', 'chat_channel:write:admin']);
    expect(named).toMatchObject([{ granular: ['team_chat:write:members:admin'], required: true }]);
  });

  it('is explained once by a classic name', () => {
    expect(scopesNamed(['chat_channel:write:admin'])).toMatchObject([
      { classic: 'chat_channel:write:admin', required: true },
    ]);
  });

  it('may be unknown', () => {
    expect(scopesNamed(['phone:read:admin'])).toEqual([]);
  });
});

describe('events', () => {
  it('can be had with the app’s scopes, each of either family', () => {
    for (const { classic: old, granular: name } of [...EVENT_NEEDS, ...OLDER_MESSAGE_EVENTS]) {
      if (old !== undefined) expect(classic).toContain(old);
      if (name !== undefined) expect(granular).toContain(name);
    }
  });

  it('are needed no more than their scopes', () => {
    const required = SCOPE_NEEDS.filter((need) => need.required).flatMap((need) => need.granular);
    for (const need of EVENT_NEEDS) {
      if (need.required && need.granular !== undefined) expect(required).toContain(need.granular);
    }
  });

  it.each([...EVENT_NEEDS, ...OLDER_MESSAGE_EVENTS].map(({ event }) => event))(
    '%s is one that the app reads',
    (event) => {
      // Without a payload it cannot be read; one that the app has no use for would be ignored.
      expect(normalizeEvent({ event }, { botJid: 'v1bot@xmpp.zoom.us' })).toMatchObject({
        ok: false,
        reason: 'malformed',
      });
    },
  );
});
