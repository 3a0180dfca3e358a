import { describe, expect, test } from 'vitest';
import {
  buttonValues,
  channelPostCard,
  inboundCard,
  welcomeCard,
  welcomeMessage,
  type InboundCardView,
} from '../../activities/cards.ts';
import { cardTexts, type Card, type CardElement } from '../../zoom/index.ts';

const rude = '# **Big** [click](https://evil.example) <script>alert(1)</script> `code` @all';

const view = (changes: Partial<InboundCardView> = {}): InboundCardView => ({
  chatId: 'chat-12345',
  visitorName: 'Jane Doe',
  firstWords: 'Hello',
  page: { url: 'https://example.com/pricing', title: 'Pricing' },
  face: { status: 'waiting', agents: [] },
  ...changes,
});
const buttons = (card: Card) =>
  card.body.flatMap((element) => (element.type === 'actions' ? element.items : [])).map((button) => button.text);
const links = (card: Card) =>
  card.body.flatMap((element) => (element.type === 'message' && element.link ? [[element.text, element.link]] : []));
const isMarkdown = (element: CardElement) => element.type === 'message' && element.is_markdown_support === true;

describe('the inbound card', () => {
  test('quotes the visitor, names the page and offers Join Chat with the chat’s id', () => {
    const card = inboundCard(view());
    expect(cardTexts(card)).toEqual(
      expect.arrayContaining(['Jane Doe', 'Hello', 'Pricing', 'https://example.com/pricing']),
    );
    expect(card.body).toContainEqual(
      expect.objectContaining({
        items: [{ text: 'Join Chat', value: buttonValues.join('chat-12345'), style: 'Primary' }],
      }),
    );
  });

  test('keeps Join Chat for colleagues after the first agent, and links the chat channel', () => {
    const channelUrl = 'https://zoom.us/launch/chat/v2/abc';
    const card = inboundCard(view({ face: { status: 'active', agents: ['Jill', 'Sam'], channelUrl } }));
    expect(buttons(card)).toEqual(['Join Chat']);
    expect(links(card)).toEqual([['Open the chat channel', channelUrl]]);
    expect(cardTexts(card).join()).toContain('Jill and Sam joined');
  });

  test('has no button once the chat has ended, and says how it ended', () => {
    const card = inboundCard(view({ face: { status: 'ended', agents: [], endedBy: 'visitor' } }));
    expect(buttons(card)).toEqual([]);
    expect(cardTexts(card).join()).toContain('The visitor ended this chat.');
    expect(card.head?.text).toContain('Missed chat');
  });

  test.each(['waiting', 'missed', 'joining', 'active', 'ended'] as const)('has its own headline when %s', (status) => {
    expect(inboundCard(view({ face: { status, agents: ['Jill'] } })).head?.text).toContain('Jane Doe');
  });

  test('shows what the visitor wrote literally: no markdown, no link of theirs', () => {
    const card = inboundCard(view({ visitorName: rude, firstWords: rude }));
    expect(cardTexts(card)).toContain(rude);
    expect(card.body.some(isMarkdown)).toBe(false);
    expect(links(card)).toEqual([]);
  });

  test('cuts a long quote', () => {
    const card = inboundCard(view({ firstWords: 'x'.repeat(5_000) }));
    expect(Math.max(...cardTexts(card).map((text) => text.length))).toBeLessThanOrEqual(600);
  });

  test('does without a page', () => {
    const { page: _page, ...pageless } = view();
    expect(cardTexts(inboundCard(pageless))).toContain('Website chat');
  });
});

describe('posts into the chat channel', () => {
  test('the greeting has End Chat and says how to end by words', () => {
    const card = channelPostCard('chat-12345', 'Jane Doe', { kind: 'greeting', agentName: 'Jill' }, '');
    expect(cardTexts(card)).toContain(buttonValues.end('chat-12345'));
    expect(buttons(card)).toEqual(['End Chat']);
    expect(cardTexts(card).join()).toContain('!end');
  });

  test('the visitor’s lines are literal and carry no button', () => {
    const card = channelPostCard('chat-12345', rude, { kind: 'visitorLines', text: rude, lastSeq: 1 }, rude);
    expect(cardTexts(card)).toEqual([rude, rude]);
    expect(card.body.some(isMarkdown)).toBe(false);
    expect([...buttons(card), ...links(card)]).toEqual([]);
  });
});

describe('welcomes', () => {
  const previewUrl = 'https://chat.example.com/preview?widget=w';
  const dashboardUrl = 'https://chat.example.com/dashboard';
  const pages = [
    ['Test Your Live Chat', previewUrl],
    ['Open the dashboard', dashboardUrl],
  ];

  test('the card in the channel links the preview and the dashboard', () => {
    const card = welcomeCard({ channelName: 'Live Chat Inbound', previewUrl, dashboardUrl });
    expect(links(card)).toEqual(pages);
    expect(cardTexts(card).join()).toContain('Live Chat Inbound');
  });

  test('the direct message does too, with the installer’s name', () => {
    const card = welcomeMessage({ firstName: 'Alex', channelName: 'Live Chat Inbound', previewUrl, dashboardUrl });
    expect(links(card)).toEqual(pages);
    expect(card.head?.text).toContain('Alex');
  });
});
