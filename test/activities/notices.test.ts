import { describe, expect, test } from 'vitest';
import { SCOPE_NEEDS } from '../../zoom/index.ts';
import { zoomError } from './fake-zoom.ts';
import { attempt, cardTexts, failureOf, testStore } from './harness.ts';
import { settledChat, type SettledChat } from './settled-chat.ts';

const opened = testStore();
const all = SCOPE_NEEDS.flatMap((need) => need.granular);
const invite = 'team_chat:write:members:admin';
const list = 'team_chat:read:list_members:admin';

/** A chat with its channel, and somebody who has pressed Join Chat. */
async function setUp() {
  const it = await settledChat(opened.store);
  const { ref } = it.addChatChannel();
  const agent = { id: it.agent.id, name: it.agent.displayName, email: it.agent.email ?? '' };
  const input = { accountId: it.accountId, channelId: ref.id, ownerUserId: it.owner.id, agent };
  const letIn = (activities = it.activities) => attempt(1, activities.inviteAgent, input);
  return { ...it, letIn };
}

const lacks = (it: SettledChat, ...missingScopes: string[]) =>
  it.zoom.fail('ensureMember', zoomError('scopeMissing', { missingScopes }));
const messages = (it: SettledChat) => it.zoom.directMessages.map(({ card }) => cardTexts(card).join('\n'));

describe('a scope that is missing in mid-chat', () => {
  test('is told to the account’s owner once, by its name in both families, and the chat waits', async () => {
    const it = await setUp();
    lacks(it, invite);
    expect(await failureOf(it.letIn())).toMatchObject({ type: 'ScopeMissing', nonRetryable: true });
    lacks(it, invite);
    await failureOf(it.letIn());
    lacks(it, invite);
    await failureOf(it.letIn(it.anotherProcess()));
    expect(it.zoom.directMessages.map(({ toJid }) => toJid)).toEqual([it.owner.jid]);
    const [words] = messages(it);
    for (const said of [
      'View and manage all users’ chat channels',
      invite,
      'chat_channel:write:admin',
      'Nobody can be let into a chat',
      'page Scopes',
      'https://chat.example.com/install',
    ]) {
      expect(words).toContain(said);
    }
  });

  test('is told together with what else the grant is known to lack, so that all is ticked at once', async () => {
    const it = await setUp();
    const scopes = all.filter((name) => ![invite, list].includes(name));
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt: new Date(), scopes };
    await it.store.tokenSets.addGranted(it.owner.id, tokens);
    lacks(it, invite);
    await failureOf(it.letIn());
    lacks(it, list);
    await failureOf(it.letIn());
    expect(messages(it)).toHaveLength(1);
    expect(messages(it)[0]).toContain(list);
  });

  test('is told again for another scope', async () => {
    const it = await setUp();
    lacks(it, invite);
    await failureOf(it.letIn());
    lacks(it, list);
    await failureOf(it.letIn());
    expect(messages(it)).toHaveLength(2);
    expect(messages(it)[1]).toContain(list);
  });

  test.each([[['phone:read:admin']], [[]]])('is told where Zoom’s words are unknown: %j', async (names) => {
    const it = await setUp();
    for (const _ of [1, 2]) {
      lacks(it, ...names);
      await failureOf(it.letIn());
    }
    expect(messages(it)).toEqual([expect.stringContaining(names[0] ?? 'A permission that Zoom did not describe')]);
  });

  test('is told later when nobody could be written to', async () => {
    const it = await setUp();
    lacks(it, invite);
    it.zoom.fail('bot.postMessage', zoomError('unavailable'));
    expect(await failureOf(it.letIn())).toMatchObject({ type: 'ScopeMissing' });
    expect(messages(it)).toEqual([]);
    lacks(it, invite);
    await failureOf(it.letIn());
    expect(messages(it)).toHaveLength(1);
  });

  test('is no matter once it is granted', async () => {
    const it = await setUp();
    lacks(it, invite);
    await failureOf(it.letIn());
    await it.letIn();
    expect(messages(it)).toHaveLength(1);
  });
});

describe('who is written to', () => {
  test('is another member where Zoom does not let the bot write to the owner', async () => {
    const it = await setUp();
    await it.addMember(it.agent);
    const refused = () => zoomError('botNotAllowed', { status: 403, code: 7004 });
    lacks(it, invite);
    lacks(it, invite);
    // To the owner, without and with naming a user.
    it.zoom.fail('bot.postMessage', refused(), refused());
    await failureOf(it.letIn());
    expect(it.zoom.directMessages.map(({ toJid }) => toJid)).toEqual([it.agent.jid]);
  });
});
