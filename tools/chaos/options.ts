import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What is killed with SIGKILL and started again. */
export const killTargets = ['worker', 'api', 'temporal', 'mongo'] as const;
export type KillTarget = (typeof killTargets)[number];

/** What people change in Zoom while chats go on; each is repaired after some seconds, as a person would. */
export const worldFaultKinds = [
  'inbound-archived',
  'inbound-deleted',
  'inbound-renamed',
  'chat-channel-archived',
  'chat-channel-deleted',
  'chat-channel-renamed',
  'owner-deactivated',
  'bot-removed',
  'scope-removed',
  'content-refused',
  'outsider-writes',
  'other-bot-writes',
  'app-removed',
] as const;
export type WorldFaultKind = (typeof worldFaultKinds)[number];

/** What else is done to the system; docs/promise.md says what each means. */
export const faultKinds = [
  'cut',
  'half-open',
  'slow-network',
  'rate-limited',
  'error-before',
  'error-after',
  'reset-after',
  'hang-after',
  'slow-zoom',
  'duplicate-webhook',
  'late-webhook',
  'reordered-webhook',
  'lost-webhook',
  'expired-tokens',
  'regrant',
  'reroute',
  'lost-refresh',
  'late-effect',
  ...worldFaultKinds,
] as const;
export type FaultKind = (typeof faultKinds)[number];

/**
 * Left out unless asked for: Zoom does what it was asked only after the caller has long given up and looked. Nothing
 * that Zoom offers shows the caller then, so a duplicate cannot be avoided.
 */
const optIn: readonly FaultKind[] = ['late-effect'];

export interface ChaosOptions {
  /** How long chats go on under faults, s. */
  seconds: number;
  chats: number;
  /** Messages a second and chat, both directions together. */
  pace: number;
  seed: number;
  kill: readonly KillTarget[];
  /** Between kills, s. */
  killEvery: number;
  faults: readonly FaultKind[];
  /** Longest wait in which nothing more arrives, once the faults have stopped, s. */
  settle: number;
  /** Multiplies Zoom's waits of 5, 20 and 60 minutes between tries of a webhook. */
  retryScale: number;
  /** Keep the data folder with the logs. It is kept anyway after a difference. */
  keep: boolean;
  /** Say what is done, as it is done. */
  verbose: boolean;
}

/** Without a seed each run is a new one. */
export const defaultOptions: Omit<ChaosOptions, 'seed'> = {
  seconds: 60,
  chats: 12,
  pace: 1,
  kill: killTargets,
  killEvery: 7,
  faults: faultKinds.filter((kind) => !optIn.includes(kind)),
  settle: 120,
  retryScale: 0.005,
  keep: false,
  verbose: false,
};

/** The options are wrong; the message is for the person at the terminal. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export const usage = `npm run chaos -- [options]
  --seconds N      how long chats go on under faults (${defaultOptions.seconds})
  --chats N        chats at once (${defaultOptions.chats})
  --pace X         messages a second and chat, both directions together (${defaultOptions.pace})
  --seed N         the same seed plans the same run (a new one, which the report names)
  --kill A,B       of ${killTargets.join(', ')}; or none (all)
  --kill-every S   seconds between kills (${defaultOptions.killEvery})
  --faults A,B     of ${faultKinds.join(', ')};
                   all, or none (all but ${optIn.join(', ')})
  --settle S       longest wait afterwards in which nothing more arrives (${defaultOptions.settle})
  --retry-scale X  Zoom's 5, 20 and 60 minutes between tries of a webhook times this (${defaultOptions.retryScale})
  --keep           keep the data folder with the logs
  --verbose        say what is done, as it is done`;

export function newSeed(): number {
  return randomInt(1_000_000);
}

/** @throws UsageError */
export function readOptions(args: readonly string[]): ChaosOptions {
  const values = parsed(args);
  const number = (name: keyof typeof values, fallback: number, least: number): number => {
    const given = values[name];
    if (typeof given !== 'string') return fallback;
    const value = Number(given);
    if (!Number.isFinite(value) || value < least) throw new UsageError(`--${name} must be a number from ${least} on.`);
    return value;
  };
  return {
    seconds: number('seconds', defaultOptions.seconds, 1),
    chats: Math.floor(number('chats', defaultOptions.chats, 1)),
    pace: number('pace', defaultOptions.pace, 0.01),
    seed: Math.floor(number('seed', newSeed(), 0)),
    kill: list('kill', values.kill, killTargets, defaultOptions.kill),
    killEvery: number('kill-every', defaultOptions.killEvery, 1),
    faults: list('faults', values.faults, faultKinds, defaultOptions.faults),
    settle: number('settle', defaultOptions.settle, 1),
    retryScale: number('retry-scale', defaultOptions.retryScale, 0),
    keep: values.keep === true,
    verbose: values.verbose === true,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: text,
        chats: text,
        pace: text,
        seed: text,
        kill: text,
        'kill-every': text,
        faults: text,
        settle: text,
        'retry-scale': text,
        keep: flag,
        verbose: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function list<T extends string>(
  name: string,
  given: string | undefined,
  known: readonly T[],
  fallback: readonly T[],
): readonly T[] {
  if (given === undefined) return fallback;
  if (given === 'none') return [];
  if (given === 'all') return known;
  return given.split(',').map((word) => {
    const found = known.find((one) => one === word.trim());
    if (found === undefined) throw new UsageError(`--${name} knows no “${word}”: it takes ${known.join(', ')}.`);
    return found;
  });
}

/** The command that does the same run again. */
export function commandOf(options: ChaosOptions): string {
  const words = [`--seed ${options.seed}`];
  const add = (name: string, value: unknown, usual: unknown): void => {
    if (String(value) !== String(usual)) words.push(`--${name} ${String(value) === '' ? 'none' : String(value)}`);
  };
  add('seconds', options.seconds, defaultOptions.seconds);
  add('chats', options.chats, defaultOptions.chats);
  add('pace', options.pace, defaultOptions.pace);
  add('kill', options.kill, defaultOptions.kill);
  add('kill-every', options.killEvery, defaultOptions.killEvery);
  add('faults', options.faults, defaultOptions.faults);
  add('settle', options.settle, defaultOptions.settle);
  add('retry-scale', options.retryScale, defaultOptions.retryScale);
  return `npm run chaos -- ${words.join(' ')}`;
}
