import { setTimeout as delay } from 'node:timers/promises';
import { rssBytesOf } from './process-info.ts';
import { describeExit, ServerStartError, type Exit, type ServerProcess } from './server-process.ts';

/** A process of the stack that can be stopped, killed and started again on the same ports and data. */
export interface StackProcess {
  readonly name: string;
  /** Undefined while it is not running. */
  readonly pid: number | undefined;
  /** Starts it and waits until it is ready. Does nothing if it runs. */
  start(): Promise<void>;
  /** Ends it in order (SIGTERM, SIGKILL after a grace time). It is not restarted by itself then. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /**
   * Sends a signal as a stranger would (default SIGKILL): with automatic restarts it comes back. Resolves when the
   * process has ended; at once for signals that do not end it, such as SIGSTOP.
   */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resident memory in bytes; undefined when it is not running. */
  rssBytes(): Promise<number | undefined>;
}

export interface ManagedProcessOptions {
  name: string;
  /** Starts the process and waits until it is ready; throws when it does not come up, with nothing left running. */
  launch: (signal: AbortSignal) => Promise<ServerProcess>;
  /** Starts it again when it ends unasked. */
  autoRestart: boolean;
  report: (line: string) => void;
  /** The last lines of its log, for the report of an unasked end. */
  tail?: () => string;
  /** It cannot be kept running; called once. */
  onGiveUp: (error: Error) => void;
}

const endingSignals: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGABRT'];
const startAttempts = 3;
const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** A process that ran this long is healthy: the next end of it is a new story, with a short pause again. */
const healthyMs = 30_000;

export class ManagedProcess implements StackProcess {
  readonly name: string;
  readonly #options: ManagedProcessOptions;
  #running: ServerProcess | undefined;
  #starting: Promise<void> | undefined;
  /** Aborted by `stop`: ends a start, a pause before a restart, and the watch. */
  #life = new AbortController();
  #pauseMs = firstPauseMs;

  constructor(options: ManagedProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  start(): Promise<void> {
    if (this.#running !== undefined) return Promise.resolve();
    if (this.#starting === undefined) {
      this.#life = new AbortController();
      this.#starting = this.#launch(this.#life.signal).finally(() => (this.#starting = undefined));
    }
    return this.#starting;
  }

  async stop(): Promise<void> {
    this.#life.abort(new Error(`${this.name} was stopped.`));
    await this.#starting?.catch(() => undefined);
    await this.#running?.stop();
    this.#running = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    try {
      process.kill(running.pid, signal);
    } catch {
      // It ended in this very moment.
    }
    if (endingSignals.includes(signal)) await running.exited;
  }

  async rssBytes(): Promise<number | undefined> {
    return this.pid === undefined ? undefined : await rssBytesOf(this.pid);
  }

  async #launch(signal: AbortSignal): Promise<void> {
    const { autoRestart, launch, report } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const started = await launch(signal);
        this.#running = started;
        void this.#watch(started, signal);
        return;
      } catch (error) {
        // Without restarts, as in tests, the first failure is the answer; and only a start that ended by itself may
        // go better the next time: a missing binary will not appear.
        const mayGoBetter = autoRestart && error instanceof ServerStartError && error.endedItself;
        if (signal.aborted || !mayGoBetter || attempt === startAttempts) throw error;
        report(`${this.name} did not start, trying again (${attempt} of ${startAttempts - 1}) ...`);
      }
      await delay(firstPauseMs * attempt, undefined, { signal });
    }
  }

  async #watch(started: ServerProcess, life: AbortSignal): Promise<void> {
    const since = Date.now();
    const stopped = (): boolean => life.aborted;
    const exit = await started.exited;
    if (this.#running === started) this.#running = undefined;
    if (stopped()) return;
    this.#reportEnd(exit);
    if (!this.#options.autoRestart) return;
    if (Date.now() - since >= healthyMs) this.#pauseMs = firstPauseMs;
    try {
      await delay(this.#pauseMs, undefined, { signal: life });
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
      // Somebody started it by hand in the meantime.
      if (this.#life.signal !== life || this.#running !== undefined) return;
      const begun = Date.now();
      this.#starting ??= this.#launch(life).finally(() => (this.#starting = undefined));
      await this.#starting;
      this.#options.report(`${this.name} runs again (${((Date.now() - begun) / 1000).toFixed(1)} s).`);
    } catch (error) {
      if (stopped()) return;
      this.#options.onGiveUp(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #reportEnd(exit: Exit): void {
    const { autoRestart, report, tail } = this.#options;
    report(`${this.name} ended unasked (${describeExit(exit)})${autoRestart ? ', starting it again ...' : '.'}`);
    const lines = tail?.() ?? '';
    if (lines !== '') for (const line of lines.split('\n')) report(`  ${line}`);
  }
}
