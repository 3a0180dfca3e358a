import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** How a command ended. `output` is stdout and stderr together, cut to its last 64 KiB. */
export interface RunResult {
  outcome: 'ok' | 'failed' | 'not-found' | 'timed-out' | 'stalled' | 'aborted';
  /** Exit code when the command ended by itself. */
  code?: number;
  output: string;
}

export interface RunOptions {
  /** Ends the command and all it started after this many milliseconds. */
  timeoutMs: number;
  cwd?: string;
  /** Added to the current environment. */
  env?: Record<string, string>;
  /** A folder the command downloads into: the command is ended when the folder has not grown for `stallMs`. */
  growing?: { folder: string; stallMs: number };
  /** Ends the command when aborted. */
  signal?: AbortSignal;
  /** Called every 15 seconds or so while the command runs. `bytes` is the size of `growing.folder`. */
  onProgress?: (progress: { seconds: number; bytes: number }) => void;
}

/** Everything the binary finders do outside this process, so that a test can let each step fail. */
export interface Effects {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  /** Full path of an executable on PATH, or undefined. */
  findOnPath(name: string): Promise<string | undefined>;
  /** Runs a command to its end. Never throws for what the command does. */
  run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult>;
  /** Why a source failed earlier in this run, by source; a source in here is not tried again. */
  failedSources: Map<string, string>;
}

const progressIntervalMs = 15_000;
const growthIntervalMs = 5_000;
const keptOutput = 64 * 1024;
/** Shared by all calls of one process: with no network, the second server need not wait for the same failure again. */
const failedSources = new Map<string, string>();

/** The real effects of this process. */
export function systemEffects(env: Effects['env'] = process.env): Effects {
  return {
    env,
    platform: process.platform,
    failedSources,
    findOnPath: (name) => findOnPath(name, env['PATH'] ?? '', process.platform),
    run,
  };
}

async function findOnPath(name: string, path: string, platform: NodeJS.Platform): Promise<string | undefined> {
  const file = platform === 'win32' ? `${name}.exe` : name;
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    const candidate = join(folder, file);
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what the command started (pip's and Go's helpers) can be ended with it.
      detached: process.platform !== 'win32',
    });
    let output = '';
    let ended: RunResult['outcome'] | undefined;
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-keptOutput);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);

    const end = (why: 'timed-out' | 'stalled' | 'aborted'): void => {
      ended ??= why;
      killGroup(child.pid);
    };
    const timeout = setTimeout(() => {
      end('timed-out');
    }, options.timeoutMs);
    const progress = watchProgress(options, () => {
      end('stalled');
    });
    const onExit = (): void => {
      killGroup(child.pid);
    };
    process.once('exit', onExit);
    const onAbort = (): void => {
      end('aborted');
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (options.signal?.aborted === true) onAbort();

    const settle = (result: RunResult): void => {
      clearTimeout(timeout);
      clearInterval(progress);
      process.off('exit', onExit);
      options.signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle({ outcome: error.code === 'ENOENT' ? 'not-found' : 'failed', output: error.message });
    });
    child.once('close', (code) => {
      if (ended !== undefined) settle({ outcome: ended, output });
      else settle({ outcome: code === 0 ? 'ok' : 'failed', ...(code === null ? {} : { code }), output });
    });
  });
}

function watchProgress(options: RunOptions, onStall: () => void): NodeJS.Timeout | undefined {
  const { growing, onProgress } = options;
  if (growing === undefined && onProgress === undefined) return undefined;
  const started = Date.now();
  let largest = 0;
  let grownAt = started;
  let toldAt = started;
  return setInterval(
    () => {
      void (async () => {
        const bytes = growing === undefined ? 0 : await folderSize(growing.folder);
        if (bytes > largest) {
          largest = bytes;
          grownAt = Date.now();
        }
        if (Date.now() - toldAt >= progressIntervalMs) {
          toldAt = Date.now();
          onProgress?.({ seconds: Math.round((toldAt - started) / 1000), bytes });
        }
        if (growing !== undefined && Date.now() - grownAt >= growing.stallMs) onStall();
      })();
    },
    Math.min(growthIntervalMs, growing?.stallMs ?? growthIntervalMs),
  );
}

async function folderSize(folder: string): Promise<number> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const sizes = await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map((entry) =>
          stat(join(entry.parentPath, entry.name)).then(
            (file) => file.size,
            () => 0,
          ),
        ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
