import type { VisitorDelivery } from '../../domain/delivery.ts';

/** A visitor's open socket, as deliveries see it. */
export interface DeliverySink {
  /** Push what is new. Does not throw; a socket that cannot be served is closed, and the widget comes back for the rest. */
  deliver: (delivery: VisitorDelivery) => void;
}

/** The sockets that this process holds, by chat. A chat has several while it is open in several tabs. */
export class VisitorConnections {
  readonly #byChat = new Map<string, Set<DeliverySink>>();

  /** Add a socket; call what it returns when the socket is gone. */
  add(chatId: string, sink: DeliverySink): () => void {
    const sinks = this.#byChat.get(chatId) ?? new Set();
    this.#byChat.set(chatId, sinks.add(sink));
    return () => {
      sinks.delete(sink);
      if (sinks.size === 0 && this.#byChat.get(chatId) === sinks) this.#byChat.delete(chatId);
    };
  }

  /** Hand a delivery to every socket of its chat; answers how many there are. */
  deliver(delivery: VisitorDelivery): number {
    const sinks = [...(this.#byChat.get(delivery.chatId) ?? [])];
    for (const sink of sinks) sink.deliver(delivery);
    return sinks.length;
  }
}
