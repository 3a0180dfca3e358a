import type { SignalOutcome } from '../../api/temporal/call.ts';
import type { ChatsClient } from '../../api/temporal/chats.ts';
import type { VisitorConnections } from '../../api/visitor/connections.ts';
import type { PushOutcome, PushTarget, VisitorPush } from '../../domain/push.ts';
import { Chat } from '../../workflows/chat/chat.ts';
import type { ChatInput, VisitorEvent } from '../../workflows/chat/messages.ts';
import { chat as chatRecord, type FakeStore } from './fakes.ts';

/**
 * Temporal, a worker and Zoom, as far as visitors' sockets meet them: each chat by the real rules, what is new recorded
 * in the store and pushed to the instances that the chat knows.
 */
export class FakeChats {
  /** What Zoom was given, in order. */
  readonly inZoom: string[] = [];
  /** What visitors did, as far as Temporal took it. */
  readonly events: VisitorEvent[] = [];
  /** The api instances. */
  readonly instances = new Map<string, VisitorConnections>();
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

  get isEnded(): boolean {
    return this.#chat.lifecycle.isEnded;
  }

  /** The api instances that the only chat pushes to. */
  get pushesTo(): string[] {
    return this.#chat.presence.route.targets.map(({ instanceId }) => instanceId);
  }

  get client(): Pick<ChatsClient, 'sendMessage' | 'signalVisitor'> {
    return {
      sendMessage: async (input, event) => this.#signal(this.#chats.get(input.chatId) ?? this.#begin(input), event),
      signalVisitor: async (chatId, event) => {
        const chat = this.#chats.get(chatId);
        return chat ? this.#signal(chat, event) : 'ended';
      },
    };
  }

  agentSays(text: string): void {
    this.#agentMessages += 1;
    const messageId = `zoom-${this.#agentMessages}`;
    this.#chat.onZoom({ kind: 'message', messageId, userId: 'jill', text, at: Date.now() }, Date.now());
    this.#workOn(this.#chat);
  }

  /** Zoom takes messages (again). */
  zoomBack(): void {
    this.zoomAway = false;
    this.#workOn(this.#chat);
  }

  get #chat(): Chat {
    const [chat] = this.#chats.values();
    if (!chat) throw new Error('No chat has begun.');
    return chat;
  }

  #begin(input: ChatInput): Chat {
    const chat = new Chat(input, Date.now());
    const jill = { id: 'jill', name: 'Jill' };
    chat.agentFound(jill, Date.now());
    chat.agents.add(jill);
    this.#chats.set(input.chatId, chat);
    this.#store.chatsById.set(input.chatId, chatRecord({ _id: input.chatId }));
    return chat;
  }

  #signal(chat: Chat, event: VisitorEvent): SignalOutcome {
    this.events.push(event);
    chat.onVisitor(event, Date.now());
    this.#workOn(chat);
    return 'taken';
  }

  /** After the caller has its answer, and one thing after the other. */
  #workOn(chat: Chat): void {
    this.#work = this.#work.then(() => {
      if (chat.hasNews) this.#publish(chat);
      if (!this.zoomAway && !chat.outbox.isEmpty) this.#post(chat);
    });
  }

  #publish(chat: Chat): void {
    const { route } = chat.presence;
    const news = chat.news(route.targets);
    chat.presence.pushing();
    this.#store.record(news.chatId, news.entries);
    const outcomes = this.#push(route.targets, news);
    chat.published(news);
    chat.presence.pushed(route, outcomes, Date.now());
  }

  #post(chat: Chat): void {
    const post = chat.outbox.next(Date.now());
    if (post.kind === 'visitorLines') this.inZoom.push(...post.text.split('\n'));
    chat.outbox.posted();
    const { chatId } = chat.input;
    const { deliveredSeq } = chat.outbox.state;
    this.#store.chatsById.set(chatId, chatRecord({ _id: chatId, deliveredSeq }));
    this.#push(chat.presence.route.targets, { chatId, entries: [], lastSeq: 0, deliveredSeq });
    if (!chat.outbox.isEmpty) this.#post(chat);
  }

  #push(targets: readonly PushTarget[], push: VisitorPush): PushOutcome[] {
    return targets.map(({ instanceId }) => {
      const sockets = this.instances.get(instanceId)?.push(push) ?? 0;
      return sockets > 0 ? 'pushed' : 'gone';
    });
  }
}
