import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';

/** How a command ended. */
export interface RunResult {
  ok: boolean;
  /** Why not, to follow the command's name: "is not installed", "failed with code 1: no space left". Empty when ok. */
  fault: string;
  /** stdout and stderr together. */
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

/** What the finders of servers and browsers do outside this process, so that a test can let each step fail. */
export interface System {
  /** Full path of an executable on PATH, or undefined. */
  findOnPath(name: string): Promise<string | undefined>;
  /** Runs a command to its end. Never throws for what the command does. */
  run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult>;
}

const progressIntervalMs = 15_000;
const growthIntervalMs = 5_000;

/** The machine that this process runs on. */
export const thisSystem: System = { findOnPath, run };

async function findOnPath(name: string): Promise<string | undefined> {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const candidate = join(folder, file);
    const isFile = await access(candidate, constants.X_OK)
      .then(() => stat(candidate))
      .then((found) => found.isFile())
      .catch(() => false);
    if (isFile) return candidate;
  }
  return undefined;
}

async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { timeoutMs, growing, signal, onProgress, ...where } = options;
  const stalled = new AbortController();
  const watch = watchProgress(growing, onProgress, () => {
    stalled.abort();
  });
  const result = await execa(command, args, {
    ...where,
    stdin: 'ignore',
    all: true,
    reject: false,
    timeout: timeoutMs,
    cancelSignal: AbortSignal.any(signal === undefined ? [stalled.signal] : [stalled.signal, signal]),
    killSignal: 'SIGKILL',
    // pip and Go have helpers.
    killDescendants: true,
  });
  clearInterval(watch);
  const reason = (): string => {
    if (result.code === 'ENOENT') return 'is not installed';
    if (result.timedOut) return 'took too long';
    if (stalled.signal.aborted) return 'got no more data';
    if (result.isCanceled) return 'was stopped';
    return failureOf(result.exitCode, result.all);
  };
  return { ok: !result.failed, fault: result.failed ? reason() : '', output: result.all };
}

/** In words, with the last line of the output that says something. */
function failureOf(code: number | undefined, output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines.findLast((line) => /error|fail|not found|no module|mismatch/i.test(line)) ?? lines.at(-1);
  const failed = code === undefined ? 'failed' : `failed with code ${code}`;
  return telling === undefined ? failed : `${failed}: ${telling.slice(0, 300)}`;
}

function watchProgress(
  growing: RunOptions['growing'],
  onProgress: RunOptions['onProgress'],
  onStall: () => void,
): NodeJS.Timeout {
  const started = Date.now();
  let [largest, grownAt, reportedAt] = [0, started, started];
  const look = async (): Promise<void> => {
    const bytes = growing === undefined ? 0 : await folderSize(growing.folder);
    const now = Date.now();
    if (bytes > largest) [largest, grownAt] = [bytes, now];
    if (now - reportedAt >= progressIntervalMs) {
      reportedAt = now;
      onProgress?.({ seconds: Math.round((now - started) / 1000), bytes });
    }
    if (growing !== undefined && now - grownAt >= growing.stallMs) onStall();
  };
  return setInterval(() => void look(), Math.min(growthIntervalMs, growing?.stallMs ?? growthIntervalMs));
}

async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      // It may be renamed in between.
      const file = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
      return file?.isFile() === true ? file.size : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
