import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface AttackOptions {
  /** The same seed gives the same inputs. */
  seed: number;
  /** Names of the attacks to try; undefined for all. */
  only: readonly string[] | undefined;
  /** Keep the data folder with the logs. It is kept anyway when an attack did not hold. */
  keep: boolean;
  help: boolean;
}

/** The options are wrong; the message is for the person at the terminal. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export function usage(attacks: readonly { name: string; title: string }[]): string {
  const width = Math.max(...attacks.map(({ name }) => name.length));
  return [
    'npm run attack -- [options]',
    '  --seed N    the same seed makes the same inputs (a new one, which the report names)',
    '  --only A,B  only these attacks (all)',
    '  --keep      keep the data folder with the logs',
    'It attacks a system of its own on this machine, and nothing else.',
    'The exit code is 1 when an attack did not hold or could not be tried. The attacks:',
    ...attacks.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`),
  ].join('\n');
}

/** @throws UsageError */
export function readOptions(args: readonly string[], names: readonly string[]): AttackOptions {
  const { seed, only, keep, help } = parsed(args);
  const number = seed === undefined ? randomInt(1_000_000) : Number(seed);
  if (!Number.isInteger(number) || number < 0) throw new UsageError('--seed must be a whole number from 0 on.');
  const chosen = only?.split(',').map((name) => name.trim());
  const unknown = chosen?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) throw new UsageError(`There is no attack ${unknown.map((name) => `“${name}”`).join(', ')}.`);
  return { seed: number, only: chosen, keep, help };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        only: { type: 'string' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
