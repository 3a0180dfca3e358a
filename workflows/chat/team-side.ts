import { parseAgentWords, type AgentWords } from '../../domain/commands.ts';
import type { Agent } from '../../domain/transcript.ts';
import type { JoinRequest } from './agents.ts';
import { ChatCourse } from './course.ts';
import type { WriterRef, ZoomSignal } from './messages.ts';
import type { ThreadReply } from './notes.ts';
import type { HeldEvent, Writer } from './writers.ts';

/**
 * What the team does in Zoom, and what of it is for the visitor: who speaks for the team, what is a command, a note or
 * an answer, and what was changed or taken back.
 */
export class TeamSide extends ChatCourse {
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
      this.seenFromZoom.add(asNotSent(messageId));
      this.notes.addOnce({ about: 'ended', mayReopen: this.lifecycle.mayReopen }, now);
      return;
    }
    this.spoken(now);
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
    this.seenFromZoom.add(asNotSent(messageId));
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
    this.spoken(now);
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

  #wasPassedOn(messageId: string): boolean {
    return this.seenFromZoom.has(messageId) && !this.seenFromZoom.has(asNotSent(messageId));
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
const asNotSent = (messageId: string) => `${messageId}/not-sent`;
