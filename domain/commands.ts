/**
 * What agents can make a chat do: by a button of a card, or by a word in the chat channel. Made and parsed here and
 * nowhere else.
 */

/** What a press or a command asks for. */
export type AgentAction = 'join' | 'end';

const buttonValue = /^(join|end):([A-Za-z0-9_-]{8,40})$/;

/**
 * The value of a button: opaque to Zoom, and only a claim when it comes back (the account is what Zoom vouches for).
 */
export function makeButtonValue(action: AgentAction, chatId: string): string {
  return `${action}:${chatId}`;
}

/** @returns undefined for a value that is none of ours. */
export function parseButtonValue(value: string): { action: AgentAction; chatId: string } | undefined {
  const [, action, chatId] = buttonValue.exec(value) ?? [];
  return action === undefined || chatId === undefined ? undefined : { action: action as AgentAction, chatId };
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

/** Words an agent can write to end a chat where there is no button to press. */
export const endCommand = '!end';

/**
 * What a message of an agent asks for, if it is a command: whatever begins with `!`. It never reaches the visitor,
 * known or not.
 * @returns undefined when it is no command; `unknown` for one that nobody knows.
 */
export function parseCommand(text: string): AgentAction | 'unknown' | undefined {
  const trimmed = text.trim();
  if (!/^![a-z]/i.test(trimmed)) return undefined;
  return trimmed.toLowerCase() === endCommand ? 'end' : 'unknown';
}
