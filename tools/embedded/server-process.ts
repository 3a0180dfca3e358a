import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessRecord } from './process-record.ts';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running server that we started. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, whatever the reason. */
  readonly exited: Promise<Exit>;
  /** Asks it to end (SIGTERM), kills it after its grace time, and resolves when it has ended. */
  stop(): Promise<void>;
  /** Sends a signal; resolves when the process has ended, at once for signals that do not end it, such as SIGSTOP. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** A server that did not come up; the message says why in one sentence, with the last lines of its log. */
export class ServerStartError extends Error {
  override name = 'ServerStartError';
}

export interface ServerOptions {
  /** For messages: "Temporal". */
  title: string;
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Where standard output and error go: appended to a file, or handed over line by line. */
  log: { file: string } | LineLog;
  record: ProcessRecord;
  /** Resolves when the server answers; called again and again until it does. */
  ready(pid: number): Promise<void>;
  /** How long it may take to answer, in milliseconds. */
  readyMs: number;
  /** Keeps its standard input open, for a server that ends when that closes. */
  holdStdin?: boolean;
  /** How long it may take to end after SIGTERM before it is killed, in milliseconds. Default 5 s. */
  stopGraceMs?: number;
  /** Gives up starting: the server is stopped and the reason of the signal thrown. */
  signal?: AbortSignal | undefined;
}

/** Takes a process's output line by line. */
export interface LineLog {
  onLine(stream: 'stdout' | 'stderr', line: string): void;
  /** The last lines, for a message about a failed start. */
  tail(): string;
}

const pauses: readonly NodeJS.Signals[] = ['SIGSTOP', 'SIGCONT'];
const pollMs = 50;
const lastWordsMs = 300;

/**
 * Starts a server and waits until it answers. It gets a process group of its own, so that Ctrl-C in a terminal reaches
 * only the supervisor, which stops its servers in order.
 *
 * @throws ServerStartError when it ends or does not answer in time; it is not running then.
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  options.signal?.throwIfAborted();
  const { log, record } = options;
  if ('file' in log) await mkdir(dirname(log.file), { recursive: true });
  // Straight into the file: a pipe through us would break, and the server with it, when we are killed.
  const output = 'file' in log ? openSync(log.file, 'a') : 'pipe';
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [options.holdStdin === true ? 'pipe' : 'ignore', output, output],
    detached: true,
  });
  if (typeof output === 'number') closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw new ServerStartError(`${options.title} could not be started: ${error.message}.`);
  }
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  if (!('file' in log)) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const input = child[stream];
      if (input !== null) createInterface({ input }).on('line', (line) => log.onLine(stream, line));
    }
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      record.remove(pid);
      const settle = () => resolve({ code, signal });
      // Its last words may still be on their way; a helper of it that holds the pipe open must not keep us waiting.
      child.once('close', settle);
      setTimeout(settle, lastWordsMs).unref();
    });
  });
  record.add(pid);
  const server: ServerProcess = {
    pid,
    exited,
    async stop() {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), options.stopGraceMs ?? 5_000);
      await exited;
      clearTimeout(force);
    },
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      if (!pauses.includes(signal)) await exited;
    },
  };
  await untilReady(options, server);
  return server;
}

async function untilReady(options: ServerOptions, server: ServerProcess): Promise<void> {
  const { title, readyMs, signal } = options;
  let ended: Exit | undefined;
  const fault = server.exited.then((exit): never => {
    ended = exit;
    throw new Error('it ended');
  });
  fault.catch(() => undefined);
  const hasEnded = (): boolean => ended !== undefined;
  const deadline = Date.now() + readyMs;
  let lastFault: unknown;
  while (Date.now() < deadline) {
    try {
      await Promise.race([options.ready(server.pid), fault]);
      // An answer can come from another server on the same port while ours has just failed for that port.
      if (!hasEnded()) return;
    } catch (error) {
      lastFault = error;
    }
    if (hasEnded()) {
      const tail = await logTail(options.log);
      throw new ServerStartError(`${title} ended while starting (${describeExit(ended)}). Its last lines: ${tail}`);
    }
    if (signal?.aborted === true) {
      await server.stop();
      signal.throwIfAborted();
    }
    await delay(pollMs);
  }
  const tail = await logTail(options.log);
  await server.stop();
  const reason = lastFault instanceof Error ? lastFault.message : String(lastFault);
  throw new ServerStartError(`${title} did not answer within ${readyMs / 1000} s (${reason}). Its last lines: ${tail}`);
}

/** "exit code 1" or "signal SIGKILL". */
export function describeExit(exit: Exit | undefined): string {
  const signal = exit?.signal ?? undefined;
  return signal === undefined ? `exit code ${exit?.code ?? 'unknown'}` : `signal ${signal}`;
}

async function logTail(log: ServerOptions['log']): Promise<string> {
  const text = 'file' in log ? await readFile(log.file, 'utf8').catch(() => '') : log.tail();
  const lines = text.trimEnd().split('\n').slice(-5).join(' | ').slice(-1_000);
  return lines === '' ? '(none)' : lines;
}
