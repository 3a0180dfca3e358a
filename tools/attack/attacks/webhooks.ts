import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { workflowIds } from '../../../domain/workflow-ids.ts';
import { getGrantQuery } from '../../../workflows/grant/messages.ts';
import type { Attack } from '../attack.ts';
import { sign, type Delivery, type Talk, type Target } from '../target.ts';

const minute = 60_000;

/** A message in a chat's channel, by its agent unless told otherwise, as Zoom's newer family of events has it. */
function message(target: Target, talk: Talk, words: string, change: { event?: string; at?: number; id?: string } = {}) {
  const { event = 'posted', at = Date.now(), id = randomUUID() } = change;
  const account = target.accountOf('jill');
  return {
    event: `team_chat.channel_message_${event}`,
    event_ts: at,
    payload: {
      account_id: account,
      operator: 'jill@example.com',
      operator_id: talk.agent,
      operator_member_id: '',
      by_external_user: false,
      object: {
        message_id: id,
        timestamp: at,
        channel_id: talk.channelId,
        channel_owner_account_id: account,
        message: words,
      },
    },
  };
}

export const webhookForgeries: Attack = {
  name: 'webhook-forgeries',
  title: 'speak to visitors as an agent by webhooks that Zoom has not signed',
  async run(target, seen) {
    const { inputs, config } = target;
    const talk = await target.talk();
    const genuine = message(target, talk, inputs.word());
    await target.deliver(genuine);
    // So that the others are known to say something where they count.
    await talk.guest.hears(genuine.payload.object.message);

    const event = message(target, talk, inputs.word());
    const body = JSON.stringify(event);
    const [now] = [String(Math.floor(Date.now() / 1_000))];
    const secret = config.zoom.webhookSecretToken;
    const good = sign(secret, now, body);
    const tolerance = config.zoom.webhookToleranceSeconds * 1_000;
    const forms: Record<string, Delivery> = {
      'not signed': { headers: { 'x-zm-signature': undefined } },
      'without a time': { headers: { 'x-zm-request-timestamp': undefined } },
      'signed with another secret': { secret: inputs.word(22) },
      'signed with an empty secret': { secret: '' },
      'signed with the client secret': { secret: config.zoom.clientSecret },
      'signed for another body': { headers: { 'x-zm-signature': sign(secret, now, `${body} `) } },
      'signed for another time': {
        headers: { 'x-zm-signature': good, 'x-zm-request-timestamp': String(Number(now) - inputs.int(1, 600)) },
      },
      'half a signature': { headers: { 'x-zm-signature': good.slice(0, inputs.int(3, good.length - 1)) } },
      'another version': { headers: { 'x-zm-signature': good.replace('v0=', 'v1=') } },
      'without a version': { headers: { 'x-zm-signature': good.slice(3) } },
      'no hex': { headers: { 'x-zm-signature': `v0=${inputs.word(64)}` } },
      'two signatures': { headers: { 'x-zm-signature': [good, `v0=${'0'.repeat(64)}`] } },
      'too old': { at: Date.now() - tolerance - inputs.int(1, 600) * minute },
      'of the future': { at: Date.now() + inputs.int(2, 600) * minute },
    };
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const [kind, delivery] of Object.entries(forms)) {
      for (const path of ['/webhooks/zoom/events', '/webhooks/zoom/bot']) {
        const { status } = await target.deliver(body, { ...delivery, path });
        tried.push({ input: kind, ok: status === 401 || status === 429, saw: String(status) });
      }
    }
    // Whoever could have any text signed could sign an event.
    const validation = { event: 'endpoint.url_validation', payload: { plainToken: `v0:${now}:${body}` } };
    for (const [kind, delivery] of [
      ['a validation that is not signed', { secret: inputs.word() }],
      ['a validation of a signed text', {}],
    ] as const) {
      const answer = await target.deliver(validation, delivery);
      tried.push({ input: kind, ok: !answer.body.includes('encryptedToken'), saw: answer.body });
    }
    seen.expectAll('forged webhooks were refused', tried);
    await target.stillTalks(talk);
    seen.expect(!talk.guest.heard.includes(event.payload.object.message), 'the visitor read a forged message');
  },
};

const delivered = z.looseObject({ webhooks: z.array(z.looseObject({ body: z.looseObject({}) })) });

export const webhookReplays: Attack = {
  name: 'webhook-replays',
  title: 'send captured webhooks again: a message twice, an older edit, a button that was pressed long ago',
  async run(target, seen) {
    const { inputs, zoom } = target;
    const talk = await target.talk();
    const { guest, agent, channelId, chatId } = talk;
    const at = Date.now() - 5_000;
    const id = randomUUID();
    const said = message(target, talk, `First ${inputs.word()}`, { id, at });
    const older = message(target, talk, `Older ${inputs.word()}`, { event: 'updated', id, at: at + 1_000 });
    const newer = message(target, talk, `Newer ${inputs.word()}`, { event: 'updated', id, at: at + 2_000 });
    for (const event of [said, newer, older, said, said, newer, older]) await target.deliver(event);
    await target.stillTalks(talk);
    const heard = guest.heard.filter((words) => words === said.payload.object.message).length;
    const last = guest.entries.findLast((entry) => entry.kind === 'agentMessageEdited');
    seen.expect(heard === 1, `a message that was sent 3 times was shown ${heard} times`);
    seen.expect(
      last?.kind === 'agentMessageEdited' && last.text === newer.payload.object.message,
      `the visitor ended with “${last?.kind === 'agentMessageEdited' ? last.text : 'no edit'}”`,
    );

    const sam = target.idOf('sam');
    await zoom.press(sam, await target.card(chatId), 'Join Chat');
    await guest.entry((entry) => entry.kind === 'agentJoined' && entry.name.startsWith('Sam'), 'Sam');
    await zoom.leave(agent, channelId);
    await guest.entry((entry) => entry.kind === 'agentLeft', 'Jill’s leaving');
    const log = await fetch(`${zoom.url}/_sandbox/webhooks?event=interactive_message_actions&limit=2000`);
    const presses = delivered.parse(await log.json()).webhooks.map(({ body }) => body);
    const captured = presses.filter(
      (body) => JSON.stringify(body).includes(chatId) && JSON.stringify(body).includes(agent),
    );
    seen.expect(captured.length > 0, 'no press was captured');
    for (const body of captured)
      for (let n = 0; n < 3; n += 1) await target.deliver(body, { path: '/webhooks/zoom/bot' });
    await target.stillTalks({ ...talk, agent: sam });
    await target.stillTalks({ ...talk, agent: sam });
    const { members } = (await zoom.state()).channels.find((channel) => channel.id === channelId) ?? { members: [] };
    seen.expect(!members.some((member) => member.id === agent), 'an old press brought the agent back into the chat');
    seen.note('a message came once, the newer edit stayed, an old press brought nobody back');
  },
};

export const removals: Attack = {
  name: 'removals',
  title: 'have a user forgotten by a removal of another app, of another account, or of a time to come',
  async run(target, seen) {
    const { inputs, config, owner, temporal } = target;
    const alex = target.idOf('alex');
    const removal = (change: object) => ({
      event: 'app_deauthorized',
      event_ts: Date.now(),
      payload: {
        account_id: target.accountOf('alex'),
        user_id: alex,
        client_id: config.zoom.clientId,
        deauthorization_time: new Date().toISOString(),
        signature: inputs.word(64),
        ...change,
      },
    });
    const forms: Record<string, object> = {
      'another app': { client_id: inputs.word(22) },
      'no app': { client_id: undefined },
      'another account': { account_id: target.accountOf('olive') },
      'an invented account': { account_id: inputs.word(22) },
      'the future': { deauthorization_time: new Date(Date.now() + inputs.int(1, 80_000) * 60 * minute).toISOString() },
    };
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const [kind, change] of Object.entries(forms)) {
      await target.deliver(removal(change));
      const handle = temporal.owner.workflow.getHandle(workflowIds.grant({ zoomUserId: alex }));
      const { status } = await handle.query(getGrantQuery);
      const isIn = (await target.isSignedIn(owner.cookies)).join();
      tried.push({ input: kind, ok: status === 'connected' && isIn === 'true,true', saw: `${status}, ${isIn}` });
    }
    seen.expectAll('removals that are not of this app were dropped', tried);
  },
};

export const outsiders: Attack = {
  name: 'outsiders',
  title: 'speak to visitors, or end their chats, as somebody who is not of the team',
  async run(target, seen) {
    const { inputs, zoom, config } = target;
    const talk = await target.talk();
    const { guest, channelId, chatId } = talk;
    const bot = config.zoom.botJid;
    const otto = target.idOf('otto');
    const external = {
      account_id: '',
      operator: '',
      operator_id: '',
      operator_member_id: inputs.word(),
      by_external_user: true,
    };
    const speakers: Record<string, object> = {
      'a guest': external,
      'a guest with an id': { ...external, operator_id: otto },
      nobody: { account_id: null, operator: null, operator_id: null, operator_member_id: null },
      'an account that is left out': { account_id: undefined, operator_id: otto, operator: 'otto@other.example' },
      'another account': { account_id: target.accountOf('otto'), operator_id: otto },
      'somebody invented': { operator_id: inputs.word(22), operator: `${inputs.word()}@example.com` },
      'another app’s bot': { operator_id: `v1${inputs.word(22)}@xmpp.zoom.us`, operator: '' },
      'our own bot': { operator_id: bot.toUpperCase(), operator: '' },
      'our own bot, without its host': { operator_id: bot.split('@')[0], operator: '' },
    };
    const words = new Map<string, string>();
    for (const [kind, speaker] of Object.entries(speakers)) {
      for (const say of [inputs.word(), '!end']) {
        const event = message(target, talk, say);
        if (say !== '!end') words.set(kind, say);
        await target.deliver({ ...event, payload: { ...event.payload, ...speaker } });
      }
    }
    const ofOtherBot = inputs.word();
    words.set('a bot of another app, in Zoom', ofOtherBot);
    await zoom.writeAsOtherBot(channelId, ofOtherBot);
    for (const userId of [inputs.word(22), otto]) {
      const payload = {
        accountId: target.accountOf('jill'),
        actionItem: { text: 'End Chat', value: `end:${chatId}` },
        userId,
        userName: 'Jill Chill',
      };
      const press = { event: 'interactive_message_actions', event_ts: Date.now(), payload };
      await target.deliver(press, { path: '/webhooks/zoom/bot' });
    }
    await target.stillTalks(talk);
    seen.expectAll(
      'the visitor heard nothing of somebody who is not of the team',
      [...words].map(([input, said]) => ({ input, ok: !guest.heard.includes(said), saw: 'shown to the visitor' })),
    );
    seen.expect(!guest.entries.some(({ kind }) => kind === 'ended'), 'the chat was ended');
    seen.expect(
      guest.entries.every((entry) => !('name' in entry) || entry.name?.trim() !== ''),
      'somebody without a name was shown',
    );
  },
};

/** A chat is at rest once its history has not grown for so long, which must be soon, ms. */
const restMs = 3_000;
const restWithinMs = 30_000;

export const endlessPress: Attack = {
  name: 'endless-press',
  title: 'keep a chat busy for ever by a press of somebody whom Zoom knows under another id',
  async run(target, seen) {
    const talk = await target.talk();
    const handle = target.temporal.owner.workflow.getHandle(workflowIds.chat(talk));
    for (const userId of ['me', 'sam@example.com', target.inputs.word(22)]) {
      const payload = {
        accountId: target.accountOf('jill'),
        actionItem: { text: 'Join Chat', value: `join:${talk.chatId}` },
        userId,
        userName: 'Sam Support',
      };
      await target.deliver(
        { event: 'interactive_message_actions', event_ts: Date.now(), payload },
        { path: '/webhooks/zoom/bot' },
      );
    }
    await target.stillTalks(talk);
    const begun = performance.now();
    const look = async () => {
      const { runId, historyLength } = await handle.describe();
      return `${runId} ${historyLength}`;
    };
    let last = await look();
    let isAtRest = false;
    while (!isAtRest && performance.now() - begun < restWithinMs) {
      await delay(restMs, undefined, { signal: target.signal });
      const now = await look();
      isAtRest = now === last;
      last = now;
    }
    const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
    seen.note(`presses under other ids, and the chat was at rest within ${seconds} s`);
    seen.expect(isAtRest, `the chat still goes on after ${seconds} s`);
    await target.stillTalks(talk);
  },
};
