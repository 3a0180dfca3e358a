import {
  endedWords,
  mailRefusedWords,
  notOfTeamWords,
  postMark,
  visitorLabel,
  type ChannelPost,
} from '../domain/channel-post.ts';
import { endCommand, makeButtonValue } from '../domain/commands.ts';
import { cardWordsLength, type InboundCardContent } from '../domain/inbound-card.ts';
import { truncateText } from '../domain/text.ts';
import { actions, button, card, fields, link, message, section, type Card } from '../zoom/index.ts';

/*
 * What the bot's cards say. All that a visitor gave (words, name, page) stands in a section with a bar of its own
 * colour, or behind `Visitor ·` in a head. What the app says stands outside of it, under a head of its own: no visitor
 * can write something that looks like it. Texts are literal, never Markdown.
 *
 * A post that must not show twice carries a mark in its sub-head by which `cardMarks` recognises it: a chat's card
 * `inboundCardMark`, a post into a chat channel its `postMark`.
 */

/** The bar beside what a visitor gave; the app uses no other section. */
const visitorColor = '#00897b';
const fromVisitor = (...elements: Parameters<typeof section>[1]) => section(visitorColor, elements);

/** What is shown in place of a name that Zoom refuses to show. */
export const hiddenName = 'name not shown';

/** By this a chat's card is known in the inbound channel; `number` as in {@link InboundCardContent}. */
export function inboundCardMark(chatId: string, number: number): string {
  return number === 1 ? `Chat ${chatId}` : `Chat ${chatId} · ${number}`;
}

/** The card of one chat in the inbound channel; edited as the chat goes on. */
export function inboundCard(chatId: string, content: InboundCardContent): Card {
  const { visitorName, page, words, status, agents, channelUrl, endedBy } = content;
  const joined = agents.length > 0;
  return card({
    head: `${headline(content)}: ${visitorLabel(visitorName)}`,
    subHead: inboundCardMark(chatId, content.number),
    body: [
      fromVisitor(
        page && fields(pageFields(page)),
        words === '' ? undefined : message(truncateText(words, cardWordsLength)),
      ),
      joined ? message(`${listNames(agents)} joined this chat.`, { bold: true }) : undefined,
      endedBy === undefined ? undefined : message(endedWords[endedBy], { bold: true }),
      channelUrl === undefined ? undefined : link('Open the chat channel', channelUrl),
      // Stays after the first agent has joined: colleagues can come in and share the chat.
      status === 'ended'
        ? undefined
        : actions(button('Join Chat', makeButtonValue('join', chatId), joined ? 'Default' : 'Primary')),
    ],
  });
}

/** The one card that stands for all chats whose own cards have to wait. */
export function queueCard(mark: string, count: number): Card {
  const words = count === 1 ? '1 more chat waits' : `${count} more chats wait`;
  return card({
    head: count === 0 ? 'No more chats wait' : words,
    subHead: mark,
    body: [
      message(
        count === 0
          ? 'All chats that waited have their cards.'
          : 'More chats begin than Zoom shows at once. Their cards follow, the longest waiting first.',
      ),
    ],
  });
}

/** The same card without anything that the visitor wrote, for when Zoom does not accept that. */
export function withoutVisitorWords({ page: _page, ...content }: InboundCardContent): InboundCardContent {
  return { ...content, visitorName: hiddenName, words: 'Zoom refuses to show here what the visitor wrote.' };
}

/** Where the visitor is. */
function pageFields({ title, url }: { title?: string; url: string }) {
  return [
    { key: 'Page', value: title },
    { key: 'Address', value: url },
  ];
}

function headline({ status, agents }: InboundCardContent): string {
  switch (status) {
    case 'waiting':
    case 'joining':
      return 'New chat';
    case 'missed':
      return 'Still waiting';
    case 'active':
      return 'In conversation';
    case 'ended':
      return agents.length > 0 ? 'Chat ended' : 'Missed chat';
  }
}

function listNames(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names);
}

/** A post into the chat channel as the bot shows it. */
export function channelPostCard(chatId: string, visitorName: string, post: ChannelPost): Card {
  const subHead = postMark(chatId, post);
  switch (post.kind) {
    case 'greeting':
      return card({
        head: 'Chat with a visitor',
        subHead,
        body: [
          fromVisitor(fields([{ key: 'Visitor', value: visitorName }, ...(post.page ? pageFields(post.page) : [])])),
          message(`${post.agentName}, you have joined the chat. Write here to answer.`),
          message(
            `Everything written in this channel is sent to the visitor. To end the chat press the button, or write ${endCommand}.`,
          ),
          actions(button('End Chat', makeButtonValue('end', chatId), 'Danger')),
        ],
      });
    case 'visitorLines':
      return card({ head: visitorLabel(visitorName), subHead, body: [fromVisitor(message(post.text))] });
    case 'notShown':
      return notice('Message not shown', subHead, 'The visitor wrote something that Zoom refuses to show here.');
    case 'notOfTeam':
      return notice('Not sent to the visitor', subHead, notOfTeamWords(post.name));
    case 'mailRefused':
      return notice('Not e-mailed to the visitor', subHead, mailRefusedWords);
    case 'closing':
      return notice('Chat ended', subHead, endedWords[post.by]);
  }
}

function notice(head: string, subHead: string, words: string): Card {
  return card({ head, subHead, body: [message(words, { bold: true })] });
}

/** The welcome card in the inbound channel. */
export function welcomeCard(options: { channelName: string; previewUrl: string; dashboardUrl: string }): Card {
  return card({
    head: 'Welcome to Live Chat',
    subHead: 'Your website visitors, answered from Zoom Team Chat',
    body: [
      message(`New chats from your website appear here, in “${options.channelName}”.`),
      message(
        'Press Join Chat on a card to take a chat: it gets a private channel of its own, so that many can run side by side.',
      ),
      message('Add your colleagues to this channel so that they can join chats too.'),
      link('Test Your Live Chat', options.previewUrl),
      link('Open the dashboard', options.dashboardUrl),
    ],
  });
}

/** The direct message to whoever added the app. */
export function welcomeMessage(options: {
  firstName: string;
  channelName: string;
  previewUrl: string;
  dashboardUrl: string;
}): Card {
  return card({
    head: `Hello ${options.firstName}, Live Chat is connected`,
    body: [
      message(`Chats from your website will appear in the channel “${options.channelName}”. A test takes a minute:`),
      link('Test Your Live Chat', options.previewUrl),
      link('Open the dashboard', options.dashboardUrl),
    ],
  });
}

/** To an administrator: the bot may not post in the inbound channel. */
export function botNotAllowedMessage(channelName: string): Card {
  return card({
    head: 'Live Chat cannot post in a channel',
    body: [
      message(
        `Zoom does not let the app post in “${channelName}”. Open that channel in Zoom, choose Add apps, and add this app. Chats wait until then.`,
      ),
    ],
  });
}

/** To an administrator: the inbound channel was deleted or archived. */
export function inboundChannelGoneMessage(channelName: string, settingsUrl: string): Card {
  return card({
    head: 'Live Chat has no channel for new chats',
    body: [
      message(
        `The channel “${channelName}” was deleted or archived in Zoom. Choose another channel in the settings, or unarchive it. New chats wait until then; nothing is lost.`,
      ),
      link('Choose another channel', settingsUrl),
    ],
  });
}

/** To an administrator: the bot may not post in the channels of single chats. */
export function botNotInChatChannelsMessage(): Card {
  return card({
    head: 'Live Chat cannot post in chat channels',
    body: [
      message(
        'Zoom does not let the app post in the private channels of chats. What visitors write appears there in the name of a colleague, with the visitor’s name in front. To have the app post it, add this app to the chat channel in Zoom.',
      ),
    ],
  });
}

/** To an administrator in whose name a chat channel was made, since it could not be in the owner's. */
export function standsInMessage(ownerName: string): Card {
  return card({
    head: 'Chats go on in your name',
    body: [
      message(
        `Live Chat usually makes the private channels of chats in the name of ${ownerName}, which does not work now. You are an administrator and have added the app, so new ones are made in your name, and you are in them. Ask ${ownerName} to reconnect Zoom to end that.`,
      ),
    ],
  });
}

/** To whoever added the app: the grant no longer works. */
export function reconnectMessage(reconnectUrl: string): Card {
  return card({
    head: 'Reconnect Live Chat to Zoom',
    body: [
      message(
        'Zoom no longer accepts the authorization of this app, so chats wait. Add the app again to go on; nothing is lost.',
      ),
      link('Reconnect Zoom', reconnectUrl),
    ],
  });
}
