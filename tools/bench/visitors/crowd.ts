import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { marksIn, Sightings, within } from '../waiting.ts';
import { answerSchema, heardSchema, type Answer, type Order } from './protocol.ts';

const longestMs = 90_000;

/** Many visitors, in a process of their own so that their cost does not mix with the measuring. */
export class Crowd {
  readonly #process: ChildProcess;
  readonly #signal: AbortSignal;
  readonly #heard = new Sightings<number>();
  readonly #asked = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #orders = 0;

  private constructor(process: ChildProcess, signal: AbortSignal) {
    this.#process = process;
    this.#signal = signal;
    process.on('message', (message) => {
      const at = performance.now();
      const answer = answerSchema.safeParse(message);
      if (answer.success) this.#asked.get(answer.data.id)?.resolve(answer.data);
      else for (const mark of marksIn(heardSchema.parse(message).heard)) this.#heard.seen(mark, at);
    });
    process.once('exit', (code) => {
      for (const { reject } of this.#asked.values())
        reject(new Error(`The crowd's process ended (${code ?? 'killed'}).`));
    });
  }

  static gather(site: { appUrl: string; widget: string }, signal: AbortSignal): Crowd {
    const program = fileURLToPath(new URL('main.ts', import.meta.url));
    return new Crowd(fork(program, [site.appUrl, site.widget], { execArgv: ['--import', 'tsx'] }), signal);
  }

  /** Has this done. */
  async order(order: Order): Promise<Answer> {
    const id = (this.#orders += 1);
    const answer = new Promise<Answer>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    this.#process.send({ id, ...order });
    try {
      return await within(answer, longestMs, `the crowd's "${order.order}"`, this.#signal);
    } finally {
      this.#asked.delete(id);
    }
  }

  /** Resolves when a visitor is shown a message with this mark: `performance.now()`. */
  heard(mark: string): Promise<number> {
    return this.#heard.next(mark);
  }

  async leave(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}
