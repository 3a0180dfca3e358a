import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessGuard } from './guard.ts';

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
  /** Asks it to end (SIGTERM), kills it after five seconds, and resolves when it has ended. */
  stop(): Promise<void>;
  /** Kills it at once (SIGKILL), as a crash would, and resolves when it has ended. */
  kill(): Promise<void>;
}

/** A server that did not come up; the message says why in one sentence, with the last lines of its log. */
export class ServerStartError extends Error {
  override name = 'ServerStartError';
  /** Another process took the port in the moment between choosing and listening. */
  readonly portTaken: boolean;
  /** It ended by itself, unlike one that ran but did not answer. */
  readonly endedItself: boolean;

  constructor(message: string, { portTaken = false, endedItself = false } = {}) {
    super(message);
    this.portTaken = portTaken;
    this.endedItself = endedItself;
  }
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
  guard: ProcessGuard;
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

const defaultStopGraceMs = 5_000;
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
  const child = await spawnLogged(options);
  child.stdin?.on('error', () => undefined);
  const exited = exitOf(child);
  const { pid } = child;
  if (pid === undefined) {
    const { reason } = await exited;
    throw new ServerStartError(`${options.title} could not be started: ${reason ?? 'unknown reason'}.`);
  }
  // Not unref'd: a caller that forgets to stop it keeps running, instead of leaving it behind.
  void exited.then(() => options.guard.forget(pid));
  const server = handle(child, pid, exited, options.stopGraceMs ?? defaultStopGraceMs);
  await options.guard.watch(pid);
  await untilReady(options, server);
  return server;
}

async function spawnLogged(options: ServerOptions): Promise<ChildProcess> {
  const { log } = options;
  const start = (output: number | 'pipe'): ChildProcess =>
    spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.holdStdin === true ? 'pipe' : 'ignore', output, output],
      detached: true,
    });
  if ('file' in log) {
    await mkdir(dirname(log.file), { recursive: true });
    // Straight into the file: a pipe through us would break, and the server with it, when we are killed.
    const file = openSync(log.file, 'a');
    try {
      return start(file);
    } finally {
      closeSync(file);
    }
  }
  const child = start('pipe');
  const follow = (stream: 'stdout' | 'stderr', input: Readable | null): void => {
    if (input === null) return;
    createInterface({ input }).on('line', (line) => {
      log.onLine(stream, line);
    });
  };
  follow('stdout', child.stdout);
  follow('stderr', child.stderr);
  return child;
}

function exitOf(child: ChildProcess): Promise<Exit & { reason?: string }> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const settle = (): void => {
        resolve({ code, signal });
      };
      // Its last words may still be on their way; a helper of it that holds the pipe open must not keep us waiting.
      child.once('close', settle);
      setTimeout(settle, lastWordsMs).unref();
    });
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, reason: error.message });
    });
  });
}

function handle(child: ChildProcess, pid: number, exited: Promise<Exit>, stopGraceMs: number): ServerProcess {
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return {
    pid,
    exited,
    kill,
    async stop() {
      child.kill('SIGTERM');
      const cancel = new AbortController();
      const late = delay(stopGraceMs, 'late' as const, { signal: cancel.signal }).catch(() => undefined);
      if ((await Promise.race([exited, late])) === 'late') await kill();
      cancel.abort();
    },
  };
}

async function untilReady(options: ServerOptions, server: ServerProcess): Promise<void> {
  let ended: Exit | undefined;
  void server.exited.then((exit) => (ended = exit));
  const deadline = Date.now() + options.readyMs;
  let lastFault: unknown;
  while (Date.now() < deadline) {
    try {
      await Promise.race([options.ready(server.pid), server.exited.then(() => Promise.reject(new Error('it ended')))]);
      // An answer can come from a stranger on the same port while ours has just failed for that port.
      if (!hasEnded()) return;
    } catch (error) {
      lastFault = error;
    }
    if (hasEnded()) {
      const tail = await logTail(options.log);
      throw new ServerStartError(
        `${options.title} ended while starting (${describeExit(ended)}). Its last lines: ${tail}`,
        { endedItself: true, portTaken: /address already in use|EADDRINUSE|can't (set|use) .*port/i.test(tail) },
      );
    }
    if (options.signal?.aborted === true) {
      await server.stop();
      options.signal.throwIfAborted();
    }
    await delay(pollMs);
  }
  const tail = await logTail(options.log);
  await server.stop();
  const reason = lastFault instanceof Error ? lastFault.message : String(lastFault);
  throw new ServerStartError(
    `${options.title} did not answer within ${options.readyMs / 1000} s (${reason}). Its last lines: ${tail}`,
  );

  function hasEnded(): boolean {
    return ended !== undefined;
  }
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
