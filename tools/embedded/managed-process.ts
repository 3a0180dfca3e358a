import { setTimeout as delay } from 'node:timers/promises';
import { rssBytesOf } from './process-info.mjs';
import { describeExit, type Exit, type ServerProcess } from './server-process.ts';

export interface ManagedProcessOptions {
  name: string;
  /** Starts the process and waits until it is ready; throws when it does not come up, with nothing left running. */
  launch: (signal: AbortSignal) => Promise<ServerProcess>;
  /** Starts it again when it ends unasked. */
  autoRestart: boolean;
  report: (line: string) => void;
  /** The last lines of its log, for the report of an unasked end. */
  tail?: (() => string) | undefined;
  /** It cannot be kept running; called once. */
  onGiveUp: (error: Error) => void;
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;
const restartAttempts = 5;
/** A process that ran this long is healthy: the next end of it is a new story, with a short pause again. */
const healthyMs = 30_000;

/** A process of the stack that can be stopped, killed and started again on the same ports and data. */
export class StackProcess {
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

  /** Undefined while it is not running. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Starts it and waits until it is ready. Does nothing if it runs. */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    if (this.#starting === undefined) this.#life = new AbortController();
    await this.#launchOnce(this.#life.signal);
  }

  /** Ends it in order (SIGTERM, SIGKILL after a grace time). It is not restarted by itself then. */
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

  /** Sends a signal as somebody else would: with automatic restarts it comes back. See `ServerProcess.kill`. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#running?.kill(signal);
  }

  /** Resident memory in bytes; undefined when it is not running. */
  rssBytes(): Promise<number | undefined> {
    return Promise.resolve(this.pid === undefined ? undefined : rssBytesOf(this.pid));
  }

  #launchOnce(life: AbortSignal): Promise<void> {
    this.#starting ??= this.#launch(life).finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  async #launch(life: AbortSignal): Promise<void> {
    const started = await this.#options.launch(life);
    this.#running = started;
    void this.#watch(started, life);
  }

  async #watch(started: ServerProcess, life: AbortSignal): Promise<void> {
    const since = Date.now();
    const exit = await started.exited;
    if (this.#running === started) this.#running = undefined;
    if (life.aborted) return;
    this.#reportEnd(exit);
    if (Date.now() - since >= healthyMs) this.#pauseMs = firstPauseMs;
    if (this.#options.autoRestart) await this.#startAgain(life);
  }

  /** Again and again after longer pauses: what it needs may be starting again too. */
  async #startAgain(life: AbortSignal): Promise<void> {
    const { report, onGiveUp, name } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await delay(this.#pauseMs, undefined, { signal: life });
        this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
        // Somebody started it by hand in the meantime.
        if (this.#life.signal !== life || this.#running !== undefined) return;
        const begun = Date.now();
        await this.#launchOnce(life);
        report(`${name} runs again (${((Date.now() - begun) / 1000).toFixed(1)} s).`);
        return;
      } catch (error) {
        if (life.aborted) return;
        if (attempt === restartAttempts) {
          onGiveUp(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        report(`${name} did not start, trying again ...`);
      }
    }
  }

  #reportEnd(exit: Exit): void {
    const { autoRestart, report, tail } = this.#options;
    report(`${this.name} ended unasked (${describeExit(exit)})${autoRestart ? ', starting it again ...' : '.'}`);
    const lines = tail?.() ?? '';
    if (lines !== '') for (const line of lines.split('\n')) report(`  ${line}`);
  }
}
