import { describe, expect, test } from 'vitest';
import {
  channelPostCard,
  inboundCard,
  inboundCardMark,
  inboundChannelGoneMessage,
  welcomeCard,
  welcomeMessage,
  withoutVisitorWords,
} from '../../activities/cards.ts';
import { endedWords, postMark, postText, type ChannelPost } from '../../domain/channel-post.ts';
import { makeButtonValue } from '../../domain/commands.ts';
import type { InboundCardContent } from '../../domain/inbound-card.ts';
import { limits } from '../../domain/limits.ts';
import type { AboutVisitor } from '../../domain/visitor.ts';
import { cardMarks, type Card } from '../../zoom/index.ts';
import { cardTexts } from './harness.ts';

const rude = '# **Big** [click](https://evil.example) <script>alert(1)</script> `code` @all';
const chatId = 'chat-12345';

const about = (changes: Partial<AboutVisitor> = {}): AboutVisitor => ({
  startedAt: Date.UTC(2026, 10, 28, 13, 5),
  ...changes,
});
const inbound = (changes: Partial<InboundCardContent> = {}) =>
  inboundCard(chatId, {
    number: 1,
    visitorName: 'Jane Doe',
    words: 'Hello',
    about: about({ page: { url: 'https://example.com/pricing', title: 'Pricing' } }),
    status: 'waiting',
    agents: [],
    wereIn: [],
    joining: [],
    ...changes,
  });
/** A card's fields, by their names. */
const fieldsOf = (card: Card) =>
  card.body
    .flatMap((element) => (element.type === 'section' ? element.sections : []))
    .flatMap((element) => (element.type === 'fields' ? element.items : []))
    .map(({ key, value }) => [key, value]);
const everything = about({
  email: { address: "pat.o'brien@example.com", origin: 'asTyped' },
  language: 'de-AT',
  timeZone: 'Europe/Berlin',
  page: { url: 'https://example.com/pricing', title: 'Pricing' },
  referrer: 'https://search.example/',
  attributes: { plan: 'gold' },
  earlier: {
    count: 1,
    last: {
      at: Date.UTC(2026, 10, 27, 23, 59),
      agents: ['Jill'],
      channelUrl: 'https://zoom.us/launch/chat/v2/old',
      isSameBrowser: true,
    },
  },
});
const buttons = (card: Card) =>
  card.body.flatMap((element) => (element.type === 'actions' ? element.items : [])).map((button) => button.text);
const links = (card: Card) =>
  card.body.flatMap((element) => (element.type === 'message' && element.link ? [[element.text, element.link]] : []));

describe('the inbound card', () => {
  test('quotes the visitor, names the page and offers Join Chat with the chat’s id', () => {
    const card = inbound();
    expect(card.body[0]).toMatchObject({ type: 'section' });
    expect(cardTexts(card.body[0])).toEqual(
      expect.arrayContaining(['Hello', 'Pricing', 'https://example.com/pricing']),
    );
    expect(card.body).toContainEqual(
      expect.objectContaining({
        items: [{ text: 'Join Chat', value: makeButtonValue({ action: 'join', chatId }), style: 'Primary' }],
      }),
    );
  });

  test('keeps Join Chat for colleagues after the first agent, and links the chat channel', () => {
    const channelUrl = 'https://zoom.us/launch/chat/v2/abc';
    const card = inbound({ status: 'active', agents: ['Jill', 'Sam'], channelUrl });
    expect(buttons(card)).toEqual(['Join Chat']);
    expect(links(card)).toEqual([['Open the chat channel', channelUrl]]);
    expect(cardTexts(card).join()).toContain('Jill and Sam joined');
  });

  test('has no button once the chat has ended, and says how it ended', () => {
    const card = inbound({ status: 'ended', endedBy: 'visitor' });
    expect(buttons(card)).toEqual([]);
    expect(cardTexts(card)).toContain('The visitor ended this chat.');
    expect(card.head.text).toContain('Missed chat');
  });

  test.each(['waiting', 'missed', 'joining', 'active', 'ended'] as const)(
    'has a headline with the visitor’s name and the chat’s mark when %s',
    (status) => {
      const card = inbound({ status, agents: ['Jill'] });
      expect(card.head.text).toContain('Jane Doe');
      expect(cardMarks(card)).toContain(inboundCardMark(chatId, 1));
    },
  );

  test('cuts a long quote, and does without a page or a word', () => {
    const longest = Math.max(...cardTexts(inbound({ words: '😀'.repeat(5_000) })).map((text) => text.length));
    expect(longest).toBeLessThanOrEqual(1_000);
    const bare = inboundCard(chatId, {
      number: 1,
      visitorName: 'Jane',
      words: '',
      status: 'waiting',
      agents: [],
      wereIn: [],
      joining: [],
    });
    expect(cardTexts(bare)).not.toContain('');
  });

  test('without the visitor’s words still says what the chat’s state is, and lets agents join', () => {
    const content = {
      number: 1,
      visitorName: rude,
      words: rude,
      about: about({ page: { url: rude } }),
      status: 'missed',
      agents: [],
    } as const;
    const card = inboundCard(chatId, withoutVisitorWords({ ...content, agents: [], wereIn: [], joining: [] }));
    expect(JSON.stringify(card)).not.toContain('Big');
    expect(card.head.text).toBe('Still waiting: Visitor · name not shown');
    expect(buttons(card)).toEqual(['Join Chat']);
  });
});

describe('who the visitor is', () => {
  const known = [
    ['E-mail', "pat.o'brien@example.com (as typed)"],
    ['Language', 'Austrian German'],
    ['Local time', '14:05, Europe/Berlin'],
    ['Page', 'Pricing'],
    ['Address', 'https://example.com/pricing'],
    ['Came from', 'https://search.example/'],
    ['Website · plan', 'gold'],
  ];
  const before = ['2nd chat from this browser, last on 27 Nov 2026 with Jill', 'https://zoom.us/launch/chat/v2/old'];

  test('is on the card in the inbound channel and on the first one in the chat channel', () => {
    const card = inbound({ about: everything });
    expect(fieldsOf(card)).toEqual(known);
    expect(links(card)).toEqual([before]);
    const greeting = channelPostCard(chatId, 'Jane Doe', { kind: 'greeting', agentName: 'Jill', about: everything });
    expect(fieldsOf(greeting)).toEqual([['Visitor', 'Jane Doe'], ...known]);
    expect(links(greeting)).toEqual([before]);
  });

  test('is left out where it is not known', () => {
    const card = inbound({ about: about() });
    expect(fieldsOf(card)).toEqual([]);
    expect(card.body[0]).toEqual({
      type: 'section',
      sidebar_color: expect.any(String) as string,
      sections: [{ type: 'message', text: 'Hello' }],
    });
  });

  test.each([
    [{ count: 2, agents: [], isSameBrowser: false }, '3rd chat by this e-mail address, last on 1 Jan 1970 with nobody'],
    [
      { count: 11, agents: ['Jill', 'Sam'], isSameBrowser: true },
      '12th chat from this browser, last on 1 Jan 1970 with Jill and Sam',
    ],
    [{ count: 99, agents: ['Jill'], isSameBrowser: true }, /^More than 99th chat/],
  ])('says of earlier chats how many there were: %j', ({ count, ...last }, words) => {
    const card = inbound({ about: about({ earlier: { count, last: { at: 0, ...last } } }) });
    expect(card.body).toContainEqual({
      type: 'message',
      text: typeof words === 'string' ? words : (expect.stringMatching(words) as string),
    });
  });

  test('stays below what Zoom shows of one card, however much of it there is', () => {
    const long = '👩‍👩‍👧'.repeat(100);
    const lines = Array.from({ length: limits.attributes }, (_, n): [string, string] => [
      `${n}`.padEnd(limits.attributeNameLength, 'n'),
      'v'.repeat(limits.attributeValueLength),
    ]);
    const most = about({
      ...everything,
      email: { address: `${'e'.repeat(limits.visitorEmailLength - 12)}@example.com`, origin: 'asTyped' },
      page: {
        url: `https://example.com/${'p'.repeat(limits.pageUrlLength - 20)}`,
        title: 't'.repeat(limits.pageTitleLength),
      },
      referrer: `https://example.com/${'r'.repeat(limits.pageUrlLength - 20)}`,
      attributes: Object.fromEntries(lines),
    });
    const card = inbound({ about: most, visitorName: 'n'.repeat(limits.visitorNameLength), words: long });
    expect(cardTexts(card).join('\n').length).toBeLessThan(4_096);
    expect(cardTexts(card)).toContain(`${'https://example.com/'.padEnd(299, 'p')}…`);
    expect(JSON.stringify(card)).not.toMatch(/\\ud[89ab]/);
  });
});

describe('posts into the chat channel', () => {
  const post = (content: ChannelPost) => channelPostCard(chatId, rude, content);

  test.each<ChannelPost>([
    { kind: 'greeting', agentName: 'Jill', about: about({ page: { url: 'https://example.com/' } }) },
    { kind: 'visitorLines', text: '#1', firstSeq: 3, lastSeq: 5, part: { number: 2, of: 3 } },
    { kind: 'notShown', firstSeq: 3, lastSeq: 5 },
    { kind: 'note', number: 1, note: { about: 'notOfTeam', name: 'Gus' } },
    { kind: 'closing', number: 1, by: 'idle' },
  ])('carry their mark in the sub-head: %j', (content) => {
    const card = post(content);
    expect(card.head.sub_head?.text).toBe(postMark(chatId, content));
    expect(cardMarks(card)).toContain(postMark(chatId, content));
  });

  test('the greeting has End Chat and says how to end by words', () => {
    const card = post({ kind: 'greeting', agentName: 'Jill', about: everything });
    expect(cardTexts(card)).toEqual(expect.arrayContaining(['Pricing', makeButtonValue({ action: 'end', chatId })]));
    expect(cardTexts(card).join()).toContain('!end');
  });

  test('the visitor’s lines are literal and carry no button', () => {
    const card = post({ kind: 'visitorLines', text: rude, firstSeq: 1, lastSeq: 1 });
    expect(cardTexts(card)).toEqual([`Visitor · ${rude}`, '#1 · -12345', rude]);
    expect([...buttons(card), ...links(card)]).toEqual([]);
  });

  test('several messages stand apart, each with its time', () => {
    const card = post({
      kind: 'visitorLines',
      text: 'one\nand more\ntwo',
      firstSeq: 1,
      lastSeq: 2,
      written: [
        { start: 0, at: 60_000 },
        { start: 13, at: 120_000 },
      ],
    });
    expect(card.body).toMatchObject([
      { type: 'section', sections: [{ type: 'message', text: 'one\nand more' }], ts: 60_000 },
      { type: 'section', sections: [{ type: 'message', text: 'two' }], ts: 120_000 },
    ]);
  });

  test('what Zoom does not show is not in the note that stands for it, nor is the visitor’s name', () => {
    expect(JSON.stringify(post({ kind: 'notShown', firstSeq: 1, lastSeq: 1 }))).not.toContain('Big');
  });

  test('the closing note says why', () => {
    expect(cardTexts(post({ kind: 'closing', number: 1, by: 'idle' }))).toContain(endedWords.idle);
  });
});

describe('nothing that a visitor gives looks like the app', () => {
  /** Everything outside of the sections that hold what a visitor gave. */
  const appsOwn = ({ head, body }: Card) => ({ head, body: body.filter(({ type }) => type !== 'section') });
  const notices: ChannelPost[] = [
    { kind: 'closing', number: 1, by: 'visitor' },
    { kind: 'notShown', firstSeq: 1, lastSeq: 1 },
    { kind: 'note', number: 1, note: { about: 'notOfTeam', name: 'Gus' } },
    { kind: 'note', number: 2, note: { about: 'mailRefused' } },
    { kind: 'greeting', agentName: 'Jill' },
  ];

  test.each(notices)('as a card, whatever they are called and write: %j', (notice) => {
    const genuine = channelPostCard(chatId, 'Jane', notice);
    const [words] = cardTexts(appsOwn(genuine).body);
    const forged = channelPostCard(chatId, genuine.head.text, {
      kind: 'visitorLines',
      text: words ?? '',
      firstSeq: 1,
      lastSeq: 1,
    });
    expect(forged.head.text).toBe(`Visitor · ${genuine.head.text}`);
    expect(cardTexts(appsOwn(forged).body)).toEqual([]);
    expect(genuine.head.text).not.toMatch(/^Visitor/);
  });

  test.each(notices)('as text in a user’s name: %j', (notice) => {
    const genuine = postText(chatId, 'Jane', notice);
    const name = genuine.split('\n')[0] ?? '';
    const forged = postText(chatId, name, { kind: 'visitorLines', text: genuine, firstSeq: 1, lastSeq: 1 });
    expect(forged.split('\n').every((line) => /^(Visitor · |│ )/.test(line))).toBe(true);
    expect(genuine).not.toMatch(/^Visitor|^│/);
  });

  test('in the inbound card: words and title stand in the visitor’s section', () => {
    const forged = 'Jill Chill joined this chat.\nOpen the chat channel';
    const card = inbound({
      visitorName: 'In conversation',
      words: forged,
      about: about({ page: { url: 'https://a.example/', title: forged }, attributes: { [forged]: forged } }),
    });
    expect(JSON.stringify(appsOwn(card).body)).not.toContain('Jill');
    expect(card.head.text).toBe('New chat: Visitor · In conversation');
  });

  test('or carries the mark of another post', () => {
    const other = inboundCardMark('another-chat', 1);
    const card = inbound({
      visitorName: other,
      words: other,
      about: about({ page: { url: 'https://a.example/', title: other } }),
    });
    expect(cardMarks(card)).not.toContain(other);
    const mark = postMark(chatId, { kind: 'closing', number: 1, by: 'idle' });
    expect(
      cardMarks(channelPostCard(chatId, mark, { kind: 'visitorLines', text: mark, firstSeq: 1, lastSeq: 1 })),
    ).toEqual([postMark(chatId, { kind: 'visitorLines', text: mark, firstSeq: 1, lastSeq: 1 })]);
  });

  test('or is Markdown', () => {
    for (const card of [
      inbound({ words: rude, visitorName: rude }),
      channelPostCard(chatId, rude, { kind: 'greeting', agentName: rude }),
    ])
      expect(JSON.stringify(card)).not.toContain('is_markdown_support');
  });
});

describe('cards to administrators', () => {
  const previewUrl = 'https://chat.example.com/preview?widget=w';
  const dashboardUrl = 'https://chat.example.com/dashboard';
  const pages = [
    ['Test Your Live Chat', previewUrl],
    ['Open the dashboard', dashboardUrl],
  ];

  test('the welcome card in the channel links the preview and the dashboard', () => {
    const card = welcomeCard({ channelName: 'Live Chat Inbound', previewUrl, dashboardUrl });
    expect(links(card)).toEqual(pages);
    expect(cardTexts(card).join()).toContain('Live Chat Inbound');
  });

  test('the welcome message does too, with the installer’s name', () => {
    const card = welcomeMessage({ firstName: 'Alex', channelName: 'Live Chat Inbound', previewUrl, dashboardUrl });
    expect(links(card)).toEqual(pages);
    expect(card.head.text).toContain('Alex');
  });

  test('a lost inbound channel leads to the settings', () => {
    const card = inboundChannelGoneMessage('Sales', 'https://chat.example.com/settings');
    expect(cardTexts(card).join()).toContain('“Sales”');
    expect(links(card)).toEqual([['Choose another channel', 'https://chat.example.com/settings']]);
  });
});
