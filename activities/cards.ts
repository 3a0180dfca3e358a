import {
  endedWords,
  listNames,
  noteWords,
  postMark,
  teamOnlyWords,
  visitorLabel,
  type ChannelHead,
  type ChannelNote,
  type ChannelPost,
} from '../domain/channel-post.ts';
import { endCommand, makeButtonValue, type PressedButton } from '../domain/commands.ts';
import { cardWordsLength, type InboundCardContent } from '../domain/inbound-card.ts';
import { truncateText } from '../domain/text.ts';
import { actions, button, card, fields, link, message, section, type Card } from '../zoom/index.ts';
import { earlierChats, visitorFields } from './visitor-card.ts';

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
  const { visitorName, about, words, status, agents, joining, channelUrl, endedBy, isReplaced } = content;
  const isJoinable = status !== 'ended' && !isReplaced;
  return card({
    head: `${headline(content)}: ${visitorLabel(visitorName)}`,
    subHead: inboundCardMark(chatId, content.number),
    body: [
      fromVisitor(
        about && orNothing(fields(visitorFields(about))),
        words === '' ? undefined : message(truncateText(words, cardWordsLength)),
      ),
      about && earlierChats(about),
      ...whoAnswers(content).map((line) => message(line, { bold: true })),
      joining.length > 0 && isJoinable ? message(`${listNames(joining)} is joining…`, { bold: true }) : undefined,
      endedBy === undefined ? undefined : message(endedWords[endedBy], { bold: true }),
      channelUrl === undefined ? undefined : link('Open the chat channel', channelUrl),
      // Stays after the first agent has joined: colleagues can come in and share the chat.
      isJoinable
        ? actions(chatButton('Join Chat', { action: 'join', chatId }, agents.length > 0 ? 'Default' : 'Primary'))
        : undefined,
    ],
  });
}

/** Who is in, and who was. */
function whoAnswers({ agents, wereIn, status, isReplaced }: InboundCardContent): string[] {
  const answered = [...wereIn, ...agents];
  if (isReplaced) return ['There is a newer card for this chat below.'];
  if (status === 'ended') return answered.length > 0 ? [`Answered by ${listNames(answered)}.`] : [];
  return [
    ...(wereIn.length > 0 ? [`${listNames(wereIn)} left this chat.`] : []),
    ...(agents.length > 0 ? [`${listNames(agents)} joined this chat.`] : []),
  ];
}

function chatButton(text: string, pressed: PressedButton, style: Parameters<typeof button>[2]) {
  return button(text, makeButtonValue(pressed), style);
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

/** In a post of its own: visitors wait for an agent, the longest of them for so long, ms. */
export function reminderCard(mark: string, count: number, longestMs: number): Card {
  const minutes = Math.max(1, Math.round(longestMs / 60_000));
  const forLong = new Intl.NumberFormat('en', { style: 'unit', unit: 'minute', unitDisplay: 'long' }).format(minutes);
  return card({
    head: count === 1 ? 'A visitor waits for an agent' : `${count} visitors wait for an agent`,
    subHead: mark,
    body: [
      message(
        count === 1
          ? `They have been waiting for ${forLong}. Press Join Chat on their card above.`
          : `The first of them has been waiting for ${forLong}. Press Join Chat on their cards above.`,
      ),
    ],
  });
}

/** The same card without anything that the visitor wrote, for when Zoom does not accept that. */
export function withoutVisitorWords({ about: _about, ...content }: InboundCardContent): InboundCardContent {
  return { ...content, visitorName: hiddenName, words: 'Zoom refuses to show here what the visitor wrote.' };
}

/** Zoom takes no fields without one. */
function orNothing(element: ReturnType<typeof fields>): typeof element | undefined {
  return element.items.length === 0 ? undefined : element;
}

function headline({ status, agents, wereIn, number, isReplaced }: InboundCardContent): string {
  if (isReplaced) return 'Goes on below';
  switch (status) {
    case 'waiting':
    case 'joining':
      return number > 1 ? 'Needs an agent again' : 'New chat';
    case 'missed':
      return 'Still waiting';
    case 'active':
      return 'In conversation';
    case 'ended':
      return agents.length + wereIn.length > 0 ? 'Chat ended' : 'Missed chat';
  }
}

/** A post into the chat channel as the bot shows it. */
export function channelPostCard(chatId: string, visitorName: string, post: ChannelPost): Card {
  const subHead = postMark(chatId, post);
  switch (post.kind) {
    case 'greeting':
      return greetingCard(chatId, visitorName, post, { agents: [post.agentName] });
    case 'visitorLines':
      return card({ head: visitorLabel(visitorName), subHead, body: messagesOf(post) });
    case 'notShown':
      return notice('Message not shown', subHead, 'The visitor wrote something that Zoom refuses to show here.');
    case 'note': {
      const { head, words } = noteWords(post.note);
      return notice(head, subHead, words, noteButton(chatId, post));
    }
    case 'closing':
      return notice('Chat ended', subHead, endedWords[post.by]);
  }
}

/** What can be done about what a note says. */
function noteButton(chatId: string, { note, number }: { note: ChannelNote; number: number }) {
  if (note.about === 'ended' && note.mayReopen) return chatButton('Reopen', { action: 'reopen', chatId }, 'Primary');
  if (note.about !== 'threadReply') return undefined;
  return chatButton('Send to the visitor', { action: 'send', chatId, noteNumber: number }, 'Default');
}

/** The first card in the chat channel: who this is about, how to answer, and where the chat stands. */
export function greetingCard(
  chatId: string,
  visitorName: string,
  post: Extract<ChannelPost, { kind: 'greeting' }>,
  { agents, endedBy }: ChannelHead,
): Card {
  const isOpen = endedBy === undefined;
  const howTo = [
    message(`${post.agentName}, you have joined the chat. Write here to answer.`),
    message(
      `What is written in this channel is sent to the visitor. ${teamOnlyWords} To end the chat press the button, or write ${endCommand}.`,
    ),
  ];
  return card({
    head: isOpen ? 'Chat with a visitor' : 'Chat ended',
    subHead: postMark(chatId, post),
    body: [
      fromVisitor(fields([{ key: 'Visitor', value: visitorName }, ...(post.about ? visitorFields(post.about) : [])])),
      post.about && earlierChats(post.about),
      ...(isOpen ? howTo : [message(endedWords[endedBy], { bold: true })]),
      isOpen
        ? message(
            agents.length > 0
              ? `${listNames(agents)} answers.`
              : 'Nobody answers now: the chat asks for an agent again.',
            { bold: true },
          )
        : undefined,
      isOpen ? actions(chatButton('End Chat', { action: 'end', chatId }, 'Danger')) : undefined,
    ],
  });
}

/** Each message by itself, with the time at which it was written, which Zoom shows in the reader's own time zone. */
function messagesOf({ text, written }: Extract<ChannelPost, { kind: 'visitorLines' }>) {
  if (!written) return [fromVisitor(message(text))];
  return written.map(({ start, at }, index) => {
    const said = text.slice(start, written[index + 1]?.start).trim();
    return section(visitorColor, [message(said)], at);
  });
}

function notice(head: string, subHead: string, words: string, more?: ReturnType<typeof button>): Card {
  return card({ head, subHead, body: [message(words, { bold: true }), more && actions(more)] });
}

/** To an agent who pressed Join Chat a while ago. */
export function slowJoinMessage(agentName: string, visitorName: string): Card {
  return card({
    head: 'You are joining a chat',
    body: [
      message(
        `${agentName}, Zoom is slow to let you into the chat with “${visitorLabel(visitorName)}”. It goes on by itself: there is no need to press again.`,
      ),
    ],
  });
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
