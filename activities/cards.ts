import { endCommand, endedWords, type ChannelPost, type EndedBy } from '../domain/channel-post.ts';
import type { ChatStatus } from '../domain/transcript.ts';
import { actions, button, card, fields, link, message, truncate, type Card } from '../zoom/index.ts';

/** Everything the inbound card shows. */
export interface InboundCardView {
  chatId: string;
  visitorName: string;
  /** What the visitor wrote before anybody joined. */
  firstWords: string;
  page?: { url: string; title?: string };
  face: { status: ChatStatus; agents: string[]; messages?: number; channelUrl?: string; endedBy?: EndedBy };
}

/** A button's value names what to do and the chat: opaque, and checked against the account that pressed. */
export const buttonValues = {
  join: (chatId: string) => `join:${chatId}`,
  end: (chatId: string) => `end:${chatId}`,
};

/** What on an inbound card says which chat it is of: its button, or once the chat has ended its id. */
export function cardMarks(chatId: string): string[] {
  return [buttonValues.join(chatId), chatId];
}

/** Longest quote of a visitor's words in the inbound card; the chat channel has them whole. */
const quoteLength = 600;

/** The card of one chat in the inbound channel; edited as the chat goes on. */
export function inboundCard(view: InboundCardView): Card {
  const { chatId, visitorName, firstWords, page, face } = view;
  const ended = face.status === 'ended';
  const joined = face.agents.length > 0;
  return card({
    head: headline(view),
    subHead: page ? pageWords(page) : 'Website chat',
    body: [
      fields([
        { key: 'Visitor', value: visitorName, short: true },
        { key: 'Page', value: page?.url, short: false },
        // Without the button there is nothing else that tells whose card this is, to us or to an operator.
        { key: 'Chat', value: ended ? chatId : undefined, short: true },
      ]),
      message(truncate(firstWords, quoteLength)),
      joined ? message(`${listNames(face.agents)} joined this chat.`, { style: { bold: true } }) : undefined,
      ended && face.endedBy ? message(endedWords[face.endedBy]) : undefined,
      face.channelUrl === undefined ? undefined : link('Open the chat channel', face.channelUrl),
      // Stays after the first agent has joined: colleagues can come in and share the chat.
      ended ? undefined : actions(button('Join Chat', buttonValues.join(chatId), joined ? 'Default' : 'Primary')),
    ],
  });
}

function headline({ visitorName, face }: InboundCardView): string {
  switch (face.status) {
    case 'waiting':
    case 'joining':
      return `New chat from ${visitorName}`;
    case 'missed':
      return `Still waiting: ${visitorName}`;
    case 'active':
      return `In conversation: ${visitorName}`;
    case 'ended':
      return face.agents.length > 0 ? `Chat ended: ${visitorName}` : `Missed chat: ${visitorName}`;
  }
}

function pageWords(page: { url: string; title?: string }): string {
  return page.title !== undefined && page.title !== '' ? page.title : page.url;
}

function listNames(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names);
}

/** A post into the chat channel as the bot shows it. */
export function channelPostCard(chatId: string, visitorName: string, post: ChannelPost, part: string): Card {
  switch (post.kind) {
    case 'greeting':
      return card({
        head: `Chat with ${visitorName}`,
        ...(post.page ? { subHead: pageWords(post.page) } : {}),
        body: [
          message(`${post.agentName}, you have joined the chat with ${visitorName}. Write here to answer.`),
          message(
            `Everything written in this channel is sent to the visitor. To end the chat press the button, or write ${endCommand}.`,
          ),
          actions(button('End Chat', buttonValues.end(chatId), 'Danger')),
        ],
      });
    case 'visitorLines':
      return card({ head: visitorName, body: [message(part)] });
    case 'closing':
      return card({ head: 'Chat ended', body: [message(part)] });
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

/** To the administrator: the bot may not post in a channel. */
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

/** To the administrator: the grant no longer works. */
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
