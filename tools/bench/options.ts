import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface BenchOptions {
  /** Names of the sections to run; undefined for all. */
  only: string[] | undefined;
  /** Length of each measurement at human pace, s; the steps of a search take a fifth of it. */
  seconds: number;
  /** File for the results. */
  json: string | undefined;
  /** Folder for CPU profiles of worker and api. */
  profile: string | undefined;
  help: boolean;
}

/** Faults in the command line, in words. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export const usage = (names: readonly string[]): string =>
  [
    'npm run bench -- [options]',
    `  --only a,b       only these sections: ${names.join(', ')}`,
    '  --seconds 20     length of each measurement at human pace',
    '  --json file      also writes the figures to a file',
    '  --profile folder writes CPU profiles of worker and api there, and prints where their time went',
    'The exit code is 1 when a bound is missed or a section could not be finished.',
  ].join('\n');

/** @throws UsageError */
export function readOptions(args: readonly string[], names: readonly string[]): BenchOptions {
  const { values } = parse(args);
  const only = values.only
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0)
    throw new UsageError(`There is no section ${unknown.join(', ')}. Known: ${names.join(', ')}.`);
  const seconds = Number(values.seconds);
  if (!(seconds >= 1 && seconds <= 600)) throw new UsageError('--seconds must be a number from 1 to 600.');
  return {
    only,
    seconds,
    json: values.json,
    profile: values.profile,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        seconds: { type: 'string', default: '20' },
        json: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
