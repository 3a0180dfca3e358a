import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Effects, RunOptions, RunResult } from '../../../tools/embedded/effects.ts';

export type Answer = (args: readonly string[], options: RunOptions) => RunResult | Promise<RunResult>;

export const ok = (output = ''): RunResult => ({ outcome: 'ok', code: 0, output });
export const failed = (output: string, code = 1): RunResult => ({ outcome: 'failed', code, output });
export const notFound: RunResult = { outcome: 'not-found', output: '' };

/**
 * Effects in which every command is answered by the first rule whose text its command line contains; what no rule
 * covers is not installed. `calls` are the command lines in order.
 */
export function fakeEffects(
  cache: string,
  rules: readonly (readonly [string, RunResult | Answer])[],
  onPath: Readonly<Record<string, string>> = {},
  extra: Partial<Effects> = {},
): Effects & { calls: string[] } {
  const calls: string[] = [];
  return {
    env: { LIVE_CHAT_CACHE_DIR: cache },
    platform: 'linux',
    failedSources: new Map(),
    findOnPath: (name) => Promise.resolve(onPath[name]),
    async run(command, args, options) {
      const line = [command, ...args].join(' ');
      calls.push(line);
      const rule = rules.find(([text]) => line.includes(text));
      if (rule === undefined) return notFound;
      const [, answer] = rule;
      return typeof answer === 'function' ? await answer(args, options) : answer;
    },
    ...extra,
    calls,
  };
}

/** Puts an executable file somewhere, as a download would. */
export async function putFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o644);
}

/** The value after an option. */
export function valueAfter(args: readonly string[], option: string): string {
  const value = args[args.indexOf(option) + 1];
  if (value === undefined) throw new Error(`${option} has no value`);
  return value;
}
