import type { PushTarget, VisitorPush } from '../../domain/push.ts';
import type { ChatStanding } from '../../domain/transcript.ts';
import type { Page } from '../../domain/visitor.ts';
import type { ChatInput, VisitorEvent } from './messages.ts';
import type { ChatState } from './parts.ts';
import { TeamSide } from './team-side.ts';
import { cardContent, headOf, isInTrouble, standing } from './views.ts';

/** What is published next: the push, where to, and the standing if the record does not have it yet. */
export interface News extends VisitorPush {
  targets: PushTarget[];
  standing?: ChatStanding;
}

/**
 * What is to be done in the chat channel, in the order in which it is: let somebody in, or out; post what the visitor
 * wrote; read the channel that has vanished; say that the chat is over; tell the team something; bring the first card
 * up to date; archive the channel.
 */
export type ChannelWork =
  'admit' | 'takeOut' | 'postLines' | 'readFormer' | 'close' | 'postNote' | 'showHead' | 'archive';

/**
 * One chat's rules, without Temporal. Each part keeps its own state; what concerns several of them is decided in three
 * steps, of which this is the last: the course of a chat, what the team does, what the visitor does and what is to be
 * done next.
 */ export class Chat extends TeamSide {
  constructor(input: ChatInput, now: number, carried?: ChatState) {
    super(input, now, carried);
    // A new chat's record is written with the standing that it begins with.
    if (!carried) this.recordedStanding = JSON.stringify(standing(this));
  }

  onVisitor(event: VisitorEvent, now: number): void {
    switch (event.kind) {
      case 'message':
        if (event.connection) this.presence.connect(event.connection);
        this.mail.seen();
        this.#visitorWrote(event, now);
        break;
      case 'connected':
        this.presence.connectedAnew(event.connection);
        if (event.page) this.#moved(event.page, now);
        this.mail.seen();
        break;
      case 'page':
        this.#moved(event.page, now);
        break;
      case 'disconnected':
        this.presence.disconnect(event.connectionId, now);
        break;
      case 'email':
        this.#leftAddress(event);
        break;
      case 'mailStopped':
        this.mail.stop();
        break;
      case 'ended':
        this.mail.seen();
        this.end('visitor', now);
        break;
    }
  }

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
      isInTrouble: isInTrouble(this),
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
  get cardWork(): 'ask' | 'withdraw' | 'post' | 'edit' | 'editFormer' | undefined {
    const { ref, slot, state } = this.card;
    if (!this.card.isStale(cardContent(this))) return state.former ? 'editFormer' : undefined;
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

  /** The next thing to do in the chat channel. */
  get channelWork(): ChannelWork | undefined {
    const { ref, state } = this.channel;
    if (this.agents.nextRequest) return 'admit';
    if (this.agents.nextToLeave && ref) return 'takeOut';
    if (ref && !this.outbox.isEmpty) return 'postLines';
    if (state.former) return 'readFormer';
    if (this.needsClosing) return 'close';
    if (!ref || state.isGone || !state.greeted) return undefined;
    if (this.notes.next) return 'postNote';
    if (state.head && state.head.shown !== headOf(this)) return 'showHead';
    return this.lifecycle.isEnded && !this.lifecycle.mayReopen && !state.isArchived ? 'archive' : undefined;
  }

  get hasChannelWork(): boolean {
    return this.channelWork !== undefined;
  }

  get needsClosing(): boolean {
    const { ref, state } = this.channel;
    return this.lifecycle.isEnded && ref !== undefined && !state.closed && this.outbox.isEmpty;
  }

  /** When the visitor is mailed what they missed, ms; undefined while nothing is to be mailed. */
  get mailDueAt(): number | undefined {
    return this.mail.dueAt(this.presence.awaySince);
  }

  /** The chat ended long ago, and Zoom has not taken what is left: it stays in the transcript alone. */
  giveUp(): void {
    this.outbox.giveUp();
    this.notes.giveUp();
    this.channel.giveUp();
    this.card.giveUp();
    this.writers.giveUp();
    this.mail.giveUp();
    this.waits.succeeded('writers');
    this.waits.succeeded('card');
    this.waits.succeeded('channel');
  }

  /** Nothing is left to do, ever. */
  get isFinished(): boolean {
    return (
      this.lifecycle.isEnded &&
      !this.lifecycle.mayReopen &&
      !this.hasNews &&
      this.cardWork === undefined &&
      this.mailDueAt === undefined &&
      !this.#isCardWaiting &&
      !this.writers.isHolding &&
      !this.hasChannelWork
    );
  }

  get #standingIsStale(): boolean {
    return JSON.stringify(standing(this)) !== this.recordedStanding;
  }

  /** The visitor is on a page. After the end it concerns nobody. */
  #moved(page: Page, now: number): void {
    const known = this.card.newestPage ?? this.input.page;
    const isSame = known?.url === page.url && known.title === page.title;
    if (!isSame && !this.lifecycle.isEnded) this.card.moved(page, now);
  }

  #visitorWrote(event: Extract<VisitorEvent, { kind: 'message' }>, now: number): void {
    if (!this.seenFromVisitor.add(event.clientId)) return;
    if (this.lifecycle.mayReopen) this.reopen(now);
    const { at, clientId, text } = event;
    const seq = this.transcript.add({ kind: 'visitorMessage', at, clientId, text });
    this.outbox.add(seq, text, at);
    // While nobody is in, the card is where the team reads what the visitor writes.
    if (!this.channel.ref || this.isWaitingForAgent) this.card.addWords(seq, text);
    this.spoken(now);
  }

  #leftAddress({ clientId, email, at }: Extract<VisitorEvent, { kind: 'email' }>): void {
    if (!this.seenFromVisitor.add(clientId)) return;
    this.transcript.add({ kind: 'emailGiven', at, clientId, email });
    this.mail.addressGiven(email);
  }
}
