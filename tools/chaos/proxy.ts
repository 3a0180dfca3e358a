import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Random } from './random.ts';

/** What gets lost: `in`, what the visitor sends; `out`, what they are sent. */
export type Direction = 'in' | 'out' | 'both';

/**
 * A visitor's network: a TCP proxy on loopback before the api, that cuts connections, leaves them half open (nothing
 * comes through any more and nobody notices), and slows them down.
 */
export class Proxy {
  readonly port: number;
  readonly #server: Server;
  readonly #tunnels = new Set<Tunnel>();
  readonly #noticed = new Map<Direction, number[]>();
  #delayMs = 0;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (visitor) => {
      const tunnel = new Tunnel(
        visitor,
        connect(targetPort, '127.0.0.1'),
        () => this.#delayMs,
        () => this.#tunnels.delete(tunnel),
        (direction, afterMs) => this.#noticed.set(direction, [...(this.#noticed.get(direction) ?? []), afterMs]),
      );
      this.#tunnels.add(tunnel);
    });
  }

  static async open(targetPort: number): Promise<Proxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(server, targetPort);
  }

  /** Cuts a share of the connections. @returns how many */
  cut(random: Random, share: number): number {
    const chosen = this.#choose(random, share);
    for (const tunnel of chosen) tunnel.cut();
    return chosen.length;
  }

  /** Leaves a share of the connections half open. @returns how many */
  freeze(random: Random, share: number, direction: Direction): number {
    const chosen = this.#choose(random, share);
    for (const tunnel of chosen) tunnel.freeze(direction);
    return chosen.length;
  }

  /** After how long visitors let go of connections that were half open, ms. */
  noticed(direction: Direction): readonly number[] {
    return this.#noticed.get(direction) ?? [];
  }

  /** How many half open connections their visitors have held on to for longer than this. */
  unnoticed(longerThanMs: number): number {
    return [...this.#tunnels].filter((tunnel) => tunnel.unnoticedMs > longerThanMs).length;
  }

  /** From now on everything takes this much longer, each way. @returns how many connections feel it now */
  slow(delayMs: number): number {
    this.#delayMs = delayMs;
    return this.#tunnels.size;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const tunnel of this.#tunnels) tunnel.cut();
    await closed;
  }

  #choose(random: Random, share: number): Tunnel[] {
    const alive = [...this.#tunnels].filter((tunnel) => !tunnel.frozen);
    return random.shuffled(alive).slice(0, Math.ceil(alive.length * share));
  }
}

/** One visitor's connection and its continuation to the api. */
class Tunnel {
  readonly #ends: [visitor: Socket, api: Socket];
  readonly #lost = { in: false, out: false };
  #frozen: { at: number; direction: Direction } | undefined;

  constructor(
    visitor: Socket,
    api: Socket,
    delayMs: () => number,
    onGone: () => void,
    onNoticed: (direction: Direction, afterMs: number) => void,
  ) {
    this.#ends = [visitor, api];
    api.setNoDelay(true);
    this.#pass(visitor, api, 'in', delayMs);
    this.#pass(api, visitor, 'out', delayMs);
    visitor.on('close', () => {
      if (this.#frozen) onNoticed(this.#frozen.direction, Date.now() - this.#frozen.at);
    });
    let open = 2;
    for (const [end, other] of [
      [visitor, api],
      [api, visitor],
    ] as const) {
      // `close` follows.
      end.on('error', () => undefined);
      end.on('close', () => {
        open -= 1;
        if (open === 0) onGone();
        // Of a connection that is half open the other side learns nothing, not even its end.
        else if (!this.frozen) other.destroy();
      });
    }
  }

  get frozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** For how long the visitor has held on to a connection that is half open, ms. */
  get unnoticedMs(): number {
    return this.#frozen && !this.#ends[0].closed ? Date.now() - this.#frozen.at : 0;
  }

  cut(): void {
    for (const end of this.#ends) end.resetAndDestroy();
  }

  freeze(direction: Direction): void {
    this.#frozen = { at: Date.now(), direction };
    if (direction !== 'out') this.#lost.in = true;
    if (direction !== 'in') this.#lost.out = true;
  }

  #pass(from: Socket, to: Socket, direction: 'in' | 'out', delayMs: () => number): void {
    const waiting: { due: number; work: () => void }[] = [];
    const next = (): void => {
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        const wait = first.due - Date.now();
        if (wait > 0) {
          setTimeout(next, wait);
          return;
        }
        waiting.shift();
        if (!this.#lost[direction]) first.work();
      }
    };
    // One after the other, also while the delay changes.
    const forward = (work: () => void): void => {
      const idle = waiting.length === 0;
      waiting.push({ due: Date.now() + delayMs(), work });
      if (idle) next();
    };
    from.on('data', (chunk: Buffer) => {
      forward(() => {
        if (to.writable) to.write(chunk);
      });
    });
    from.on('end', () => {
      forward(() => to.end());
    });
  }
}
