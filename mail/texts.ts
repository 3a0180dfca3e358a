/** Every word of the mails. A translation is one more object of this type in `catalogues`. */
export interface MailTexts {
  /** Language tag, for the `lang` attribute and for times. */
  lang: string;
  dir: 'ltr' | 'rtl';
  /** @param names who answered; empty when only the team is known. */
  subject: (names: readonly string[], team: string) => string;
  heading: (names: readonly string[], team: string) => string;
  /** Under the messages, for those that did not fit. */
  more: (count: number) => string;
  files: (names: readonly string[]) => string;
  edited: string;
  openChat: string;
  /** Why there is no use in answering the mail. */
  noReply: string;
  /** Why this mail came. */
  why: (team: string) => string;
  stop: string;
}

const englishList = new Intl.ListFormat('en');
const who = (names: readonly string[], team: string) =>
  names.length === 0 ? team : `${englishList.format(names)} (${team})`;

const en: MailTexts = {
  lang: 'en',
  dir: 'ltr',
  subject: (names, team) => `${who(names, team)} answered you`,
  heading: (names, team) => `${who(names, team)} answered you while you were away`,
  more: (count) => (count === 1 ? 'One more message is in the chat.' : `${count} more messages are in the chat.`),
  files: (names) => `${names.length === 1 ? 'File' : 'Files'} in the chat: ${names.join(', ')}`,
  edited: 'edited',
  openChat: 'Open the chat',
  noReply: 'Please answer in the chat: nobody reads what is sent to this address.',
  why: (team) =>
    `You get this e-mail because this address was given in a chat with ${team}. It is used for that chat only.`,
  stop: 'Stop e-mails about this chat',
};

const catalogues: Record<string, MailTexts> = { en };

/** The texts of a language, by its tag; English where there are none. */
export function mailTexts(language = 'en'): MailTexts {
  const [primary = ''] = language.toLowerCase().split('-');
  return (Object.hasOwn(catalogues, primary) ? catalogues[primary] : undefined) ?? en;
}
