import type { Target } from './target.ts';

/** One thing that a stranger would try. */
export interface Attack {
  name: string;
  /** What the stranger wants, in a few words. */
  title: string;
  /**
   * Tries it, and says what was seen.
   * @throws when it could not be tried at all: the system then did something that nobody expected.
   */
  run: (target: Target, seen: Seen) => Promise<void>;
}

/** Longest text of an input in a line. */
const mostShown = 160;

/** What was seen of an attack: it held while nothing is wrong. */
export class Seen {
  readonly #notes: string[] = [];
  readonly #wrong: string[] = [];

  /** Something to know, whether it held or not. */
  note(what: string): void {
    this.#notes.push(what);
  }

  /** @param ok what must be so. @param what names it in words when it is not. */
  expect(ok: boolean, what: string): void {
    if (!ok) this.#wrong.push(what);
  }

  /** The same for many inputs at once: `count` of them held, and those that did not are named. */
  expectAll(what: string, tried: readonly { input: string; ok: boolean; saw: string }[]): void {
    const wrong = tried.filter(({ ok }) => !ok);
    this.#wrong.push(...wrong.map(({ input, saw }) => `${what}: ${shown(input)} → ${shown(saw)}`));
    if (wrong.length === 0) this.note(`${tried.length} × ${what}`);
  }

  /** What was wrong; empty when it held. */
  get wrong(): readonly string[] {
    return this.#wrong;
  }

  get notes(): readonly string[] {
    return this.#notes;
  }
}

/** An input as a line can show it: strangers' inputs have control and hidden characters, and are long. */
function shown(text: string): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16) ?? ''}}`);
  return line.length > mostShown ? `${line.slice(0, mostShown)}…` : line;
}

/** How an attack ended. */
export interface Outcome {
  name: string;
  seconds: number;
  verdict: 'held' | 'did not hold' | 'not tried';
  /** One sentence or more: what was seen. */
  saw: string;
}

/** Tries one attack. Never throws, but for the signal. */
export async function attempt({ name, run }: Attack, target: Target): Promise<Outcome> {
  const begun = performance.now();
  const seen = new Seen();
  const ended = (verdict: Outcome['verdict'], saw: readonly string[]): Outcome => {
    return { name, verdict, saw: saw.join('; '), seconds: (performance.now() - begun) / 1_000 };
  };
  try {
    await run(target, seen);
  } catch (error) {
    target.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return ended(seen.wrong.length > 0 ? 'did not hold' : 'not tried', [...seen.wrong, reason]);
  }
  return seen.wrong.length > 0 ? ended('did not hold', seen.wrong) : ended('held', seen.notes);
}

/** The line of an attack. */
export function line({ name, verdict, saw, seconds }: Outcome): string {
  const words = { held: 'held        ', 'did not hold': 'DID NOT HOLD', 'not tried': 'NOT TRIED   ' }[verdict];
  return `${words}  ${name.padEnd(22)} ${seconds.toFixed(1).padStart(5)} s  ${saw}`;
}
