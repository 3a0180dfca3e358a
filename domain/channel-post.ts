import type { EndedBy } from './transcript.ts';

/** One post of ours into a chat channel: what Zoom takes as one message. */
export type ChannelPost =
  /** First post: who this is about and how to answer. */
  | { kind: 'greeting'; agentName: string; page?: { url: string; title?: string } }
  /**
   * What the visitor wrote: whole messages joined by line breaks, or one part of a message that is too long for one
   * post.
   */
  | { kind: 'visitorLines'; text: string; firstSeq: number; lastSeq: number; part?: { number: number; of: number } }
  /** Zoom refuses to show what the visitor wrote: the team is told that there is something. */
  | { kind: 'notShown'; firstSeq: number; lastSeq: number }
  /** Somebody who does not speak for the team has written; the `number` counts them. Their name may be unknown. */
  | { kind: 'notOfTeam'; number: number; name: string }
  /** The visitor's mail server refuses the mail with what agents wrote; the `number` counts them. */
  | { kind: 'mailRefused'; number: number }
  | { kind: 'closing'; by: EndedBy };

/**
 * Longest text of one post, with what marks its lines: below Zoom's 1,024 characters, with room for a line in front
 * that says whose words it holds.
 */
export const postTextLength = 850;

/** In front of each line of a visitor's words where they are plain text: what the app says never begins with it. */
const quoteMark = '│ ';
/** Units by which each line of a visitor's words grows in plain text. */
export const quoteLength = quoteMark.length;

/** Why a chat ended, for the team. */
export const endedWords: Record<EndedBy, string> = {
  visitor: 'The visitor ended this chat.',
  agent: 'This chat has been ended.',
  idle: 'This chat ended because nobody has written for a long time.',
  operator: 'An operator ended this chat.',
  system: 'This chat has ended.',
};

/**
 * A visitor's name as the team sees it. What the app says of itself never begins with “Visitor ·”, so that no name can
 * be taken for a headline of the app or for a colleague.
 */
export function visitorLabel(name: string): string {
  // Who gives no name is called `Visitor` and a part of their chat's id.
  return `Visitor · ${name.replace(/^Visitor /, '')}`;
}

/**
 * What a post carries so that it is recognised in the channel's history, and when it comes back as an event: its place
 * in the chat, and the end of the chat's id. Unique, and short, since people see it. Zoom has no idempotency key, so
 * this is how a repeat finds out that it was posted before.
 */
export function postMark(chatId: string, post: ChannelPost): string {
  return `${placeOf(post)} · ${endOf(chatId)}`;
}

function placeOf(post: ChannelPost): string {
  switch (post.kind) {
    case 'greeting':
      return '#0';
    case 'visitorLines': {
      const range = post.firstSeq === post.lastSeq ? `#${post.firstSeq}` : `#${post.firstSeq}–${post.lastSeq}`;
      return post.part ? `${range} (${post.part.number}/${post.part.of})` : range;
    }
    case 'notShown':
      return `#${post.firstSeq}–${post.lastSeq} not shown`;
    case 'notOfTeam':
      return `#note ${post.number}`;
    case 'mailRefused':
      return `#mail ${post.number}`;
    case 'closing':
      return '#end';
  }
}

const endOf = (chatId: string): string => chatId.slice(-6);

const markAtEnd = /(?:^| · )#(?:\d+(?:–\d+)?(?: \(\d+\/\d+\))?(?: not shown)?|(?:note|mail) \d+|end) · (.{1,6})$/u;

/**
 * Whether a text that was read in a chat's channel is a post of ours, whoever Zoom says wrote it: one of its first two
 * lines, which are the app's, ends with a mark of this chat.
 */
export function isMarked(chatId: string, text: string): boolean {
  return text
    .trim()
    .split('\n', 2)
    .some((line) => markAtEnd.exec(line.trimEnd())?.[1] === endOf(chatId));
}

/** Whether a text in a user's name is the post with this mark. */
export function hasMark(mark: string, text: string): boolean {
  return (text.trim().split('\n', 1)[0] ?? '').endsWith(` · ${mark}`);
}

/**
 * A post as plain text, for when it has to appear as a user's own message. Its first line says whose words follow and
 * ends with the mark; each line of the visitor's words begins with a sign of its own.
 */
export function postText(chatId: string, visitorName: string, post: ChannelPost, endCommand: string): string {
  const mark = postMark(chatId, post);
  const notice = (...lines: string[]) => [`Live Chat · ${mark}`, ...lines].join('\n');
  switch (post.kind) {
    case 'greeting':
      return notice(
        `What you write here is sent to a visitor; write ${endCommand} to end the chat.`,
        visitorLabel(visitorName),
      );
    case 'visitorLines':
      return [`${visitorLabel(visitorName)} · ${mark}`, ...post.text.split('\n').map((line) => quoteMark + line)].join(
        '\n',
      );
    case 'notShown':
      return notice('The visitor wrote something that Zoom refuses to show here.');
    case 'notOfTeam':
      return notice(notOfTeamWords(post.name));
    case 'mailRefused':
      return notice(mailRefusedWords);
    case 'closing':
      return notice(endedWords[post.by]);
  }
}

/** To the team: the visitor's address takes no mail. */
export const mailRefusedWords =
  'What you wrote could not be e-mailed to the visitor, who is away: the mail server refuses their address. ' +
  'They see it in the chat if they come back.';

/** To the team: the visitor does not see what somebody writes. */
export function notOfTeamWords(name: string): string {
  const who = name === '' ? 'Somebody who writes here' : `“${name}”`;
  return `${who} is not a member of this Zoom account: the visitor does not see what they write.`;
}

/** The start of what a post of the visitor's words holds, by which its echo is known where it has no mark. */
export function echoKey(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 100);
}
