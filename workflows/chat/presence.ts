import type { PushOutcome, PushTarget } from '../../domain/push.ts';
import type { VisitorConnection } from './messages.ts';

export interface PresenceState {
  connections: VisitorConnection[];
  /** Since when the visitor, who was connected, is not any more, ms. */
  awaySince?: number;
  /** A connection is to be brought up to date, though nothing new has happened. */
  isBehind: boolean;
  /** Pushes in a row that reached nobody, and when the next one is made, ms. */
  failures: number;
  retryAt?: number;
}

/** Where one push goes, and which connections it is for. */
export interface PushRoute {
  targets: PushTarget[];
  connectionIds: string[];
}

/** Api instances of one visitor that a chat keeps track of: further ones catch up when they reconnect. */
const mostConnections = 20;
/**
 * Pauses between pushes to an instance that does not answer double from the first to the longest, ms; then it is
 * given up.
 */
const firstRetryMs = 500;
const longestRetryMs = 60_000;
const mostFailures = 15;

/** Where the visitor's sockets are: the api instances that the chat pushes to. */
export class Presence {
  constructor(readonly state: PresenceState = { connections: [], isBehind: false, failures: 0 }) {}

  connect(connection: VisitorConnection): void {
    const others = this.state.connections.filter(({ connectionId }) => connectionId !== connection.connectionId);
    this.state.connections = [...others, connection].slice(-mostConnections);
    delete this.state.awaySince;
  }

  /** The connection has just opened: it is to be shown what happened since it read the record. */
  connectedAnew(connection: VisitorConnection): void {
    this.connect(connection);
    this.state.isBehind = true;
  }

  disconnect(connectionId: string, now: number): void {
    this.#keep((known) => known.connectionId !== connectionId, now);
  }

  /** No api instance holds a socket of the visitor any more. */
  get isGone(): boolean {
    return this.awaySince !== undefined;
  }

  /** Since when that is so, ms. */
  get awaySince(): number | undefined {
    return this.state.awaySince;
  }

  get isBehind(): boolean {
    return this.state.isBehind && this.state.connections.length > 0;
  }

  /** Where a push goes now: the api instances, the newest connection's first. */
  get route(): PushRoute {
    const newestFirst = [...this.state.connections].reverse();
    const byInstance = new Map(newestFirst.map(({ instanceId, url }) => [instanceId, { instanceId, url }]));
    return { targets: [...byInstance.values()], connectionIds: newestFirst.map(({ connectionId }) => connectionId) };
  }

  /** A push is about to be made, with everything in it that there is. */
  pushing(): void {
    this.state.isBehind = false;
    delete this.state.retryAt;
  }

  /** What became of a push. Connections that opened meanwhile stay: they get a push of their own. */
  pushed({ targets, connectionIds }: PushRoute, outcomes: readonly PushOutcome[], now: number): void {
    const having = (outcome: PushOutcome) =>
      new Set(targets.filter((_, n) => outcomes[n] === outcome).map(({ instanceId }) => instanceId));
    this.#drop(having('gone'), connectionIds, now);
    const unreached = having('unreached');
    if (unreached.size === 0) {
      this.state.failures = 0;
      return;
    }
    this.state.failures += 1;
    if (this.state.failures >= mostFailures) {
      this.#drop(unreached, connectionIds, now);
      this.state.failures = 0;
      return;
    }
    this.state.retryAt = now + Math.min(firstRetryMs * 2 ** (this.state.failures - 1), longestRetryMs);
  }

  /** When the next push to an instance that did not answer is due, ms. */
  get retryAt(): number | undefined {
    return this.state.connections.length > 0 ? this.state.retryAt : undefined;
  }

  retry(): void {
    delete this.state.retryAt;
    this.state.isBehind = true;
  }

  #drop(instanceIds: ReadonlySet<string>, connectionIds: readonly string[], now: number): void {
    const isOther = ({ instanceId, connectionId }: VisitorConnection) =>
      !instanceIds.has(instanceId) || !connectionIds.includes(connectionId);
    this.#keep(isOther, now);
  }

  #keep(stays: (connection: VisitorConnection) => boolean, now: number): void {
    const before = this.state.connections;
    this.state.connections = before.filter(stays);
    if (before.length > 0 && this.state.connections.length === 0) this.state.awaySince = now;
  }
}
