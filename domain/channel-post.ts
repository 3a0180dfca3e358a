import { commands, endCommand, noteMark } from './commands.ts';
import type { EndedBy } from './transcript.ts';
import type { AboutVisitor } from './visitor.ts';

/** What the app tells the team in a chat channel. */
export type ChannelNote =
  /** The visitor does not see what somebody writes; their name may be unknown. */
  | { about: 'notOfTeam'; name: string }
  /** Somebody has written after the end; `mayReopen`: the chat can still go on. */
  | { about: 'ended'; mayReopen: boolean }
  /** Something that begins like a command is none. */
  | { about: 'unknownCommand' }
  | { about: 'help' }
  /** A reply in a thread stayed in the team; by a button it goes to the visitor. */
  | { about: 'threadReply' }
  /** It cannot be sent any more: too much was written since. */
  | { about: 'threadReplyForgotten' }
  /** Lines of a message stayed in the team, and the rest of it was sent. */
  | { about: 'partlyNote' }
  /** Files of an agent that the visitor does not get. */
  | { about: 'filesNotSent'; names: string[] }
  /** The visitor is away, and their mail server refuses what agents wrote. */
  | { about: 'mailRefused' }
  /** One more agent has joined, beside those who are in. */
  | { about: 'joined'; name: string; others: string[] }
  /** Nobody of the team is in any more. */
  | { about: 'nobodyLeft'; name: string }
  /** The chat goes on after its end; by the visitor where no name is given. */
  | { about: 'reopened'; name?: string }
  /** Nobody in the account has this address, or they cannot be let in. */
  | { about: 'notLetIn'; who: string };

/** One post of ours into a chat channel: what Zoom takes as one message. */
export type ChannelPost =
  /** First post: who this is about and how to answer. */
  | { kind: 'greeting'; agentName: string; about?: AboutVisitor }
  /**
   * What the visitor wrote: whole messages joined by line breaks, or one part of a message that is too long for one
   * post. `written` says where in the text each message begins, and when it was written, ms: for what was not posted at
   * once, or stands beside others.
   */
  | {
      kind: 'visitorLines';
      text: string;
      firstSeq: number;
      lastSeq: number;
      part?: { number: number; of: number };
      written?: { start: number; at: number }[];
    }
  /** Zoom refuses to show what the visitor wrote: the team is told that there is something. */
  | { kind: 'notShown'; firstSeq: number; lastSeq: number }
  /** The app has something to say to the team; the `number` counts a chat's notes. */
  | { kind: 'note'; number: number; note: ChannelNote }
  /** The `number` counts the ends of a chat that was reopened, from 1. */
  | { kind: 'closing'; number: number; by: EndedBy };

/** Where a chat stands, as the first card in its channel says it. */
export interface ChannelHead {
  agents: string[];
  endedBy?: EndedBy;
}

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
    case 'note':
      return `#note ${post.number}`;
    case 'closing':
      return post.number === 1 ? '#end' : `#end ${post.number}`;
  }
}

const endOf = (chatId: string): string => chatId.slice(-6);

const markAtEnd = /(?:^| · )#(?:\d+(?:–\d+)?(?: \(\d+\/\d+\))?(?: not shown)?|note \d+|end(?: \d+)?) · (.{1,6})$/u;

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
export function postText(chatId: string, visitorName: string, post: ChannelPost): string {
  const mark = postMark(chatId, post);
  const notice = (...lines: string[]) => [`Live Chat · ${mark}`, ...lines].join('\n');
  switch (post.kind) {
    case 'greeting':
      return notice(
        `What you write here is sent to a visitor; write ${endCommand} to end the chat.`,
        teamOnlyWords,
        visitorLabel(visitorName),
      );
    case 'visitorLines':
      return [`${visitorLabel(visitorName)} · ${mark}`, ...post.text.split('\n').map((line) => quoteMark + line)].join(
        '\n',
      );
    case 'notShown':
      return notice('The visitor wrote something that Zoom refuses to show here.');
    case 'note':
      return notice(...Object.values(noteWords(post.note)));
    case 'closing':
      return notice(endedWords[post.by]);
  }
}

/** What the visitor never sees. */
export const teamOnlyWords = `A line that begins with ${noteMark} and replies in a thread stay in the team.`;

const commandList = Object.entries(commands)
  .map(([name, what]) => `!${name} ${what}`)
  .join(' · ');

/** What a note says: what it is about, and more. */
export function noteWords(note: ChannelNote): { head: string; words: string } {
  switch (note.about) {
    case 'notOfTeam': {
      const who = note.name === '' ? 'Somebody who writes here' : `“${note.name}”`;
      const words = `${who} is not a member of this Zoom account: the visitor does not see what they write.`;
      return { head: 'Not sent to the visitor', words };
    }
    case 'ended': {
      const words = 'This chat has ended: the visitor does not see what is written here.';
      const more = ' Press Reopen to go on with it, and then write it again.';
      return { head: 'Not sent to the visitor', words: note.mayReopen ? words + more : words };
    }
    case 'unknownCommand':
      return {
        head: 'Not sent to the visitor',
        words: `What begins with ! or / is a command, and this is none: ${commandList}. Write !! for a ! of your own.`,
      };
    case 'help':
      return { head: 'What you can write here', words: `${commandList}. ${teamOnlyWords}` };
    case 'threadReply':
      return { head: 'Not sent to the visitor', words: 'Replies in a thread stay in the team.' };
    case 'partlyNote':
      return {
        head: 'Partly sent to the visitor',
        words: `Lines that begin with ${noteMark} stay in the team. The rest of the message was sent.`,
      };
    case 'threadReplyForgotten':
      return {
        head: 'Not sent to the visitor',
        words: 'That reply is too old: write it again, outside of the thread.',
      };
    case 'filesNotSent':
      return {
        head: 'File not sent to the visitor',
        words: `The visitor sees only the name of ${listNames(note.names)}: files are not passed on. Send a link.`,
      };
    case 'mailRefused':
      return {
        head: 'Not e-mailed to the visitor',
        words:
          'What you wrote could not be e-mailed to the visitor, who is away: the mail server refuses their address. ' +
          'They see it in the chat if they come back.',
      };
    case 'joined':
      return { head: 'One more agent', words: `${note.name} has joined too, beside ${listNames(note.others)}.` };
    case 'nobodyLeft':
      return {
        head: 'Nobody is in this chat',
        words: `${note.name} has left. The chat asks for an agent again, in the inbound channel.`,
      };
    case 'reopened':
      return {
        head: 'The chat goes on',
        words: note.name === undefined ? 'The visitor has written again.' : `${note.name} has reopened it.`,
      };
    case 'notLetIn':
      return { head: 'Not in the chat', words: `“${note.who}” could not be let in: Zoom knows no such active member.` };
  }
}

/** Names in one phrase, as English has them. */
export function listNames(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names);
}

/** The start of what a post of the visitor's words holds, by which its echo is known where it has no mark. */
export function echoKey(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 100);
}
