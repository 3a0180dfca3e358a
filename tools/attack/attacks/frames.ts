import { randomUUID } from 'node:crypto';
import { sealJson } from '../../../codec/sealed-json.ts';
import { pushContext, pushPath, type VisitorPush } from '../../../domain/push.ts';
import type { Attack } from '../attack.ts';
import { ask } from '../wire.ts';

/** JSON so deep that a reader which calls itself would not come back. */
const deep = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);

export const badFrames: Attack = {
  name: 'bad-frames',
  title: 'break an api, or another visitor’s chat, by frames that no widget sends',
  async run(target, seen) {
    const { inputs, apis, stack } = target;
    const pid = stack.processes.api.pid;
    const beside = await target.talk();
    const id = randomUUID();
    const frames: Record<string, string | Buffer> = {
      'no JSON': inputs.noise(inputs.int(1, 2_000)),
      'half JSON': '{"type":"message","id":"',
      'deep arrays': deep(inputs.int(2_000, 15_000), '[', ']'),
      'deep objects': deep(inputs.int(1_000, 5_000), '{"a":', '') + '1',
      'a binary frame': inputs.bytes(200),
      'a frame that is too large': JSON.stringify({
        type: 'message',
        id,
        text: 'x'.repeat(inputs.int(33_000, 90_000)),
      }),
      'an unknown type': JSON.stringify({ type: inputs.word(), id }),
      'a field too many': JSON.stringify({ type: 'message', id, text: 'x', accountId: inputs.word() }),
      'a prototype': `{"type":"message","id":"${id}","text":"x","__proto__":{"isAdmin":true}}`,
      'a number as text': JSON.stringify({ type: 'message', id, text: inputs.int(0, 99) }),
      'an operator for MongoDB': JSON.stringify({ type: 'hello', v: 1, widget: { $ne: null } }),
      'a seq from nowhere': JSON.stringify({ type: 'hello', v: 1, widget: target.widget, lastSeq: -1 }),
      null: 'null',
      'an invisible message': JSON.stringify({ type: 'message', id, text: '\u200b\u202e\u2060' }),
    };
    const tried = await Promise.all(
      Object.entries(frames).map(async ([kind, frame]) => {
        const guest = target.guest();
        await guest.come();
        const before = guest.frames.length;
        guest.send(frame);
        const error = guest.next(({ type }) => type !== 'pong', 'an answer', before).catch(() => undefined);
        const answer = (await Promise.race([error, guest.closes()])) as { type: string } | number | undefined;
        const saw = typeof answer === 'object' ? answer.type : `closed (${answer ?? 'not'})`;
        guest.leave();
        return { input: kind, ok: typeof answer === 'number' || saw === 'error', saw };
      }),
    );
    seen.expectAll('frames were refused', tried);
    await target.stillTalks(beside);
    const { status } = await ask(apis[0], '/healthz');
    seen.expect(status === 200 && stack.processes.api.pid === pid, 'the api has ended or does not answer');
  },
};

export const pushes: Attack = {
  name: 'pushes',
  title: 'put words into a visitor’s window by the endpoint that workers push to',
  async run(target, seen) {
    const { inputs, apis, store, config } = target;
    const talk = await target.talk();
    const { chatId, guest } = talk;
    const words = inputs.word();
    const seq = (guest.entries.at(-1)?.seq ?? 0) + 1;
    const push: VisitorPush = {
      chatId,
      entries: [
        {
          kind: 'agentMessage',
          seq,
          at: Date.now(),
          messageId: words,
          agent: { id: words, name: 'Alex' },
          text: words,
        },
      ],
      lastSeq: seq,
      deliveredSeq: 0,
    } as unknown as VisitorPush;
    const instances = await store.instances.model.find().lean();
    const ours = instances.find(({ url }) => new URL(url).port === new URL(apis[0]).port)?._id ?? '';
    const strangers = {
      activeId: config.payloadKeys.activeId,
      keys: new Map([[config.payloadKeys.activeId, inputs.bytes(32)]]),
    };
    const forms: Record<string, Buffer> = {
      'plain JSON': Buffer.from(JSON.stringify(push)),
      noise: inputs.bytes(400),
      nothing: Buffer.alloc(0),
      'sealed with another key': sealJson(strangers, push, pushContext({ instanceId: ours })),
      'sealed for another instance': sealJson(config.payloadKeys, push, pushContext({ instanceId: randomUUID() })),
      'sealed for something else': sealJson(config.payloadKeys, push, inputs.word()),
      'five megabytes': Buffer.alloc(5_000_000, 'x'),
    };
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const [kind, body] of Object.entries(forms)) {
      for (const instance of [ours, undefined]) {
        const headers = instance === undefined ? {} : { 'x-instance': instance };
        const { status } = await ask(apis[0], pushPath, { method: 'POST', headers, body });
        tried.push({ input: kind, ok: [0, 400, 410, 413].includes(status), saw: String(status) });
      }
    }
    seen.expectAll('pushes without the key were refused', tried);
    await target.stillTalks(talk);
    seen.expect(!guest.heard.includes(words), 'the visitor read the forged words');
  },
};

export const badBodies: Attack = {
  name: 'bad-bodies',
  title: 'break an api by bodies that no page sends',
  async run(target, seen) {
    const { inputs, apis, stack, owner } = target;
    const pid = stack.processes.api.pid;
    const before = await owner.dashboard();
    const bodies: Record<string, string> = {
      'no JSON': inputs.noise(200),
      'half JSON': '{"channelId":"',
      'deep JSON': deep(inputs.int(2_000, 8_000), '[', ']'),
      'a large body': JSON.stringify({ channelId: 'x'.repeat(inputs.int(30_000, 3_000_000)) }),
      'another type': JSON.stringify({ channelId: inputs.int(0, 99) }),
      'an operator for MongoDB': JSON.stringify({ channelId: { $gt: '' } }),
      'a prototype': '{"__proto__":{"channelId":"x"}}',
      null: 'null',
      'a channel that is none': JSON.stringify({ channelId: inputs.word() }),
      'a path in place of an id': JSON.stringify({ channelId: `../../users/${inputs.word()}?x=` }),
      'a field too many': JSON.stringify({ channelId: inputs.word(), accountId: inputs.word() }),
    };
    const origin = stack.urls.public;
    const asOwner = { origin, cookie: owner.cookies, 'content-type': 'application/json' };
    const routes: [string, string, Record<string, string>][] = [
      ['PUT', '/api/settings', asOwner],
      ['POST', '/api/connection-check/choice', asOwner],
      ['POST', '/operator/find', { origin, 'content-type': 'application/x-www-form-urlencoded' }],
      ['POST', '/codec/decode', { origin, 'content-type': 'application/json' }],
      ['POST', '/webhooks/zoom/events', { 'content-type': 'application/json' }],
    ];
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    for (const [method, path, headers] of routes) {
      for (const [kind, body] of Object.entries(bodies)) {
        const answer = await ask(apis[0], path, { method, headers, body });
        const refused = answer.status === 0 || answer.status === 303 || (answer.status >= 400 && answer.status < 500);
        const isQuiet = !/\bat \S+ \(|node_modules|SyntaxError|ZodError|MongoServerError/.test(answer.body);
        tried.push({ input: `${path} ${kind}`, ok: refused && isQuiet, saw: `${answer.status} ${answer.body}` });
      }
    }
    seen.expectAll('bodies were refused, without a word of the inside', tried);
    const after = await owner.dashboard();
    seen.expect(after.channel?.id === before.channel?.id, 'the settings have changed');
    seen.expect(stack.processes.api.pid === pid, 'the api has ended');
  },
};
