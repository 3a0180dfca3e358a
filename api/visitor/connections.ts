import { randomUUID } from 'node:crypto';
import type { VisitorPush } from '../../domain/push.ts';
import type { Page } from '../../domain/visitor.ts';

/** A visitor's open socket, as pushes see it. */
export interface PushReceiver {
  /**
   * Send what is new. Does not throw; a socket that cannot be served is closed, and its widget comes back for the rest.
   */
  receive: (push: VisitorPush) => void;
}

/**
 * That a chat's visitor is at this process: for the chat one connection, however many tabs there are, and however often
 * they come and go. So a visitor who goes from page to page costs the chat nothing.
 */
export class Presence {
  readonly connectionId = randomUUID();
  readonly sockets = new Set<PushReceiver>();
  /** The chat knows of it, and pushes here what is new. */
  announced = false;
  /**
   * The highest that was pushed here: the chat's record is written when its standing changes, not for every message.
   */
  deliveredSeq = 0;
  /** So much of the visitor's waits for the team that nothing more is taken. Undefined: not heard of yet. */
  isFull: boolean | undefined;
  /** Where the visitor is, as this process has told the chat last. */
  page: Page | undefined;
  /** Zoom keeps the chat waiting. Undefined: not heard of yet. */
  isInTrouble: boolean | undefined;
  /** Runs while no socket is open. */
  graceTimer: NodeJS.Timeout | undefined;

  constructor(readonly chatId: string) {}
}

export interface ConnectionsOptions {
  /** Signal a chat that its visitor is not at this process any more. Never rejects. */
  signalDisconnected: (presence: Presence) => Promise<void>;
  /** How long a chat without a socket here still counts as being here, ms: a reload, the next page, a short tunnel. */
  graceMs?: number;
}

const defaultGraceMs = 20_000;

/** The sockets that this process holds, by chat. */
export class VisitorConnections {
  readonly #byChat = new Map<string, Presence>();
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** A socket has opened. */
  add(chatId: string, socket: PushReceiver): Presence {
    const presence = this.#byChat.get(chatId) ?? new Presence(chatId);
    this.#byChat.set(chatId, presence);
    clearTimeout(presence.graceTimer);
    presence.sockets.add(socket);
    return presence;
  }

  /** A socket is gone. Again is harmless. */
  remove(presence: Presence, socket: PushReceiver): void {
    if (!presence.sockets.delete(socket) || presence.sockets.size > 0) return;
    // Also where the chat does not know of the presence: the signal that announces it may be under way.
    const { graceMs = defaultGraceMs } = this.#options;
    presence.graceTimer = setTimeout(() => void this.#end(presence), graceMs).unref();
  }

  /**
   * Hand a push to every socket of its chat; answers how many there are. After a 0 the chat takes its visitor to be
   * gone from here: the next socket announces itself anew.
   */
  push(push: VisitorPush): number {
    const presence = this.#byChat.get(push.chatId);
    if (presence === undefined) return 0;
    presence.deliveredSeq = Math.max(presence.deliveredSeq, push.deliveredSeq);
    presence.isFull = push.isFull ?? presence.isFull;
    presence.isInTrouble = push.isInTrouble ?? presence.isInTrouble;
    if (presence.sockets.size === 0) this.#forget(presence);
    for (const socket of presence.sockets) socket.receive(push);
    return presence.sockets.size;
  }

  /** Signal all chats that their visitors are not here any more: this process is about to end. */
  async close(): Promise<void> {
    await Promise.all([...this.#byChat.values()].map((presence) => this.#end(presence)));
  }

  async #end(presence: Presence): Promise<void> {
    this.#forget(presence);
    if (presence.announced) await this.#options.signalDisconnected(presence);
  }

  #forget(presence: Presence): void {
    clearTimeout(presence.graceTimer);
    if (this.#byChat.get(presence.chatId) === presence) this.#byChat.delete(presence.chatId);
  }
}
