import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChannelChoices } from '../../domain/dashboard.ts';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce } from '../../tools/embedded/test-servers.ts';
import { Admin, eventually, quotedLines, Visitor, ZoomSide } from '../support/driver.ts';

/** The whole system, driven without a browser: real Temporal, MongoDB, sandbox, worker and api on free ports. */
let stack: Stack;
let dataDir: string;
let zoom: ZoomSide;
let admin: Admin;
let widget: string;
let ids: Record<'alex' | 'ada' | 'jill' | 'sam' | 'otto', string>;

beforeAll(async () => {
  await builtOnce();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-story-'));
  stack = await startStack({ dataDir, skipBuild: true, autoRestart: false, temporalUi: false });
  zoom = new ZoomSide(stack.urls.sandbox ?? '');
  // What a busy machine answers too late, Zoom sends again: after seconds here, in place of minutes.
  await zoom.faults({ switches: { retryScale: 0.01 } });
  const { users } = await zoom.state();
  const idOf = (email: string) => users.find((user) => user.email === email)?.id ?? '';
  ids = {
    alex: idOf('alex@example.com'),
    ada: idOf('ada@example.com'),
    jill: idOf('jill@example.com'),
    sam: idOf('sam@example.com'),
    otto: idOf('otto@other.example'),
  };
  admin = new Admin(stack.urls);
  await admin.install(ids.alex);
  widget = (await admin.dashboard()).widget.id;
  const inbound = await zoom.channel('Live Chat Inbound');
  await zoom.invite(ids.alex, inbound.id, [ids.jill, ids.sam]);
}, 180_000);
afterAll(async () => {
  await stack.stop();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

const visitor = async (name?: string): Promise<Visitor> => {
  const made = new Visitor(stack.urls.app, widget, name);
  await made.connect();
  return made;
};

/** Everything visitors wrote that is in a chat channel, in order. */
async function relayedLines(channelName: RegExp): Promise<string[]> {
  const { messages } = await zoom.channel(channelName);
  return messages.flatMap(quotedLines);
}

/** A visitor who has been joined by Jill. */
async function joinedChat(name: string, firstWords: string) {
  const jane = await visitor(name);
  jane.say(firstWords);
  const card = await eventually(() => zoom.inboundCard(firstWords));
  await zoom.press(ids.jill, card, 'Join Chat');
  const channel = await eventually(() => zoom.channel(new RegExp(`^${name} · `)));
  await eventually(() => expect(jane.entries.map((entry) => entry.kind)).toContain('agentJoined'));
  return { jane, channel };
}

describe('the install', () => {
  test('makes one trial, one channel and one welcome, however often it is run', async () => {
    const before = await admin.dashboard();
    const again = new Admin(stack.urls);
    await again.install(ids.alex);
    const colleague = new Admin(stack.urls);
    await colleague.install(ids.ada);
    const after = await colleague.dashboard();
    expect(after.account).toEqual(before.account);
    expect(after.trial).toEqual(before.trial);
    const { channels, dms } = await zoom.state();
    const inbound = channels.filter((channel) => channel.name.startsWith('Live Chat Inbound'));
    expect(inbound).toHaveLength(1);
    expect(
      inbound[0]?.messages.filter((message) => JSON.stringify(message.content).includes('Test Your Live Chat')),
    ).toHaveLength(1);
    const welcomes = dms.filter((dm) => dm.kind === 'bot' && dm.messages.length > 0);
    expect(welcomes.map((dm) => dm.user_ids[0]).sort()).toEqual([ids.alex, ids.ada].sort());
    for (const dm of welcomes) expect(dm.messages).toHaveLength(1);
  });

  test('changes nothing when the user presses deny', async () => {
    const other = new Admin(stack.urls);
    const callback = await other.decide(await other.consentUrl(), ids.jill, 'cancel');
    const page = await other.request(callback.href);
    // To cancel is no error.
    expect(page.status).toBe(200);
    const words = await page.text();
    expect(words).toContain('Live Chat was not added');
    expect(words).toContain('Add to Zoom');
    expect((await other.request('/api/session')).status).toBe(401);
  });

  test('is for administrators: Zoom lets nobody else consent', async () => {
    const jill = new Admin(stack.urls);
    await expect(jill.decide(await jill.consentUrl(), ids.jill, 'allow')).rejects.toThrow(
      'An account admin is required',
    );
    expect((await jill.request('/api/session')).status).toBe(401);
  });

  test('refuses a wrong state and a reused one', async () => {
    const other = new Admin(stack.urls);
    const callback = await other.decide(await other.consentUrl(), ids.ada, 'allow');
    const wrong = new URL(callback);
    wrong.searchParams.set('state', 'x'.repeat(43));
    expect((await other.request(wrong.href)).status).toBe(400);
    expect((await other.request('/api/session')).status).toBe(401);
    expect((await other.request(callback.href)).status).toBe(302);
    expect((await other.request(callback.href)).status).toBe(400);
  });
});

describe('the settings', () => {
  test('route the next chat to the chosen channel, among all that are no chat’s own', async () => {
    const { jane, channel } = await joinedChat('Rita Route', 'Where do I land?');
    const { channels, selectedId } = await admin.json<ChannelChoices>('/api/channels');
    const names = channels.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['General', 'Live Chat Inbound']));
    expect(names).not.toContain(channel.name);
    const choose = (channelId: string) =>
      admin.request('/api/settings', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ channelId }),
      });
    const general = channels.find(({ name }) => name === 'General')?.id ?? '';
    expect((await choose(general)).status).toBe(200);
    expect((await choose('0'.repeat(32))).status).toBe(422);
    expect((await choose(channel.id)).status).toBe(422);
    // Both channels are told, whoever may have done it.
    const words = (channelId: string) => async () =>
      JSON.stringify((await zoom.state()).channels.find(({ id }) => id === channelId)?.messages);
    await expect.poll(words(general)).toContain('Alex Admin has routed new chats from your website to this channel');
    await expect
      .poll(words(selectedId ?? ''))
      .toContain('Alex Admin has routed new chats from your website to “General”');
    const next = await visitor('Next One');
    next.say('And where do I land?');
    await eventually(async () => {
      const shown = (await zoom.state()).channels.find(({ id }) => id === general);
      expect(JSON.stringify(shown?.messages)).toContain('And where do I land?');
    });
    expect((await choose(selectedId ?? '')).status).toBe(200);
    jane.end();
  });
});

describe('who is signed in', () => {
  const isIn = async (who: Admin) => (await who.request('/api/dashboard')).status === 200;
  const signedIn = async (userId: string) => {
    const someone = new Admin(stack.urls);
    await someone.install(userId);
    return someone;
  };
  const save = (who: Admin, channelId: string) =>
    who.request('/api/settings', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ channelId }),
    });

  test('is out by a sign-out, in every browser that has a copy of the cookie', async () => {
    const ada = await signedIn(ids.ada);
    const [copy, elsewhere] = [ada.copy(), await signedIn(ids.ada)];
    expect((await ada.request('/signout', { method: 'POST' })).status).toBe(303);
    expect(await isIn(copy)).toBe(false);
    expect(await isIn(elsewhere)).toBe(true);
  });

  test('is out once the app is removed, and stays out when it is added again', async () => {
    const ada = await signedIn(ids.ada);
    await zoom.removeApp(ids.ada);
    await eventually(async () => expect(await isIn(ada)).toBe(false));
    const again = await signedIn(ids.ada);
    expect([await isIn(ada), await isIn(again)]).toEqual([false, true]);
  });

  test('may change nothing as a member, nor once they are demoted, which ends their sessions', async () => {
    const { selectedId } = await admin.json<ChannelChoices>('/api/channels');
    // A member can add an app that is user-managed, and is signed in by that.
    await zoom.faults({ switches: { managedType: 'user' } });
    const sam = await signedIn(ids.sam);
    await zoom.faults({ switches: { managedType: 'admin' } });
    expect(await sam.json<ChannelChoices>('/api/channels')).toMatchObject({ channels: [], mayChange: false });
    expect((await save(sam, selectedId ?? '')).status).toBe(403);
    expect(await isIn(sam)).toBe(true);

    await zoom.changeUser(ids.sam, { role: 'admin' });
    const asAdmin = await signedIn(ids.sam);
    expect((await save(asAdmin, selectedId ?? '')).status).toBe(200);
    await zoom.changeUser(ids.sam, { role: 'member' });
    expect((await save(asAdmin, selectedId ?? '')).status).toBe(403);
    expect(await isIn(asAdmin)).toBe(false);
  });
});

describe('a chat', () => {
  test('goes from the first words to an answer and back, each side in its order', async () => {
    const { jane, channel } = await joinedChat('Jane Doe', 'Do you ship to Norway?');
    expect(channel.type).toBe(2);
    // Joined means: the agent is in the channel, and nobody else but its owner.
    const { members } = await zoom.channel(/^Jane Doe · /);
    expect(members.map((member) => member.id).sort()).toEqual([ids.alex, ids.jill].sort());
    const card = await eventually(async () => {
      const shown = await zoom.inboundCard('Do you ship to Norway?');
      expect(JSON.stringify(shown.content)).toContain('Jill Chill joined');
      return shown;
    });
    expect(JSON.stringify(card.content)).toContain('Open the chat channel');
    await zoom.write(ids.jill, channel.id, 'We do!');
    await eventually(() => expect(jane.answers).toEqual(['We do!']));
    const lines = Array.from({ length: 8 }, (_, n) => `line ${n + 1}`);
    for (const line of lines) jane.say(line);
    await eventually(
      async () => expect(await relayedLines(/^Jane Doe · /)).toEqual(['Do you ship to Norway?', ...lines]),
      30_000,
    );
    await eventually(() => expect(jane.deliveredSeq).toBeGreaterThanOrEqual(11));
    jane.end();
    await eventually(() => expect(jane.entries.at(-1)).toMatchObject({ kind: 'ended', by: 'visitor' }));
    await eventually(async () =>
      expect(JSON.stringify((await zoom.inboundCard('Do you ship to Norway?')).content)).toContain('Chat ended'),
    );
  });

  test('is one channel for two agents who press Join at once', async () => {
    const jane = await visitor('Una Two');
    jane.say('Both of you, please');
    const card = await eventually(() => zoom.inboundCard('Both of you, please'));
    await Promise.all([zoom.press(ids.jill, card, 'Join Chat'), zoom.press(ids.sam, card, 'Join Chat')]);
    await eventually(async () => {
      const { channels } = await zoom.state();
      const mine = channels.filter((channel) => channel.name.startsWith('Una Two · '));
      expect(mine).toHaveLength(1);
      expect(mine[0]?.members.map((member) => member.id)).toEqual(expect.arrayContaining([ids.jill, ids.sam]));
    });
    const channel = await zoom.channel(/^Una Two · /);
    await zoom.write(ids.jill, channel.id, 'first');
    await zoom.write(ids.sam, channel.id, 'second');
    await eventually(() => expect(jane.answers).toEqual(['first', 'second']));
    await eventually(async () => {
      const greeting = (await zoom.channel(/^Una Two · /)).messages.find((message) =>
        JSON.stringify(message.content).includes('End Chat'),
      );
      if (!greeting) throw new Error('no greeting yet');
      await zoom.press(ids.sam, greeting, 'End Chat');
    });
    await eventually(() => expect(jane.entries.at(-1)).toMatchObject({ kind: 'ended', by: 'agent' }));
  });

  test('shows the visitor nothing of a guest or another app in the channel, and tells the team about the guest', async () => {
    const { jane, channel } = await joinedChat('Gia Guests', 'Who is there?');
    await zoom.changeChannel(ids.alex, channel.id, { type: 1 });
    await zoom.invite(ids.alex, channel.id, [ids.otto]);
    await zoom.join(ids.otto, channel.id);
    for (const words of ['From outside', 'Again', '!end']) await zoom.write(ids.otto, channel.id, words);
    await zoom.writeAsOtherBot(channel.id, 'An internal note');
    await zoom.write(ids.jill, channel.id, 'Only I');
    await eventually(() => expect(jane.answers).toEqual(['Only I']));
    const notes = async () =>
      (await zoom.channel(channel.name)).messages.filter(({ text }) =>
        text.includes('not a member of this Zoom account'),
      );
    await eventually(async () => expect(await notes()).toHaveLength(1));
    expect((await notes())[0]?.text).toContain('Otto Outsider');
  });

  test('runs beside others, each in a channel of its own', async () => {
    const chats = await Promise.all(['Ann', 'Bob', 'Cid'].map((name) => joinedChat(name, `${name} here`)));
    await Promise.all(
      chats.map(({ channel }) => zoom.write(ids.jill, channel.id, `for ${channel.name.split(' ')[0] ?? ''}`)),
    );
    for (const { jane, channel } of chats) {
      await eventually(() => expect(jane.answers).toEqual([`for ${channel.name.split(' ')[0] ?? ''}`]));
    }
  });

  test('shows a webhook that comes twice once, and nothing of a forged or stale one', async () => {
    const { jane, channel } = await joinedChat('Dora', 'Any webhooks?');
    await zoom.faults({
      rules: [
        {
          kind: 'webhook',
          match: { event: 'team_chat.channel_message_posted' },
          effect: 'duplicate',
          copies: 3,
          same_request_id: false,
          times: 1,
        },
      ],
    });
    await zoom.write(ids.jill, channel.id, 'once');
    await eventually(() => expect(jane.answers).toEqual(['once']));
    await zoom.clearFaults();

    const { app } = await zoom.state();
    const body = JSON.stringify({
      event: 'team_chat.channel_message_posted',
      event_ts: Date.now(),
      payload: {
        account_id: 'whoever',
        operator: 'jill@example.com',
        operator_id: ids.jill,
        object: {
          message_id: 'forged-1',
          channel_id: channel.id,
          message: 'forged',
          timestamp: Date.now(),
          date_time: new Date().toISOString(),
        },
      },
    });
    const post = (timestamp: number, secret: string) =>
      fetch(app.urls.event_endpoint, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-zm-request-timestamp': String(timestamp),
          'x-zm-request-id': `forged-${timestamp}`,
          'x-zm-signature': `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`,
        },
      });
    const now = Math.floor(Date.now() / 1_000);
    expect((await post(now, 'not the secret')).status).toBe(401);
    expect((await post(now - 86_400, app.webhook_secret_token)).status).toBe(401);
    await zoom.write(ids.jill, channel.id, 'after');
    await eventually(() => expect(jane.answers).toEqual(['once', 'after']));
  });

  test('takes a Join before, while and after the worker is away, and loses nothing meanwhile', async () => {
    const before = await visitor('Early Bird');
    before.say('join me before');
    const early = await eventually(() => zoom.inboundCard('join me before'));
    const during = await visitor('Mid Day');
    during.say('join me while it is away');
    const mid = await eventually(() => zoom.inboundCard('join me while it is away'));

    await zoom.press(ids.jill, early, 'Join Chat');
    await stack.processes.worker.kill('SIGKILL');
    await zoom.press(ids.jill, mid, 'Join Chat');
    // Accepted while no worker is there: Temporal has it.
    const id = during.say('written while it was away');
    await eventually(() => expect(during.accepted).toContain(id));
    await stack.processes.worker.start();
    const late = await visitor('Night Owl');
    late.say('join me after');
    const after = await eventually(() => zoom.inboundCard('join me after'), 60_000);
    await zoom.press(ids.jill, after, 'Join Chat');

    for (const [jane, name] of [
      [before, 'Early Bird'],
      [during, 'Mid Day'],
      [late, 'Night Owl'],
    ] as const) {
      const channel = await eventually(() => zoom.channel(new RegExp(`^${name} · `)), 60_000);
      await eventually(() => expect(jane.entries.map((entry) => entry.kind)).toContain('agentJoined'), 60_000);
      await zoom.write(ids.jill, channel.id, `hello ${name}`);
      await eventually(() => expect(jane.answers).toEqual([`hello ${name}`]), 30_000);
    }
    expect(await relayedLines(/^Mid Day · /)).toEqual(['join me while it is away', 'written while it was away']);
  }, 120_000);

  test('loses nothing when the api is killed and started while a visitor types', async () => {
    const { jane, channel } = await joinedChat('Kim Keys', 'I type a lot');
    const sent: { id: string; text: string }[] = [];
    const type = (n: number) => {
      const text = `typed ${n}`;
      sent.push({ id: jane.say(text), text });
    };
    for (let n = 1; n <= 5; n += 1) type(n);
    await stack.processes.api.kill('SIGKILL');
    for (let n = 6; n <= 8; n += 1) type(n);
    await stack.processes.api.start();
    await zoom.write(ids.jill, channel.id, 'are you there?');
    await jane.connect();
    // What a widget does: whatever has not been accepted is sent again, by the same id, in order.
    for (const { id, text } of sent) if (!jane.accepted.has(id)) jane.say(text, id);
    await eventually(() => expect(jane.answers).toEqual(['are you there?']), 60_000);
    await eventually(
      async () => expect(await relayedLines(/^Kim Keys · /)).toEqual(['I type a lot', ...sent.map(({ text }) => text)]),
      60_000,
    );
    await eventually(() => expect(jane.entries.filter((entry) => entry.kind === 'visitorMessage')).toHaveLength(9));
  }, 120_000);

  test('goes on in the owner’s name where Zoom does not let the bot into the private channel, without echoes', async () => {
    await zoom.faults({ switches: { botInPrivateChannels: 'refused' } });
    try {
      const { jane, channel } = await joinedChat('Ike Private', 'Can the bot get in?');
      await eventually(async () => {
        const { messages } = await zoom.channel(/^Ike Private · /);
        const [post] = messages.filter((message) => quotedLines(message).includes('Can the bot get in?'));
        expect(post).toMatchObject({ bot: false, text: expect.stringContaining('Visitor · Ike Private') as string });
      });
      await zoom.write(ids.jill, channel.id, 'It cannot, but I can');
      jane.say('Good');
      await eventually(async () => {
        const { messages } = await zoom.channel(/^Ike Private · /);
        expect(messages.filter((message) => quotedLines(message).includes('Good'))).toHaveLength(1);
      });
      await zoom.write(ids.alex, channel.id, 'And I, the owner, too');
      await eventually(() => expect(jane.answers).toEqual(['It cannot, but I can', 'And I, the owner, too']));
      await zoom.write(ids.jill, channel.id, '!end');
      await eventually(() => expect(jane.entries.at(-1)).toMatchObject({ kind: 'ended', by: 'agent' }));
    } finally {
      await zoom.clearFaults();
    }
  });
});
