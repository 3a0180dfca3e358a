import type { TemporalGateway } from '../../api/temporal-gateway.ts';
import type { VisitorDelivery } from '../../domain/delivery.ts';
import type { ChatInput, VisitorEvent } from '../../workflows/chat/messages.ts';
import { Chat } from '../../workflows/chat/state.ts';
import { chat as chatRecord, type FakeStore } from './fakes.ts';

type Deliver = (delivery: VisitorDelivery) => Promise<{ sockets: number }>;

/**
 * Temporal, a worker and Zoom, as far as visitors' sockets meet them: each chat by the real rules, what is new recorded in the
 * store and delivered through the instances that the chat knows.
 */
export class FakeChats {
  /** What Zoom was given, in order. */
  readonly inZoom: string[] = [];
  readonly events: VisitorEvent[] = [];
  /** The api instances. */
  readonly instances = new Map<string, Deliver>();
  /** The visitor's messages do not reach Zoom for now. */
  zoomAway = false;
  readonly #chats = new Map<string, Chat>();
  readonly #store: FakeStore;
  #agentMessages = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(store: FakeStore) {
    this.#store = store;
  }

  /** How many chats have begun. */
  get begun(): number {
    return this.#chats.size;
  }

  /** The only chat. */
  get chat(): Chat {
    const [chat] = this.#chats.values();
    if (!chat) throw new Error('No chat has begun.');
    return chat;
  }

  get gateway(): Pick<TemporalGateway, 'visitorMessage' | 'signalVisitor'> {
    return {
      visitorMessage: async (input, event) => {
        const chat = this.#chats.get(input.chatId) ?? this.#begin(input);
        return this.#signal(chat, event);
      },
      signalVisitor: async (chatId, event) => {
        const chat = this.#chats.get(chatId);
        return chat ? this.#signal(chat, event) : 'ended';
      },
    };
  }

  agentSays(text: string): void {
    this.#agentMessages += 1;
    const messageId = `zoom-${this.#agentMessages}`;
    this.chat.onZoom({ kind: 'message', messageId, userId: 'jill', text, at: Date.now() }, Date.now());
    this.#workOn(this.chat);
  }

  /** Zoom takes messages (again). */
  zoomBack(): void {
    this.zoomAway = false;
    this.#workOn(this.chat);
  }

  #begin(input: ChatInput): Chat {
    const chat = Chat.begin(input, Date.now());
    this.#chats.set(input.chatId, chat);
    this.#store.chatsById.set(input.chatId, chatRecord({ _id: input.chatId }));
    return chat;
  }

  #signal(chat: Chat, event: VisitorEvent): 'taken' {
    this.events.push(event);
    chat.onVisitor(event, Date.now());
    this.#workOn(chat);
    return 'taken';
  }

  /** After the caller has its answer, and one thing after the other. */
  #workOn(chat: Chat): void {
    this.#work = this.#work.then(() => this.#workOff(chat));
  }

  async #workOff(chat: Chat): Promise<void> {
    const { chatId } = chat.input;
    const lines = this.zoomAway ? [] : chat.state.waitingLines;
    if (lines.length > 0) {
      this.inZoom.push(...lines.map(({ text }) => text));
      chat.linesDelivered(lines);
      this.#store.chatsById.set(chatId, chatRecord({ _id: chatId, deliveredSeq: chat.state.deliveredSeq }));
    }
    if (!chat.hasNews) return;
    const { news } = chat;
    chat.state.greetSocket = chat.state.recordStale = false;
    await this.#store.transcript.append(chatId, news.entries);
    for (const instanceId of chat.instances) {
      const known = chat.connectionsAt(instanceId);
      const told = await this.instances.get(instanceId)?.({ chatId, ...news });
      if (!told || told.sockets === 0) chat.connectionsGone(known);
    }
    chat.newsTold(news);
  }
}
