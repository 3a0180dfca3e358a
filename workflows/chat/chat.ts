import type { ChannelRef } from '../../domain/channel.ts';
import { parseCommand } from '../../domain/commands.ts';
import type { PushTarget, VisitorPush } from '../../domain/push.ts';
import type { Agent, ChatStanding, EndedBy } from '../../domain/transcript.ts';
import type { JoinRequest } from './agents.ts';
import type { ChatInput, VisitorEvent, WriterRef, ZoomSignal } from './messages.ts';
import { ChatParts, type ChatState } from './parts.ts';
import { cardContent, standing } from './views.ts';
import type { HeldEvent, Writer } from './writers.ts';

/** What is published next: the push, where to, and the standing if the record does not have it yet. */
export interface News extends VisitorPush {
  targets: PushTarget[];
  standing?: ChatStanding;
}

/**
 * One chat's rules, without Temporal: what each event means for the parts, and what is to be done next. Each part
 * keeps its own state; what concerns several of them is decided here.
 */
export class Chat extends ChatParts {
  constructor(input: ChatInput, now: number, carried?: ChatState) {
    super(input, now, carried);
    // A new chat's record is written with the standing that it begins with.
    if (!carried) this.recordedStanding = JSON.stringify(standing(this));
  }

  // ---- what happens to the chat

  onVisitor(event: VisitorEvent, now: number): void {
    switch (event.kind) {
      case 'message':
        if (event.connection) this.presence.connect(event.connection);
        this.#visitorWrote(event, now);
        break;
      case 'connected':
        this.presence.connectedAnew(event.connection);
        break;
      case 'disconnected':
        this.presence.disconnect(event.connectionId);
        break;
      case 'ended':
        this.end('visitor', now);
        break;
    }
  }

  /** What happened in Zoom, however it was learnt: by a webhook, or by reading the channel back. */
  onZoom(event: ZoomSignal, now: number): void {
    const { ref } = this.channel;
    // What became of a channel that the chat has lost, or of its members, is of no interest; what was written there is.
    const isOfFormer = event.channelId !== undefined && ref !== undefined && event.channelId !== ref.id;
    if (isOfFormer && (event.kind === 'channelGone' || event.kind === 'agentLeft')) return;
    switch (event.kind) {
      case 'joinPressed':
        // A press that comes late brings nobody back who has left since.
        if (this.agents.leftAfter(event.user.id, event.at ?? Infinity)) return;
        this.requestJoin({ user: event.user }, now);
        break;
      case 'endPressed':
        if (this.lifecycle.isEnded) return;
        if (this.writers.mustWait({ userId: event.user.id })) this.writers.hold(event);
        else this.#did(event, now);
        break;
      case 'message':
        if (!this.#isNew(event)) return;
        if (this.writers.mustWait(event)) this.writers.hold(event);
        else this.#did(event, now);
        break;
      case 'edited':
      case 'deleted':
        // It is for a message that waits itself.
        if (this.writers.holds(event.messageId)) this.writers.hold(event);
        else this.#did(event, now);
        break;
      case 'agentLeft':
        this.agentLeft(event.userId, event.at);
        break;
      case 'channelGone':
        this.channelGone(now);
        break;
    }
  }

  /**
   * Join Chat was pressed, or an operator named somebody. Zoom seems to be there: what waits for it is tried at
   * once.
   */
  requestJoin(request: JoinRequest, now: number): void {
    if (this.lifecycle.isEnded) return;
    this.agents.request(request);
    if (!this.channel.ref) this.lifecycle.joining();
    this.waits.release(now);
  }

  /** End the chat; what is still waiting is posted before the chat closes. */
  end(by: EndedBy, now: number): void {
    if (this.lifecycle.isEnded) return;
    this.agents.dropRequests();
    this.transcript.add({ kind: 'ended', at: now, by });
    this.lifecycle.end(by, now);
    if (!this.hasChannelWork) this.waits.succeeded('channel');
  }

  channelOpened(ref: ChannelRef, ownerUserId: string): void {
    this.channel.opened(ref, ownerUserId);
  }

  /** The chat is about to learn of a channel that may have words in it: what webhooks bring meanwhile comes after. */
  catchUp(): void {
    this.writers.catchUp();
  }

  /** It has been read, or cannot be for now. */
  caughtUp(now: number): void {
    this.writers.caughtUp();
    for (const event of this.writers.release()) this.#did(event, now);
  }

  /** Zoom says who somebody is: what waited for that happens now. */
  writerFound(ref: WriterRef, writer: Writer, now: number): void {
    this.writers.learn(ref, writer);
    for (const event of this.writers.release()) this.#did(event, now);
  }

  /** Zoom does not say now who somebody is: what others do does not wait for it any longer. */
  writerNotFound(now: number): void {
    this.writers.stuck();
    for (const event of this.writers.release()) this.#did(event, now);
  }

  /** Somebody who is let in is a member of the account, whatever becomes of the rest. */
  agentFound({ id, name }: Agent, now: number): void {
    this.writerFound({ userId: id }, { agent: { id, name }, speaks: true }, now);
  }

  /** The agent is in the channel. */
  agentJoined(agent: Agent, now: number): void {
    this.agentFound(agent, now);
    this.agents.settle(agent.id);
    this.lifecycle.active();
    if (this.agents.add(agent) && !this.lifecycle.isEnded) this.transcript.add({ kind: 'agentJoined', at: now, agent });
  }

  /** The join cannot be done, e.g. since Zoom no longer knows who pressed. */
  joinRefused(userId: string): void {
    this.agents.settle(userId);
    if (!this.agents.nextRequest) this.lifecycle.joinRefused();
  }

  agentLeft(userId: string, at: number): void {
    if (this.lifecycle.isEnded) return;
    const agent = this.agents.leave(userId, at);
    if (agent) this.transcript.add({ kind: 'agentLeft', at, agent });
  }

  /**
   * The chat channel was deleted or archived in Zoom. With nothing left to post, that is the agent's way to end the
   * chat; otherwise the chat asks for an agent again, so that no accepted message stays unread.
   */
  channelGone(now: number): void {
    if (!this.channel.ref) return;
    this.waits.succeeded('channel');
    if (this.lifecycle.isEnded || this.outbox.isEmpty) {
      this.end('agent', now);
      this.channel.gone();
      // What crossed the end is shown where the team still looks.
      const left = this.outbox.giveUp();
      if (left.length > 0) this.card.renew([this.card.state.words, ...left].join('\n'));
      return;
    }
    this.channel.vanished(this.lifecycle.state.startedAt);
    this.outbox.channelLost();
    this.agents.channelLost();
    this.card.renew('');
    for (const { seq, text = '…' } of this.outbox.state.waiting) this.card.addWords(seq, text);
    this.lifecycle.waitsAgain(now);
  }

  /**
   * Somebody has repaired something: what waits for Zoom is tried at once, a card that agents wait for is looked
   * after, and what was written while Zoom sent no webhooks is read.
   */
  tryAgain(now: number): void {
    this.waits.release(now);
    this.channel.askReadBack(now);
    if (this.isWaitingForAgent) this.card.recheck();
    this.card.askAgain();
  }

  /** Nobody is in, so that the card is the only way in. */
  get isWaitingForAgent(): boolean {
    return !this.lifecycle.isEnded && this.agents.joined.length === 0;
  }

  // ---- what is to be done

  /** Something to record, or to push to the visitor. */
  get hasNews(): boolean {
    return this.transcript.hasUnpublished || this.presence.isBehind || this.#standingIsStale;
  }

  /** @param targets the api instances to push to. */
  news(targets: PushTarget[]): News {
    const entries = this.transcript.nextBatch;
    return {
      chatId: this.input.chatId,
      entries,
      lastSeq: this.transcript.state.publishedSeq + entries.length,
      deliveredSeq: this.outbox.state.deliveredSeq,
      isFull: this.outbox.isFull,
      targets,
      ...(this.#standingIsStale ? { standing: standing(this) } : {}),
    };
  }

  published({ lastSeq, standing }: News): void {
    this.transcript.published(lastSeq);
    if (standing) this.recordedStanding = JSON.stringify(standing);
  }

  /**
   * What is to be done about the card. The first one waits for a slot in the inbound channel; while it waits, a visitor
   * who has gone gives their place to others, and gets it back when they come back.
   */
  get cardWork(): 'ask' | 'withdraw' | 'post' | 'edit' | undefined {
    const { ref, slot, state } = this.card;
    if (!this.card.isStale(cardContent(this))) return undefined;
    if (ref) return 'edit';
    if (slot?.isGranted) return 'post';
    const isWanted = state.isOwed === true || !(this.lifecycle.isEnded || this.presence.isGone);
    if (slot && !isWanted) return 'withdraw';
    return isWanted && (!slot || slot.isOld) ? 'ask' : undefined;
  }

  /** A card waits for its slot: nothing is to be done about it now, but it will be. */
  get #isCardWaiting(): boolean {
    return this.card.slot !== undefined && this.card.ref === undefined && this.card.isStale(cardContent(this));
  }

  cardSlot({ channelId }: { channelId: string }, now: number): void {
    this.card.granted(channelId, now);
  }

  /**
   * Something to do in the chat channel: let somebody in, post what the visitor wrote, or say that the chat is over.
   */
  get hasChannelWork(): boolean {
    return (
      this.agents.nextRequest !== undefined ||
      this.channel.state.former !== undefined ||
      (this.channel.ref !== undefined && !this.outbox.isEmpty) ||
      this.needsNote ||
      this.needsClosing
    );
  }

  /** The team is to be told that the visitor does not see what somebody writes. */
  get needsNote(): boolean {
    return this.writers.note !== undefined && this.channel.state.greeted && !this.lifecycle.isEnded;
  }

  get needsClosing(): boolean {
    const { ref, state } = this.channel;
    return this.lifecycle.isEnded && ref !== undefined && !state.closed && this.outbox.isEmpty;
  }

  missed(now: number): void {
    if (this.lifecycle.status !== 'waiting') return;
    this.transcript.add({ kind: 'missed', at: now });
    this.lifecycle.missed();
  }

  /** The chat ended long ago, and Zoom has not taken what is left: it stays in the transcript alone. */
  giveUp(): void {
    this.outbox.giveUp();
    this.channel.closed();
    this.card.giveUp();
    this.writers.giveUp();
    this.waits.succeeded('writers');
    this.waits.succeeded('card');
    this.waits.succeeded('channel');
  }

  // ---- where it stands

  /** Nothing is left to do, ever. */
  get isFinished(): boolean {
    const { ref, state } = this.channel;
    return (
      this.lifecycle.isEnded &&
      !this.hasNews &&
      this.cardWork === undefined &&
      !this.#isCardWaiting &&
      !this.writers.isHolding &&
      (ref === undefined || (state.closed && this.outbox.isEmpty))
    );
  }

  // ---- rules

  get #standingIsStale(): boolean {
    return JSON.stringify(standing(this)) !== this.recordedStanding;
  }

  #visitorWrote(event: Extract<VisitorEvent, { kind: 'message' }>, now: number): void {
    if (!this.seenFromVisitor.add(event.clientId)) return;
    const { at, clientId, text } = event;
    const seq = this.transcript.add({ kind: 'visitorMessage', at, clientId, text });
    this.outbox.add(seq, text);
    // Until somebody has joined, the card is where the team reads what the visitor writes.
    if (!this.channel.ref) this.card.addWords(seq, text);
    this.#spoken(now);
  }

  /** Whether a message is to be looked at: no post of ours that comes back, not seen before, and not empty. */
  #isNew({ messageId, text, attachments = [], ...writer }: Extract<ZoomSignal, { kind: 'message' }>): boolean {
    if (this.outbox.isOwn(messageId, text, this.writers.find(writer) !== undefined)) return false;
    if (text.trim() === '' && attachments.length === 0) return false;
    return !this.seenFromZoom.has(messageId);
  }

  /** What somebody did of whom it is known whether they speak for the team. */
  #did(event: HeldEvent, now: number): void {
    switch (event.kind) {
      case 'endPressed':
        if (this.#speaker({ userId: event.user.id })?.agent.id) this.end('agent', now);
        break;
      case 'message':
        this.#agentWrote(event, now);
        break;
      case 'edited':
        if (this.#speaker(event) && this.#isNewestEdit(event)) {
          const { messageId, text, at } = event;
          this.transcript.add({ kind: 'agentMessageEdited', at, messageId, text });
        }
        break;
      case 'deleted':
        if (event.by && !this.#speaker(event.by)) return;
        if (this.#wasPassedOn(event.messageId) && this.seenFromZoom.add(deletion(event.messageId))) {
          this.transcript.add({ kind: 'agentMessageDeleted', at: event.at, messageId: event.messageId });
        }
        break;
    }
  }

  #speaker(ref: WriterRef): Writer | undefined {
    const writer = this.writers.find(ref);
    return writer?.speaks === true ? writer : undefined;
  }

  #agentWrote(event: Extract<ZoomSignal, { kind: 'message' }>, now: number): void {
    const { messageId, text, attachments = [], at } = event;
    const agent = this.#speaker(event)?.agent;
    // The answer with a post's id may have come while this waited.
    if (!agent || !this.#isNew(event)) return;
    this.seenFromZoom.add(messageId);
    this.#spoken(now);
    if (agent.id !== '') this.agents.spoke(agent, at);
    const command = parseCommand(text);
    if (command === 'end') this.end('agent', now);
    if (command !== undefined) {
      this.seenFromZoom.add(asCommand(messageId));
      return;
    }
    const more = attachments.length === 0 ? {} : { attachments };
    this.transcript.add({ kind: 'agentMessage', at, messageId, agent, text, ...more });
  }

  #spoken(now: number): void {
    this.lifecycle.spoken(now);
    this.channel.spoken(now);
  }

  #wasPassedOn(messageId: string): boolean {
    return this.seenFromZoom.has(messageId) && !this.seenFromZoom.has(asCommand(messageId));
  }

  /** An edit of what was passed on, and none that Zoom sends late: after a newer one, or after the deletion. */
  #isNewestEdit({ messageId, text, at }: Extract<ZoomSignal, { kind: 'edited' }>): boolean {
    if (!this.#wasPassedOn(messageId) || this.seenFromZoom.has(deletion(messageId))) return false;
    // What begins with `!` is never for the visitor.
    if (parseCommand(text) !== undefined) return false;
    const prefix = `${messageId}/edited/`;
    const isOlder = this.seenFromZoom.keys.some(
      (key) => key.startsWith(prefix) && Number(key.slice(prefix.length)) > at,
    );
    return !isOlder && this.seenFromZoom.add(prefix + String(at));
  }
}

/** What is remembered of a message beside its id. */
const deletion = (messageId: string) => `${messageId}/deleted`;
const asCommand = (messageId: string) => `${messageId}/command`;
