import type { EndedBy, FailureReason, Hold, MessageStatus, Notice, Session } from './state.ts';

/** Every word the widget shows. A translation is one more object of this type in `catalogues`. */
export interface Texts {
  /** Language of the texts themselves, for the `lang` attribute. */
  lang: string;
  dir: 'ltr' | 'rtl';

  widget: string;
  openChat: string;
  closeChat: string;
  unread: Counted;

  /** Heading until the team's name is known. */
  title: string;
  /** Who of the team is in the chat; `#` stands for their names. */
  here: Counted;
  connecting: string;
  reconnecting: string;
  disconnected: string;
  offlineBanner: string;
  /** Why a message waits, and what becomes of it. */
  hold: Record<Hold, string>;
  loading: string;

  greetingTitle: string;
  greeting: string;
  /** Where the chat stands. */
  notice: Record<Notice, string>;
  /** `#` stands for the agent's name. */
  agentJoined: string;
  agentLeft: string;
  lastAgentLeft: string;
  reopened: string;
  reopenedBy: string;
  /** `#` stands for the address. */
  emailGiven: string;
  emailLabel: string;
  emailSave: string;
  emailInvalid: string;

  messages: string;
  you: string;
  /** Accessible name of a message's files. */
  attachments: string;
  edited: string;
  deleted: string;
  status: Record<MessageStatus, string>;
  failure: Record<FailureReason, string>;
  retry: string;
  remove: string;

  message: string;
  placeholder: string;
  /** The same once the chat has ended and can be gone on with. */
  placeholderEnded: string;
  send: string;
  charactersLeft: Counted;
  charactersOver: Counted;

  endChat: string;
  endQuestion: string;
  endConfirm: string;
  endCancel: string;
  ending: string;
  ended: Record<EndedBy, string>;
  newChat: string;

  fatal: Record<NonNullable<Session['fatal']>, string>;
}

/** A text for each of the language's plural forms; `#` stands for the number. */
type Counted = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

const ended = 'This chat has ended.';
const busy = 'Everybody is busy at the moment.';

const en: Texts = {
  lang: 'en',
  dir: 'ltr',

  widget: 'Live chat',
  openChat: 'Open chat',
  closeChat: 'Close chat',
  unread: { one: '# unread message', other: '# unread messages' },

  title: 'Chat with us',
  here: { one: '# is here', other: '# are here' },
  connecting: 'Connecting…',
  reconnecting: 'Reconnecting…',
  disconnected: 'Not available',
  offlineBanner: 'No connection. Your messages will be sent as soon as it is back.',
  hold: {
    busy: 'Very many people are writing to us. Your message waits here and is sent in a few minutes.',
    full: 'The team has yet to read your messages. This one waits here and is sent after that.',
  },
  loading: 'Loading your conversation…',

  greetingTitle: 'Hello! How can we help?',
  greeting: 'Send us a message. Our team will answer you here.',
  notice: {
    sending: 'Sending this to the team…',
    told: 'The team has been told. Somebody will join you shortly.',
    trouble:
      'Your message is safe with us, but it does not get through to the team just now. ' +
      'It will be passed on as soon as it can.',
    missed: `${busy} The team has your messages and will answer you here.`,
    missedUnsent: `${busy} Somebody will answer you here as soon as they can.`,
  },
  agentJoined: '# joined the chat',
  agentLeft: '# left the chat',
  lastAgentLeft: '# has left. We are looking for somebody else.',
  reopened: 'The chat goes on.',
  reopenedBy: '# has reopened the chat.',
  emailGiven: 'We will also answer you at #.',
  emailLabel: 'E-mail address, for our answer (optional)',
  emailSave: 'Save address',
  emailInvalid: 'Please write a whole address, like name@example.org.',

  messages: 'Messages',
  you: 'You',
  attachments: 'Files',
  edited: 'edited',
  deleted: 'Message deleted',
  status: { sending: 'Sending', accepted: 'Sent', delivered: 'Delivered', failed: 'Not sent' },
  failure: {
    too_long: 'This message is too long.',
    refused: 'This message could not be sent.',
    ended: 'The chat had ended.',
  },
  retry: 'Retry',
  remove: 'Remove',

  message: 'Message',
  placeholder: 'Write a message…',
  placeholderEnded: 'Write to go on with this chat…',
  send: 'Send',
  charactersLeft: { one: '# character left', other: '# characters left' },
  charactersOver: { one: '# character too many', other: '# characters too many' },

  endChat: 'End chat',
  endQuestion: 'End this chat?',
  endConfirm: 'Yes, end it',
  endCancel: 'Keep chatting',
  ending: 'Ending the chat…',
  ended: {
    visitor: 'You ended this chat.',
    agent: 'The team ended this chat.',
    idle: 'This chat ended after a while of silence.',
    operator: ended,
    system: ended,
  },
  newChat: 'Start a new chat',

  fatal: {
    unknown_widget: 'Chat is not available on this page.',
    not_available: 'This chat is not available right now.',
    unsupported_version: 'Please reload the page to go on with the chat.',
  },
};

const catalogues: Record<string, Texts> = { en };

/** Texts and formats of one language. */
export interface Locale {
  texts: Texts;
  /** The time of day; for another day than today with the date. */
  time: (at: number) => string;
  /** The plural form for `count`, with the number in it. */
  count: (forms: Counted, count: number) => string;
  /** The plural form for these names, with the names in it. */
  list: (forms: Counted, names: readonly string[]) => string;
}

/** Makes a locale from language tags in order of preference: the first that there are texts for. */
export function createLocale(preferred: readonly (string | undefined)[]): Locale {
  // Language and region are enough. Dates follow the language of the texts, so that no sentence mixes two.
  const tags = preferred.map((wanted = '') => /^([a-z]{2,3})(-[a-z]{2})?(?![a-z])/i.exec(wanted));
  const [tag, language = 'en'] = tags.find((found) => found?.[1] && found[1] in catalogues) ?? ['en'];
  const texts = catalogues[language] ?? en;
  const time = new Intl.DateTimeFormat(tag, { timeStyle: 'short' });
  const date = new Intl.DateTimeFormat(tag, { dateStyle: 'medium' });
  const names = new Intl.ListFormat(tag);
  const plural = (forms: Counted, count: number, shown: string): string =>
    (forms[new Intl.PluralRules(tag).select(count)] ?? forms.other).replace('#', () => shown);
  return {
    texts,
    time(at) {
      const day = date.format(at);
      return (day === date.format(Date.now()) ? '' : `${day}, `) + time.format(at);
    },
    count: (forms, count) => plural(forms, count, `${count}`),
    list: (forms, listed) => plural(forms, listed.length, names.format(listed)),
  };
}
