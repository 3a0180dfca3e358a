import type { ChannelRef } from '../../domain/channel.ts';
import { parseAgentWords, type AgentWords } from '../../domain/commands.ts';
import type { PushTarget, VisitorPush } from '../../domain/push.ts';
import type { Agent, ChatStanding, EndedBy } from '../../domain/transcript.ts';
import type { Page } from '../../domain/visitor.ts';
import type { JoinRequest } from './agents.ts';
import type { ChatInput, VisitorEvent, WriterRef, ZoomSignal } from './messages.ts';
import { ChatParts, type ChatState } from './parts.ts';
import type { ThreadReply } from './notes.ts';
import { cardContent, headOf, isInTrouble, standing } from './views.ts';
import type { HeldEvent, Writer } from './writers.ts';

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
      case 'reopenPressed':
      case 'sendPressed':
        if (event.kind === 'endPressed' && this.lifecycle.isEnded) return;
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
        this.agentLeft(event.userId, event.at, now);
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
    this.agents.request(request, now);
    if (this.agents.isEmpty) this.lifecycle.joining();
    this.waits.release(now);
  }

  /** End the chat; what is still waiting is posted before the chat closes. */
  end(by: EndedBy, now: number): void {
    if (this.lifecycle.isEnded) return;
    this.agents.dropRequests();
    const { reopenMs } = this.input.timings;
    // What was cancelled in Temporal is to be over, and what went with its channel has no place to go on in.
    const isForGood = reopenMs === 0 || by === 'operator' || by === 'system' || this.channel.state.isGone === true;
    const reopenUntil = isForGood ? undefined : now + reopenMs;
    this.transcript.add({ kind: 'ended', at: now, by, ...(reopenUntil === undefined ? {} : { reopenUntil }) });
    this.lifecycle.end(by, now, reopenUntil);
    if (!this.hasChannelWork) this.waits.succeeded('channel');
  }

  /** An ended chat goes on, in the same channel: the visitor has written again, or an agent pressed Reopen. */
  reopen(now: number, agent?: Agent): void {
    if (!this.lifecycle.mayReopen) return;
    this.lifecycle.reopen(now);
    this.transcript.add({ kind: 'reopened', at: now, ...(agent === undefined ? {} : { agent }) });
    this.channel.reopened();
    if (this.channel.ref) this.notes.add({ about: 'reopened', ...(agent === undefined ? {} : { name: agent.name }) });
    if (agent && agent.id !== '') this.agents.spoke(agent, now);
    if (this.agents.isEmpty) this.#needsAgent(now);
    else this.lifecycle.active();
  }

  /** It is too late to go on with the chat. */
  closeForGood(): void {
    this.lifecycle.closeForGood();
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
    const isNew = this.writers.learn(ref, writer);
    if (isNew && !writer.speaks) this.notes.add({ about: 'notOfTeam', name: writer.agent.name });
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
    const others = this.agents.joined.map(({ name }) => name);
    if (!this.agents.add(agent) || this.lifecycle.isEnded) return;
    this.transcript.add({ kind: 'agentJoined', at: now, agent });
    if (others.length > 0) this.notes.add({ about: 'joined', name: agent.name, others });
  }

  /** The join cannot be done, e.g. since Zoom no longer knows who pressed. */
  joinRefused(userId: string): void {
    const request = this.agents.nextRequest;
    this.agents.settle(userId);
    if (request?.isNamed) this.notes.add({ about: 'notLetIn', who: request.user.name });
    if (!this.agents.nextRequest) this.lifecycle.joinRefused();
  }

  /** @param at when they left, ms, Zoom's clock. */
  agentLeft(userId: string, at: number, now: number): void {
    const agent = this.agents.leave(userId, at);
    if (!agent || this.lifecycle.isEnded) return;
    const isLast = this.agents.isEmpty;
    this.transcript.add({ kind: 'agentLeft', at, agent, ...(isLast ? { isLast } : {}) });
    if (!isLast) return;
    if (this.channel.ref) this.notes.add({ about: 'nobodyLeft', name: agent.name });
    this.#needsAgent(now);
    if (this.agents.nextRequest) this.lifecycle.joining();
  }

  /**
   * The chat channel was deleted or archived in Zoom. With nothing left to post, that is the agent's way to end the
   * chat; otherwise the chat asks for an agent again, so that no accepted message stays unread.
   */
  channelGone(now: number): void {
    if (!this.channel.ref) return;
    this.waits.succeeded('channel');
    this.notes.giveUp();
    if (this.lifecycle.isEnded || this.outbox.isEmpty) {
      this.channel.gone();
      this.lifecycle.closeForGood();
      this.end('agent', now);
      // What crossed the end is shown where the team still looks.
      const left = this.outbox.giveUp();
      if (left.length > 0) this.card.renew([this.card.state.words, ...left].join('\n'));
      return;
    }
    this.channel.vanished(this.lifecycle.state.startedAt);
    this.outbox.channelLost();
    this.agents.channelLost();
    this.#needsAgent(now);
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
    return !this.lifecycle.isEnded && this.agents.isEmpty;
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

  missed(now: number): void {
    if (this.lifecycle.status !== 'waiting') return;
    this.transcript.add({ kind: 'missed', at: now });
    this.lifecycle.missed();
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

  // ---- where it stands

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

  // ---- rules

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
    this.#spoken(now);
  }

  #leftAddress({ clientId, email, at }: Extract<VisitorEvent, { kind: 'email' }>): void {
    if (!this.seenFromVisitor.add(clientId)) return;
    this.transcript.add({ kind: 'emailGiven', at, clientId, email });
    this.mail.addressGiven(email);
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
      case 'reopenPressed': {
        const agent = this.#speaker({ userId: event.user.id })?.agent;
        if (agent) this.reopen(now, agent);
        break;
      }
      case 'sendPressed':
        if (this.#speaker({ userId: event.user.id })) this.#sendReply(event.noteNumber, now);
        break;
      case 'message':
        this.#agentWrote(event, now);
        break;
      case 'edited':
        this.#agentEdited(event);
        break;
      case 'deleted':
        if (event.by && !this.#speaker(event.by)) return;
        if (this.#wasPassedOn(event.messageId) && this.seenFromZoom.add(deletion(event.messageId))) {
          this.transcript.add({ kind: 'agentMessageDeleted', at: event.at, messageId: event.messageId });
        }
        break;
    }
  }

  #agentEdited(event: Extract<ZoomSignal, { kind: 'edited' }>): void {
    const { messageId, at } = event;
    // What an edit makes a command or a note is not for the visitor.
    const words = parseAgentWords(event.text);
    if (words.kind !== 'answer' || !this.#speaker(event) || !this.#isNewestEdit(event)) return;
    this.transcript.add({ kind: 'agentMessageEdited', at, messageId, text: words.text });
  }

  #speaker(ref: WriterRef): Writer | undefined {
    const writer = this.writers.find(ref);
    return writer?.speaks === true ? writer : undefined;
  }

  #agentWrote(event: Extract<ZoomSignal, { kind: 'message' }>, now: number): void {
    const { messageId, text, attachments, isReply, at } = event;
    const agent = this.#speaker(event)?.agent;
    // The answer with a post's id may have come while this waited.
    if (!agent || !this.#isNew(event)) return;
    this.seenFromZoom.add(messageId);
    if (this.lifecycle.wasOverAt(at)) {
      this.seenFromZoom.add(asHeldBack(messageId));
      this.notes.addOnce({ about: 'ended', mayReopen: this.lifecycle.mayReopen }, now);
      return;
    }
    this.#spoken(now);
    if (agent.id !== '' && this.agents.spoke(agent, at)) this.lifecycle.active();
    const words = parseAgentWords(text);
    if (words.kind === 'answer' && words.hasNotes) this.notes.addOnce({ about: 'partlyNote' }, now);
    if (words.kind === 'answer' && !isReply) {
      this.#answer(
        { messageId, agent, text: words.text, ...(attachments === undefined ? {} : { attachments }) },
        at,
        now,
      );
      return;
    }
    this.seenFromZoom.add(asHeldBack(messageId));
    if (words.kind === 'answer') {
      const more = attachments === undefined ? {} : { attachments };
      this.notes.keepReply({ messageId, agent, text: words.text, ...more });
    } else this.#heed(words, agent, now);
  }

  /** An agent's words for the visitor. */
  #answer(message: ThreadReply, at: number, now: number): void {
    this.transcript.add({ kind: 'agentMessage', at, ...message });
    const { attachments = [] } = message;
    if (attachments.length > 0) {
      this.notes.addOnce({ about: 'filesNotSent', names: attachments.map(({ name }) => name) }, now);
    }
  }

  /** A reply in a thread goes to the visitor after all. */
  #sendReply(noteNumber: number, now: number): void {
    if (this.lifecycle.isEnded) {
      this.notes.addOnce({ about: 'ended', mayReopen: this.lifecycle.mayReopen }, now);
      return;
    }
    const reply = this.notes.takeReply(noteNumber);
    if (!reply) {
      this.notes.addOnce({ about: 'threadReplyForgotten' }, now);
      return;
    }
    this.#spoken(now);
    this.#answer(reply, now, now);
  }

  /** What is for the team alone, or for nobody. */
  #heed(words: Exclude<AgentWords, { kind: 'answer' }>, agent: Agent, now: number): void {
    if (words.kind === 'note') return;
    if (words.kind === 'unknownCommand') {
      this.notes.addOnce({ about: 'unknownCommand' }, now);
      return;
    }
    const { command, argument } = words;
    const isMember = agent.id !== '';
    switch (command) {
      case 'end':
        this.end('agent', now);
        break;
      case 'help':
        this.notes.add({ about: 'help' });
        break;
      case 'leave':
        if (isMember) this.agents.wantsToLeave(agent);
        break;
      case 'invite':
        this.#ask(argument, {}, now);
        break;
      case 'transfer':
        if (argument !== '') this.#ask(argument, { replaces: { id: agent.id } }, now);
        else for (const one of this.agents.joined) this.agents.wantsToLeave(one);
        break;
    }
  }

  /** Ask a colleague in, by their e-mail address. */
  #ask(email: string, more: Pick<JoinRequest, 'replaces'>, now: number): void {
    this.requestJoin({ user: { id: email, name: email }, isNamed: true, ...more }, now);
  }

  /** The chat asks for an agent again: a new card, with what has not been read in the channel. */
  #needsAgent(now: number): void {
    this.card.renew('');
    for (const { seq, text = '…' } of this.outbox.state.waiting) this.card.addWords(seq, text);
    this.lifecycle.waitsAgain(now);
  }

  #spoken(now: number): void {
    this.lifecycle.spoken(now);
    this.channel.spoken(now);
  }

  #wasPassedOn(messageId: string): boolean {
    return this.seenFromZoom.has(messageId) && !this.seenFromZoom.has(asHeldBack(messageId));
  }

  /** An edit of what was passed on, and none that Zoom sends late: after a newer one, or after the deletion. */
  #isNewestEdit({ messageId, at }: Extract<ZoomSignal, { kind: 'edited' }>): boolean {
    if (!this.#wasPassedOn(messageId) || this.seenFromZoom.has(deletion(messageId))) return false;
    const prefix = `${messageId}/edited/`;
    const isOlder = this.seenFromZoom.keys.some(
      (key) => key.startsWith(prefix) && Number(key.slice(prefix.length)) > at,
    );
    return !isOlder && this.seenFromZoom.add(prefix + String(at));
  }
}

/** What is remembered of a message beside its id. */
const deletion = (messageId: string) => `${messageId}/deleted`;
const asHeldBack = (messageId: string) => `${messageId}/held-back`;
