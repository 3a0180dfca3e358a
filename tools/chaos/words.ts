/**
 * What people write in a run, so that every part of it is known again wherever it appears: `v-03-0007` is what the
 * third visitor wrote seventh, `a-03-0007` what that chat's agents did, `o-…` somebody outside the account, `b-…`
 * another app's bot. Long messages go on with numbered parts (`v-03-0007.001`), since Zoom takes them in several
 * posts. Some are the same words again (`v-03-same`): who looks for words before repeating a post must not take
 * earlier ones for the new ones.
 */
export const words = {
  visitor: (chat: number, n: number) => `v-${two(chat)}-${four(n)}`,
  visitorAgain: (chat: number) => `v-${two(chat)}-same`,
  visitorLong: (chat: number, n: number, length: number) => long(words.visitor(chat, n), length),
  /** What Zoom refuses to show in a run with `content-refused`. */
  visitorRefused: (chat: number, n: number) => `${words.visitor(chat, n)} ${refusedWord}`,
  agent: (chat: number, n: number) => `a-${two(chat)}-${four(n)}`,
  agentAgain: (chat: number) => `a-${two(chat)}-same`,
  /** A command that nobody knows: it is for no visitor. */
  agentCommand: (chat: number, n: number) => `!note ${words.agent(chat, n)}`,
  outsider: (chat: number, n: number) => `o-${two(chat)}-${four(n)}`,
  otherBot: (chat: number, n: number) => `b-${two(chat)}-${four(n)}`,
  visitorName: (chat: number) => `Visitor ${two(chat)}`,
};

export const refusedWord = 'unshowable';

const visitorPart = /\bv-\d{2,}-(?:same|\d{4}(?:\.\d{3})?)(?![\w.])/g;

/** The parts of a visitor's words in a text, in order. */
export function partsIn(text: string): string[] {
  return text.match(visitorPart) ?? [];
}

/** A text without the visitor's words and white space: what should not be there at all. */
export function besides(text: string): string {
  return text.replace(visitorPart, '').replace(/\s+/g, '');
}

/** Whether an agent wrote this for the visitor: nobody outside of the account speaks for the team. */
export function isForVisitor(text: string): boolean {
  return /^a-\d{2,}-/.test(text);
}

/** The number of the chat that a text is about: by its visitor's words or name. */
export function chatIn(text: string): number | undefined {
  const number = /\b(?:v-|Visitor (?:· )?)(\d{2,})\b/.exec(text)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The same words again, numbered by how often they were there before: `v-03-same`, `v-03-same#2`, … */
export function numbered(items: readonly string[]): string[] {
  const times = new Map<string, number>();
  return items.map((item) => {
    if (!item.endsWith('-same')) return item;
    const time = (times.get(item) ?? 0) + 1;
    times.set(item, time);
    return time === 1 ? item : `${item}#${time}`;
  });
}

function long(name: string, length: number): string {
  let text = name;
  for (let part = 1; text.length < length; part += 1) {
    text += ` ${name}.${String(part).padStart(3, '0')}`;
  }
  return text;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function four(n: number): string {
  return String(n).padStart(4, '0');
}
