import { randomUUID } from 'node:crypto';
import type { VisitorDelivery } from '../../domain/delivery.ts';

/** A visitor's open socket, as deliveries see it. */
export interface DeliverySink {
  /** Push what is new. Does not throw; a socket that cannot be served is closed, and the widget comes back for the rest. */
  deliver: (delivery: VisitorDelivery) => void;
}

/** Tell a chat that its visitor is not at this process any more. Never rejects. */
export type Farewell = (chatId: string, connectionId: string) => Promise<void>;

export interface ConnectionsOptions {
  farewell: Farewell;
  /** How long a chat without a socket here still counts as being here, ms: a reload, a page further, a short tunnel. */
  graceMs?: number;
}

const defaultGraceMs = 20_000;

/**
 * That a chat's visitor is at this process: for the chat one connection, however many tabs there are, and however often they
 * come and go. So a visitor who goes from page to page costs the chat nothing.
 */
export class Presence {
  readonly connectionId = randomUUID();
  readonly sinks = new Set<DeliverySink>();
  /** The chat has been told of it, and sends here what is new. */
  known = false;
  /**
   * Highest `deliveredSeq` that was delivered here. The chat's record may say less: it is written when the chat's state changes,
   * not for every message.
   */
  deliveredSeq = 0;
  /** Runs while no socket is open. */
  grace: NodeJS.Timeout | undefined;
}

/** A socket's place in its chat. */
export interface Place {
  presence: Presence;
  /** The socket is gone. Again is harmless. */
  leave: () => void;
}

/** The sockets that this process holds, by chat. */
export class VisitorConnections {
  readonly #byChat = new Map<string, Presence>();
  readonly #farewell: Farewell;
  readonly #graceMs: number;

  constructor({ farewell, graceMs = defaultGraceMs }: ConnectionsOptions) {
    this.#farewell = farewell;
    this.#graceMs = graceMs;
  }

  /** Add a socket. */
  add(chatId: string, sink: DeliverySink): Place {
    const presence = this.#byChat.get(chatId) ?? new Presence();
    this.#byChat.set(chatId, presence);
    clearTimeout(presence.grace);
    presence.sinks.add(sink);
    return { presence, leave: () => this.#leave(chatId, presence, sink) };
  }

  /**
   * Hand a delivery to every socket of its chat; answers how many there are. After a 0 the chat takes its visitor to be gone from
   * here: the next socket has to tell it anew.
   */
  deliver(delivery: VisitorDelivery): number {
    const presence = this.#byChat.get(delivery.chatId);
    if (presence === undefined) return 0;
    presence.deliveredSeq = Math.max(presence.deliveredSeq, delivery.deliveredSeq);
    const sinks = [...presence.sinks];
    if (sinks.length === 0) this.#forget(delivery.chatId, presence);
    for (const sink of sinks) sink.deliver(delivery);
    return sinks.length;
  }

  /** Tell all chats that their visitors are not here any more: this process is about to end. */
  async close(): Promise<void> {
    await Promise.all([...this.#byChat].map(([chatId, presence]) => this.#end(chatId, presence)));
  }

  #leave(chatId: string, presence: Presence, sink: DeliverySink): void {
    if (!presence.sinks.delete(sink) || presence.sinks.size > 0) return;
    // Also where the chat does not know of it: it may be about to, by a call that is under way.
    presence.grace = setTimeout(() => void this.#end(chatId, presence), this.#graceMs).unref();
  }

  async #end(chatId: string, presence: Presence): Promise<void> {
    this.#forget(chatId, presence);
    if (presence.known) await this.#farewell(chatId, presence.connectionId);
  }

  #forget(chatId: string, presence: Presence): void {
    clearTimeout(presence.grace);
    if (this.#byChat.get(chatId) === presence) this.#byChat.delete(chatId);
  }
}
