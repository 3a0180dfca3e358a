import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { RunOptions, RunResult, System } from '../../../tools/embedded/system.ts';
import { tempFolder } from './temp-folder.ts';

export type Answer = (args: readonly string[], options: RunOptions) => RunResult | Promise<RunResult>;
/** A command line holds the text → its answer. */
export type Rule = readonly [text: string, answer: RunResult | Answer];

export const ok = (output = ''): RunResult => ({ ok: true, fault: '', output });
export const failed = (output: string): RunResult => ({ ok: false, fault: `failed with code 1: ${output}`, output });
export const notFound: RunResult = { ok: false, fault: 'is not installed', output: '' };

/** An empty cache folder for the rest of the test. */
export async function emptyCache(): Promise<string> {
  const cache = await tempFolder();
  vi.stubEnv('LIVE_CHAT_CACHE_DIR', cache);
  onTestFinished(() => void vi.unstubAllEnvs());
  return cache;
}

/**
 * A system in which every command is answered by the first rule whose text its command line contains; what no rule
 * covers is not installed. `calls` are the command lines in order.
 *
 * @param onPath name → path of what is on PATH
 */
export function fakeSystem(
  rules: readonly Rule[],
  onPath: Readonly<Record<string, string>> = {},
): System & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    findOnPath: (name) => Promise.resolve(onPath[name]),
    async run(command, args, options) {
      const line = [command, ...args].join(' ');
      calls.push(line);
      const answer = rules.find(([text]) => line.includes(text))?.[1] ?? notFound;
      return typeof answer === 'function' ? await answer(args, options) : answer;
    },
  };
}

/** Puts a file somewhere, as a download would. */
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
