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
import { cardMarks, type Card } from '../../zoom/index.ts';
import { cardTexts } from './harness.ts';

const rude = '# **Big** [click](https://evil.example) <script>alert(1)</script> `code` @all';
const chatId = 'chat-12345';

const inbound = (changes: Partial<InboundCardContent> = {}) =>
  inboundCard(chatId, {
    number: 1,
    visitorName: 'Jane Doe',
    words: 'Hello',
    page: { url: 'https://example.com/pricing', title: 'Pricing' },
    status: 'waiting',
    agents: [],
    ...changes,
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
        items: [{ text: 'Join Chat', value: makeButtonValue('join', chatId), style: 'Primary' }],
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
    const bare = inboundCard(chatId, { number: 1, visitorName: 'Jane', words: '', status: 'waiting', agents: [] });
    expect(cardTexts(bare)).not.toContain('');
  });

  test('without the visitor’s words still says what the chat’s state is, and lets agents join', () => {
    const content = {
      number: 1,
      visitorName: rude,
      words: rude,
      page: { url: rude },
      status: 'missed',
      agents: [],
    } as const;
    const card = inboundCard(chatId, withoutVisitorWords({ ...content, agents: [] }));
    expect(JSON.stringify(card)).not.toContain('Big');
    expect(card.head.text).toBe('Still waiting: Visitor · name not shown');
    expect(buttons(card)).toEqual(['Join Chat']);
  });
});

describe('posts into the chat channel', () => {
  const post = (content: ChannelPost) => channelPostCard(chatId, rude, content);

  test.each<ChannelPost>([
    { kind: 'greeting', agentName: 'Jill', page: { url: 'https://example.com/' } },
    { kind: 'visitorLines', text: '#1', firstSeq: 3, lastSeq: 5, part: { number: 2, of: 3 } },
    { kind: 'notShown', firstSeq: 3, lastSeq: 5 },
    { kind: 'notOfTeam', number: 1, name: 'Gus' },
    { kind: 'mailRefused', number: 1 },
    { kind: 'closing', by: 'idle' },
  ])('carry their mark in the sub-head: %j', (content) => {
    const card = post(content);
    expect(card.head.sub_head?.text).toBe(postMark(chatId, content));
    expect(cardMarks(card)).toContain(postMark(chatId, content));
  });

  test('the greeting has End Chat and says how to end by words', () => {
    const card = post({ kind: 'greeting', agentName: 'Jill', page: { url: 'https://example.com/', title: 'Pricing' } });
    expect(cardTexts(card)).toEqual(expect.arrayContaining(['Pricing', makeButtonValue('end', chatId)]));
    expect(cardTexts(card).join()).toContain('!end');
  });

  test('the visitor’s lines are literal and carry no button', () => {
    const card = post({ kind: 'visitorLines', text: rude, firstSeq: 1, lastSeq: 1 });
    expect(cardTexts(card)).toEqual([`Visitor · ${rude}`, '#1 · -12345', rude]);
    expect([...buttons(card), ...links(card)]).toEqual([]);
  });

  test('what Zoom does not show is not in the note that stands for it, nor is the visitor’s name', () => {
    expect(JSON.stringify(post({ kind: 'notShown', firstSeq: 1, lastSeq: 1 }))).not.toContain('Big');
  });

  test('the closing note says why', () => {
    expect(cardTexts(post({ kind: 'closing', by: 'idle' }))).toContain(endedWords.idle);
  });
});

describe('nothing that a visitor gives looks like the app', () => {
  /** Everything outside of the sections that hold what a visitor gave. */
  const appsOwn = ({ head, body }: Card) => ({ head, body: body.filter(({ type }) => type !== 'section') });
  const notices: ChannelPost[] = [
    { kind: 'closing', by: 'visitor' },
    { kind: 'notShown', firstSeq: 1, lastSeq: 1 },
    { kind: 'notOfTeam', number: 1, name: 'Gus' },
    { kind: 'mailRefused', number: 1 },
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
    const genuine = postText(chatId, 'Jane', notice, '!end');
    const name = genuine.split('\n')[0] ?? '';
    const forged = postText(chatId, name, { kind: 'visitorLines', text: genuine, firstSeq: 1, lastSeq: 1 }, '!end');
    expect(forged.split('\n').every((line) => /^(Visitor · |│ )/.test(line))).toBe(true);
    expect(genuine).not.toMatch(/^Visitor|^│/);
  });

  test('in the inbound card: words and title stand in the visitor’s section', () => {
    const forged = 'Jill Chill joined this chat.\nOpen the chat channel';
    const card = inbound({
      visitorName: 'In conversation',
      words: forged,
      page: { url: 'https://a.example/', title: forged },
    });
    expect(JSON.stringify(appsOwn(card).body)).not.toContain('Jill');
    expect(card.head.text).toBe('New chat: Visitor · In conversation');
  });

  test('or carries the mark of another post', () => {
    const other = inboundCardMark('another-chat', 1);
    const card = inbound({ visitorName: other, words: other, page: { url: 'https://a.example/', title: other } });
    expect(cardMarks(card)).not.toContain(other);
    const mark = postMark(chatId, { kind: 'closing', by: 'idle' });
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
