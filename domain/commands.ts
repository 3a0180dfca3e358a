/**
 * What agents can make a chat do: by a button of a card, or by a word in the chat channel. Made and parsed here and
 * nowhere else.
 */

/** What a press of a button of a chat asks for. */
export type ButtonAction = 'join' | 'end' | 'reopen' | 'send';

const buttonValue = /^(join|end|reopen|send):([A-Za-z0-9_-]{8,40})(?::(\d{1,6}))?$/;

/** A press that was read: `noteNumber` says which note's button it was, for `send`. */
export interface PressedButton {
  action: ButtonAction;
  chatId: string;
  noteNumber?: number;
}

/**
 * The value of a button: opaque to Zoom, and only a claim when it comes back (the account is what Zoom vouches for).
 */
export function makeButtonValue({ action, chatId, noteNumber }: PressedButton): string {
  return `${action}:${chatId}${noteNumber === undefined ? '' : `:${noteNumber}`}`;
}

/** @returns undefined for a value that is none of ours. */
export function parseButtonValue(value: string): PressedButton | undefined {
  const [, action, chatId, number] = buttonValue.exec(value) ?? [];
  if (action === undefined || chatId === undefined || (action === 'send') !== (number !== undefined)) return undefined;
  const noteNumber = number === undefined ? {} : { noteNumber: Number(number) };
  return { action: action as ButtonAction, chatId, ...noteNumber };
}

const checkButtonValue = /^check:([A-Za-z0-9_-]{8,40})$/;

/** The value of the button on the card of a connection check. */
export function makeCheckButtonValue(checkId: string): string {
  return `check:${checkId}`;
}

/** @returns the check's id; undefined for a value that is none of a connection check. */
export function parseCheckButtonValue(value: string): string | undefined {
  return checkButtonValue.exec(value)?.[1];
}

/** The commands, in the order in which the team is told of them, and what each does. */
export const commands = {
  end: 'ends the chat',
  leave: 'takes you out of the chat',
  invite: 'with an e-mail address asks a colleague in',
  transfer: 'gives the chat back to the inbound channel, or with an e-mail address to a colleague',
  help: 'shows this list',
} as const;
export type Command = keyof typeof commands;

/** Ends a chat where there is no button to press. */
export const endCommand = '!end';
/** What a line begins with that stays in the team. */
export const noteMark = '//';

/** What an agent's message in a chat channel is. */
export type AgentWords =
  /** For the visitor. `hasNotes`: lines of it were for the team alone, and are not in the text. */
  | { kind: 'answer'; text: string; hasNotes?: true }
  /** For the team alone. */
  | { kind: 'note' }
  /** `argument`: what stands behind the command's name; empty where nothing does. */
  | { kind: 'command'; command: Command; argument: string }
  /** It looks like a command, and is none: for nobody. */
  | { kind: 'unknownCommand' };

const named = /^[!/]([a-z]+)(?:\s+(\S.*))?$/is;

/**
 * Tell what is for the visitor from what is not: whatever begins with `!` or `/` is a command, known or not, unless it
 * begins with `//` (a note for the team) or with `!!` (an answer that begins with `!`).
 */
export function parseAgentWords(text: string): AgentWords {
  const trimmed = visible(text);
  if (trimmed.startsWith(noteMark)) return { kind: 'note' };
  if (trimmed.startsWith('!!')) return answer(trimmed.slice(1));
  if (!/^[!/]/.test(trimmed)) return answer(text);
  const [, name = '', argument = ''] = named.exec(trimmed) ?? [];
  const command = name.toLowerCase();
  return isCommand(command) && fits(command, argument)
    ? { kind: 'command', command, argument }
    : { kind: 'unknownCommand' };
}

/** Without the lines that are for the team alone. */
function answer(text: string): AgentWords {
  const lines = text.split('\n');
  const forVisitor = lines.filter((line) => !visible(line).startsWith(noteMark));
  if (forVisitor.length === lines.length) return { kind: 'answer', text };
  return { kind: 'answer', text: forVisitor.join('\n').trim(), hasNotes: true };
}

/** From the first sign on that can be seen. */
function visible(text: string): string {
  return text.replace(/^[\s\p{Cf}]+/u, '').trimEnd();
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(commands, name);
}

const emailLike = /^[^\s@]{1,100}@[^\s@]{1,150}$/;

/** A command with something behind it that it does not take is none: `!end now please` is not meant to end the chat. */
function fits(command: Command, argument: string): boolean {
  switch (command) {
    case 'invite':
      return emailLike.test(argument);
    case 'transfer':
      return argument === '' || emailLike.test(argument);
    default:
      return argument === '';
  }
}
