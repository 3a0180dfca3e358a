import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What came back, whoever answered. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Sent {
  method?: string;
  /** What is undefined is left out. */
  headers?: Record<string, string | string[] | undefined>;
  body?: string | Buffer;
}

const patienceMs = 20_000;
const letGoMs = 2_000;
const writeEveryMs = 50;

/**
 * One request exactly as it is given: any `Host`, a path that no client would tidy up, no redirects followed. A server
 * that breaks off answers with the status 0.
 */
export async function ask(url: string, path: string, { method = 'GET', headers, body }: Sent = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const given = Object.entries<string | string[] | undefined>({ ...length, ...headers }).filter(
    ([, value]) => value !== undefined,
  );
  const sent = request({ hostname, port, path, method, headers: Object.fromEntries(given), timeout: patienceMs });
  sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer`)));
  // A server that refuses a body may close while it still comes.
  sent.on('error', () => undefined);
  sent.end(body);
  try {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString('utf8') };
  } catch {
    return { status: 0, headers: {}, body: '' };
  }
}

/** A bare TCP connection that never ends its own side. */
export class Line {
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  #isGone = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#ended = new Promise((resolve) => {
      for (const event of ['end', 'close', 'error'] as const) socket.on(event, () => resolve());
    });
    socket.on('close', () => (this.#isGone = true));
    socket.resume();
  }

  /** Resolves when it is connected, or refused. */
  static async open(url: string): Promise<Line> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const line = new Line(socket);
    await Promise.race([once(socket, 'connect').catch(() => undefined), line.#ended]);
    return line;
  }

  /** Whether it came about, and is still there. */
  get isConnected(): boolean {
    return !this.#isGone && this.#socket.readyState === 'open';
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** Whether the other side ends within so many ms, measured from now. */
  async endsWithin(ms: number): Promise<boolean> {
    const late = AbortSignal.timeout(ms);
    const timedOut = new Promise<false>((resolve) => late.addEventListener('abort', () => resolve(false)));
    return await Promise.race([this.#ended.then(() => true), timedOut]);
  }

  /**
   * Whether the other side has let go of the connection, and not only ended its half: what is written is refused. The
   * first word is taken by the system before the other side can refuse it.
   */
  async isLetGo(): Promise<boolean> {
    const deadline = performance.now() + letGoMs;
    while (!this.#isGone && performance.now() < deadline) {
      this.#socket.write('x');
      await delay(writeEveryMs);
    }
    return this.#isGone;
  }

  drop(): void {
    this.#socket.destroy();
  }
}
