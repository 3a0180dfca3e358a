import { endedWords, postMark, type ChannelPost } from '../domain/channel-post.ts';
import { endCommand, makeButtonValue } from '../domain/commands.ts';
import { cardWordsLength, type InboundCardContent } from '../domain/inbound-card.ts';
import { truncateText } from '../domain/text.ts';
import { actions, button, card, fields, link, message, type Card } from '../zoom/index.ts';

/*
 * What the bot's cards say. A post that must not show twice carries a mark by which `cardMarks` recognises it: a
 * chat's card its chat's id in a field, a post into a chat channel its `postMark` in the sub-head.
 */

/** The card of one chat in the inbound channel; edited as the chat goes on. */
export function inboundCard(chatId: string, content: InboundCardContent): Card {
  const { visitorName, page, words, status, agents, channelUrl, endedBy } = content;
  const joined = agents.length > 0;
  return card({
    head: headline(content),
    subHead: page ? pageWords(page) : 'Website chat',
    body: [
      fields([
        { key: 'Visitor', value: visitorName, short: true },
        { key: 'Page', value: page?.url, short: false },
        { key: 'Chat', value: chatId, short: true },
      ]),
      words === '' ? undefined : message(truncateText(words, cardWordsLength)),
      joined ? message(`${listNames(agents)} joined this chat.`, { bold: true }) : undefined,
      endedBy === undefined ? undefined : message(endedWords[endedBy]),
      channelUrl === undefined ? undefined : link('Open the chat channel', channelUrl),
      // Stays after the first agent has joined: colleagues can come in and share the chat.
      status === 'ended'
        ? undefined
        : actions(button('Join Chat', makeButtonValue('join', chatId), joined ? 'Default' : 'Primary')),
    ],
  });
}

/** The same card without anything that the visitor wrote, for when Zoom does not accept that. */
export function withoutVisitorWords({ page: _page, ...content }: InboundCardContent): InboundCardContent {
  return { ...content, visitorName: 'A visitor', words: 'Zoom refuses to show here what the visitor wrote.' };
}

function headline({ visitorName, status, agents }: InboundCardContent): string {
  switch (status) {
    case 'waiting':
    case 'joining':
      return `New chat from ${visitorName}`;
    case 'missed':
      return `Still waiting: ${visitorName}`;
    case 'active':
      return `In conversation: ${visitorName}`;
    case 'ended':
      return agents.length > 0 ? `Chat ended: ${visitorName}` : `Missed chat: ${visitorName}`;
  }
}

function pageWords(page: { url: string; title?: string }): string {
  return page.title !== undefined && page.title !== '' ? page.title : page.url;
}

function listNames(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names);
}

/** A post into the chat channel as the bot shows it. */
export function channelPostCard(chatId: string, visitorName: string, post: ChannelPost): Card {
  const subHead = postMark(post);
  switch (post.kind) {
    case 'greeting':
      return card({
        head: `Chat with ${visitorName}`,
        subHead,
        body: [
          post.page ? fields([{ key: 'Page', value: pageWords(post.page) }]) : undefined,
          message(`${post.agentName}, you have joined the chat with ${visitorName}. Write here to answer.`),
          message(
            `Everything written in this channel is sent to the visitor. To end the chat press the button, or write ${endCommand}.`,
          ),
          actions(button('End Chat', makeButtonValue('end', chatId), 'Danger')),
        ],
      });
    case 'visitorLines':
      return card({ head: visitorName, subHead, body: [message(post.text)] });
    case 'notShown':
      return card({
        head: 'Message not shown',
        subHead,
        body: [message('The visitor wrote something that Zoom refuses to show here.')],
      });
    case 'closing':
      return card({ head: 'Chat ended', subHead, body: [message(endedWords[post.by])] });
  }
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
