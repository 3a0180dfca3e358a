import { setTimeout as pause } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import type { Stack } from '../embedded/supervisor.ts';
import { killTargets, type KillTarget } from './options.ts';

/** Servers first: a worker or an api that finds none does not start. */
const startOrder: readonly KillTarget[] = ['temporal', 'mongo', 'worker', 'api'];
const lookEveryMs = 500;
const startAgainMs = 300;
/** After a round of kills the system has this long to work, ms. */
const restMs = 2_000;
/**
 * On a machine where starting takes long, rounds wait for each other; those that have waited longer than this are
 * left out, ms.
 */
const latestMs = 20_000;

/** What came of one kill. */
export interface KillRecord {
  target: KillTarget;
  /** ms since 1970. */
  killedAt: number;
  readyAt?: number;
  /** The first message that got through after the process was ready; none if it was killed again before that. */
  relayedAt?: number;
  killedAgain?: boolean;
}

/** Kills processes and brings them back, as a supervisor would after a crash; also those that end by themselves. */
export class Keeper {
  readonly kills: KillRecord[] = [];
  /** Processes that ended though nobody had killed them. */
  readonly endedThemselves: KillTarget[] = [];
  readonly #stack: Stack;
  readonly #signal: AbortSignal;
  readonly #report: (line: string) => void;
  /** Targets that are being killed or started just now. */
  readonly #busy = new Set<KillTarget>();
  /** One round of kills after the other. */
  readonly #round = new Mutex();
  #watch: NodeJS.Timeout | undefined;

  constructor(stack: Stack, signal: AbortSignal, report: (line: string) => void) {
    this.#stack = stack;
    this.#signal = signal;
    this.#report = report;
  }

  start(): void {
    this.#watch = setInterval(() => this.#look(), lookEveryMs);
  }

  /** Kill these at once and start them again after a pause. */
  kill(targets: readonly KillTarget[], pauseMs: number): Promise<void> {
    const planned = Date.now();
    return this.#round.runExclusive(async () => {
      const wasKilled = targets.every((target) => this.kills.some((kill) => kill.target === target));
      if (this.#signal.aborted || (wasKilled && Date.now() - planned > latestMs)) return;
      for (const target of targets) this.#busy.add(target);
      for (const earlier of this.kills) {
        if (targets.includes(earlier.target) && earlier.relayedAt === undefined) earlier.killedAgain = true;
      }
      const records = targets.map((target): KillRecord => ({ target, killedAt: Date.now() }));
      this.kills.push(...records);
      this.#report(`kill -9 ${targets.join(' and ')}`);
      await Promise.all(targets.map((target) => this.#stack.process(target).kill('SIGKILL')));
      await this.#pause(pauseMs);
      for (const target of startOrder) {
        const record = records.find((one) => one.target === target);
        if (record) await this.#bringBack(target, record);
      }
      await this.#pause(restMs);
    });
  }

  /** A message got through. */
  relayed(): void {
    const now = Date.now();
    for (const kill of this.kills) {
      if (kill.readyAt !== undefined && kill.killedAgain !== true) kill.relayedAt ??= now;
    }
  }

  /** Resolves when everything runs. */
  async allUp(): Promise<void> {
    await this.#round.runExclusive(async () => {
      for (const target of startOrder) await this.#bringBack(target);
    });
  }

  stop(): void {
    clearInterval(this.#watch);
  }

  async #bringBack(target: KillTarget, record?: KillRecord): Promise<void> {
    this.#busy.add(target);
    try {
      for (;;) {
        if (this.#signal.aborted) return;
        try {
          await this.#stack.process(target).start();
          break;
        } catch (error) {
          this.#report(`${target} did not start: ${error instanceof Error ? error.message : String(error)}`);
          await this.#pause(startAgainMs);
        }
      }
      if (record) {
        record.readyAt = Date.now();
        this.#report(`${target} is ready again after ${record.readyAt - record.killedAt} ms`);
      }
    } finally {
      this.#busy.delete(target);
    }
  }

  #look(): void {
    for (const target of killTargets) {
      if (this.#busy.has(target) || this.#stack.process(target).pid !== undefined) continue;
      this.endedThemselves.push(target);
      this.#report(`${target} has ended by itself`);
      void this.#bringBack(target);
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}
