import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from '../waiting.ts';
import { answerSchema, type Answer, type Order } from './protocol.ts';

const longestMs = 90_000;

/** Many visitors, in a process of their own so that their cost does not mix with the measuring. */
export class Crowd {
  readonly #process: ChildProcess;
  readonly #signal: AbortSignal;

  private constructor(process: ChildProcess, signal: AbortSignal) {
    this.#process = process;
    this.#signal = signal;
  }

  static gather(site: { appUrl: string; widget: string }, signal: AbortSignal): Crowd {
    const program = fileURLToPath(new URL('main.ts', import.meta.url));
    return new Crowd(fork(program, [site.appUrl, site.widget], { execArgv: ['--import', 'tsx'] }), signal);
  }

  /** Opens sockets until there are `count`. */
  open(count: number): Promise<Answer> {
    return this.#tell({ order: 'open', count });
  }

  /** Cuts all connections at once; each visitor comes back as the widget does. */
  cutAndReturn(): Promise<Answer> {
    return this.#tell({ order: 'cut' });
  }

  async leave(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  async #tell(order: Order): Promise<Answer> {
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#process.once('message', resolve);
      this.#process.once('exit', (code) => reject(new Error(`The crowd's process ended (${code ?? 'killed'}).`)));
    });
    this.#process.send(order);
    return answerSchema.parse(await within(answer, longestMs, `the crowd's "${order.order}"`, this.#signal));
  }
}
