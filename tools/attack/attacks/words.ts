import { z } from 'zod';
import { buttonValue, type SandboxMessage } from '../../../test/support/driver.ts';
import type { Attack } from '../attack.ts';
import type { Inputs } from '../inputs.ts';
import { ask } from '../wire.ts';
import { database, logs, workflows, zoom } from '../witness.ts';

/** Characters that are not seen, or change how others are seen. */
const hidden = [
  '\u200b',
  '\u202e',
  '\u2066',
  '\u2069',
  '\u00ad',
  '\ufeff',
  '\u{e0041}',
  '\ud83d',
  '\u0000',
  '\u001b[31m',
  '\u2028',
  '\u0085',
];
const unclean =
  /(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;

/** What the app, a colleague or Zoom says, in a visitor's mouth. */
const imitated = [
  'Chat ended',
  'Reconnect Live Chat to Zoom',
  'Jill Chill',
  'Live Chat · #end',
  'New chat: Visitor · Alex Admin',
  'Welcome to Live Chat',
  'No more chats wait',
  '[Sign in as operator](https://zoom.us.evil.example)',
  '<img src=x onerror=alert(1)><script>alert(1)</script>',
  '<!here> <@all> @channel <https://evil.example|Open the chat channel>',
  '**The visitor ended this chat.**',
];

/** Such words with hidden characters in between, and a word by which they are found again. */
function dressed(inputs: Inputs, mark: string): string {
  const words = inputs.pick(imitated);
  const at = inputs.int(0, words.length);
  return `${words.slice(0, at)}${inputs.pick(hidden)}${words.slice(at)}${inputs.pick(hidden)} ${mark}`;
}

const headShape = z.looseObject({
  head: z.looseObject({ text: z.string(), sub_head: z.looseObject({ text: z.string() }).optional() }),
  body: z.array(z.looseObject({ type: z.string() })),
});

/** What is wrong with a card that holds a visitor's words; nothing when they cannot be taken for anybody else's. */
function wrongWithCard(message: SandboxMessage, marks: readonly string[], head: RegExp): string[] {
  const parsed = headShape.safeParse(message.content);
  if (!parsed.success) return ['no card of the form that is known'];
  const { head: top, body } = parsed.data;
  const outside = JSON.stringify([top.sub_head, body.filter(({ type }) => type !== 'section')]);
  return [
    ...(head.test(top.text) ? [] : [`the head “${top.text}”`]),
    ...(unclean.test(Object.values(textsIn(message.content)).join('')) ? ['hidden characters'] : []),
    ...(marks.some((mark) => outside.includes(mark)) ? ['the visitor’s words outside of their section'] : []),
    ...(message['markdown'] === true ? ['Markdown'] : []),
  ];
}

/** Every text in a value. Line breaks are told apart from what else is no letter. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

export const imitation: Attack = {
  name: 'imitation',
  title: 'write what looks like the app, a colleague or the operators’ console',
  async run(target, seen) {
    const { inputs, zoom: zoomSide } = target;
    const tried: { input: string; ok: boolean; saw: string }[] = [];
    const judge = (input: string, wrong: string[]) =>
      tried.push({ input, ok: wrong.length === 0, saw: wrong.join(', ') });
    const hello = (mark: string) => ({
      visitor: { name: dressed(inputs, mark).slice(0, 80) },
      page: { url: `https://zoom.us@${mark}.example/a`, title: dressed(inputs, mark).slice(0, 200) },
    });
    const text = (mark: string) =>
      Array.from({ length: 4 }, () => dressed(inputs, mark)).join(
        inputs.pick(['\n', '\r\n', '\u2028', '\v', '\u0085']),
      );

    for (let n = 0; n < 4; n += 1) {
      const mark = inputs.word();
      const guest = target.guest();
      await guest.come(hello(mark));
      const words = text(mark);
      await guest.tell(words);
      const card = await target.card(guest.chatId);
      judge(`a card: ${words}`, wrongWithCard(card, [mark], /^New chat: Visitor · /));
      judge('the address on a card', JSON.stringify(card.content).includes('zoom.us@') ? ['a user name'] : []);
    }

    // In the chat's own channel: as the bot, and in a member's name where Zoom does not let the bot in.
    for (const botInPrivateChannels of ['allowed', 'refused'] as const) {
      await zoomSide.faults({ switches: { botInPrivateChannels } });
      const mark = inputs.word();
      const talk = await target.talk(hello(mark));
      const words = text(mark);
      await talk.guest.tell(words);
      const posts = await target.eventually(async () => {
        const { channels } = await zoomSide.state();
        const { messages = [] } = channels.find(({ id }) => id === talk.channelId) ?? {};
        const found = messages.filter((message) => JSON.stringify(message).includes(mark));
        // The greeting has the name, the other one the words.
        if (found.length < 2) throw new Error(`Only ${found.length} posts hold what the visitor gave.`);
        return found;
      });
      for (const post of posts) {
        if (post.bot) {
          const hasButton = () => buttonValue(post, 'End Chat') !== '';
          const isGreeting = JSON.stringify(post.content).includes('End Chat') && hasButton();
          judge(`a post: ${words}`, wrongWithCard(post, [mark], isGreeting ? /^Chat with a visitor$/ : /^Visitor · /));
          continue;
        }
        const [head = '', ...lines] = post.text.split('\n');
        const isOurs =
          head.startsWith('Live Chat · #0') &&
          lines.every((line) => !line.includes(mark) || line.startsWith('Visitor · '));
        const isQuoted = head.startsWith('Visitor · ') && lines.every((line) => line.startsWith('│ '));
        judge(`a post in a member’s name: ${words}`, [
          ...(isOurs || isQuoted ? [] : [`the form of “${post.text}”`]),
          ...(unclean.test(post.text) ? ['hidden characters'] : []),
        ]);
      }
    }
    await zoomSide.faults({ switches: { botInPrivateChannels: 'allowed' } });
    seen.expectAll('what visitors wrote was known as theirs', tried);
  },
};

export const operatorsConsole: Attack = {
  name: 'operators-console',
  title: 'get names, words and links into what operators see in Temporal UI and on their page',
  async run(target, seen) {
    const { inputs, apis, stack } = target;
    const mark = inputs.word();
    const name = `[${mark}](https://evil.example) <img src=//evil.example/${mark}>`;
    const talk = await target.talk(
      { visitor: { name, email: `${mark}@mail.example` }, page: { url: `https://shop.example/${mark}`, title: mark } },
      `<script>${mark}</script> [click](https://evil.example/${mark})`,
    );
    await target.stillTalks(talk);
    const all = await workflows(target);
    const people = [mark, 'Jill Chill', 'Alex Admin', '@example.com', 'evil.example'];
    const shown = all.flatMap(({ id, shown: texts }) =>
      people.filter((one) => texts.includes(one)).map((one) => `${one} in what is shown of ${id}`),
    );
    const raw = all.filter(({ raw: bytes }) => people.some((one) => bytes.includes(one))).map(({ id }) => id);
    const own = all.find(({ id }) => id.endsWith(talk.chatId));
    seen.expect(own?.opened.includes(mark) === true, 'the words were not found where they must be');
    seen.expect(shown.length === 0, shown.join(', '));
    seen.expect(raw.length === 0, `readable words or names in the histories of ${raw.join(', ')}`);
    const found = await ask(apis[0], '/operator/find', {
      method: 'POST',
      headers: {
        cookie: await target.operatorCookie(),
        origin: stack.urls.public,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ words: name }).toString(),
    });
    seen.expect(found.status === 200, `the operators’ page answered ${found.status}`);
    seen.expect(!found.body.includes(`<img src=//evil`), 'the operators’ page has a visitor’s picture');
    seen.note(`${all.length} workflows show ids and states alone, and their histories nothing readable`);
  },
};

export const pageQuery: Attack = {
  name: 'page-query',
  title: 'find tokens of a website’s visitors in what the app keeps of their page’s address',
  async run(target, seen) {
    const { inputs } = target;
    const [query, fragment, user, password] = [inputs.word(20), inputs.word(20), inputs.word(20), inputs.word(20)];
    const path = inputs.word();
    const url = `https://${user}:${password}@shop.example/${path}?reset_token=${query}&x=1#access_token=${fragment}`;
    const talk = await target.talk({ page: { url, title: 'Account' } });
    await target.stillTalks(talk);
    const places = [
      await zoom(target),
      ...(await database(target)),
      ...(await logs(target)),
      ...(await workflows(target)).map(({ id, raw, opened }) => ({ name: `the history of ${id}`, text: raw + opened })),
    ];
    const kept = places.flatMap(({ name, text }) =>
      [query, fragment, user, password].some((secret) => text.includes(secret)) ? [name] : [],
    );
    seen.expect(
      places.some(({ text }) => text.includes(path)),
      'the address itself was found nowhere',
    );
    seen.expect(kept.length === 0, `the query, fragment or password of a page’s address is in ${kept.join(', ')}`);
    seen.note(`nothing but origin and path in ${places.length} places`);
  },
};

export const secrets: Attack = {
  name: 'secrets',
  title: 'find secrets and tokens in logs, workflow histories and MongoDB',
  async run(target, seen) {
    const { config, stack, store } = target;
    const known = new Map(target.secrets);
    const env = (name: string): void => void known.set(name, stack.env[name] ?? '');
    for (const name of ['SESSION_SECRET', 'OPERATOR_PASSWORD', 'ZOOM_CLIENT_SECRET', 'ZOOM_WEBHOOK_SECRET_TOKEN'])
      env(name);
    for (const name of ['TOKEN_ENCRYPTION_KEYS', 'PAYLOAD_ENCRYPTION_KEYS']) {
      known.set(name, (stack.env[name] ?? '').split(':')[1] ?? '');
    }
    for (const userId of (await store.members.model.find().lean()).map(({ _id }) => _id)) {
      const tokens = await store.tokenSets.newest(userId);
      if (!tokens) continue;
      known.set(`an access token of ${userId}`, tokens.accessToken);
      known.set(`a refresh token of ${userId}`, tokens.refreshToken);
    }
    const places = [
      ...(await logs(target)),
      ...(await database(target)),
      ...(await workflows(target)).map(({ id, raw, opened, shown }) => ({
        name: `the history of ${id}`,
        text: raw + opened + shown,
      })),
    ];
    const leaks = places.flatMap(({ name: place, text }) =>
      [...known].flatMap(([name, value]) => (value.length > 7 && text.includes(value) ? [`${name} in ${place}`] : [])),
    );
    seen.note(`${known.size} secrets in none of ${places.length} logs, collections and histories`);
    seen.expect(config.operator.password !== undefined, 'there is no operator');
    seen.expect(
      places.some(({ name, text }) => name.startsWith('the log api') && text.length > 0),
      'there is no log',
    );
    seen.expect(leaks.length === 0, leaks.join(', '));
  },
};
