import type { ChannelRef } from '../../domain/channel.ts';
import type { Agent, EndedBy } from '../../domain/transcript.ts';
import type { JoinRequest } from './agents.ts';
import { ChatParts } from './parts.ts';

/**
 * A chat's course from its beginning to its end: agents come and go, it waits, ends and goes on, and its channel may
 * vanish.
 */
export class ChatCourse extends ChatParts {
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
    if (!this.channel.ref && !this.channel.state.former) this.waits.succeeded('channel');
  }

  /** An ended chat goes on, in the same channel: the visitor has written again, or an agent pressed Reopen. */
  reopen(now: number, agent?: Agent): void {
    if (!this.lifecycle.mayReopen) return;
    this.lifecycle.reopen(now);
    this.transcript.add({ kind: 'reopened', at: now, ...(agent === undefined ? {} : { agent }) });
    this.channel.reopened();
    if (this.channel.ref) this.notes.add({ about: 'reopened', ...(agent === undefined ? {} : { name: agent.name }) });
    if (agent && agent.id !== '') this.agents.spoke(agent, now);
    if (this.agents.isEmpty) this.needsAgent(now);
    else this.lifecycle.active();
  }

  /** It is too late to go on with the chat. */
  closeForGood(): void {
    this.lifecycle.closeForGood();
  }

  channelOpened(ref: ChannelRef, ownerUserId: string): void {
    this.channel.opened(ref, ownerUserId);
  }

  /** @param at when they left, ms, Zoom's clock. */
  agentLeft(userId: string, at: number, now: number): void {
    const agent = this.agents.leave(userId, at);
    if (!agent || this.lifecycle.isEnded) return;
    this.#left(agent, at, this.agents.isEmpty);
    if (!this.agents.isEmpty) return;
    if (this.channel.ref) this.notes.add({ about: 'nobodyLeft', name: agent.name });
    this.needsAgent(now);
    if (this.agents.nextRequest) this.lifecycle.joining();
  }

  /** The join cannot be done, e.g. since Zoom no longer knows who pressed. */
  joinRefused(userId: string): void {
    const request = this.agents.nextRequest;
    this.agents.settle(userId);
    if (request?.isNamed) this.notes.add({ about: 'notLetIn', who: request.user.name });
    if (!this.agents.nextRequest) this.lifecycle.joinRefused();
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
    const { joined } = this.agents;
    for (const agent of joined) this.#left(agent, now, agent === joined.at(-1));
    this.agents.channelLost();
    this.needsAgent(now);
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

  missed(now: number): void {
    if (this.lifecycle.status !== 'waiting') return;
    this.transcript.add({ kind: 'missed', at: now });
    this.lifecycle.missed();
  }

  /** The chat asks for an agent again: a new card, with what has not been read in the channel. */
  protected needsAgent(now: number): void {
    this.card.renew('');
    for (const { seq, text = '…' } of this.outbox.state.waiting) this.card.addWords(seq, text);
    this.lifecycle.waitsAgain(now);
  }

  protected spoken(now: number): void {
    this.lifecycle.spoken(now);
    this.channel.spoken(now);
  }

  /** @param isLast nobody is in any more. */
  #left(agent: Agent, at: number, isLast: boolean): void {
    this.transcript.add({ kind: 'agentLeft', at, agent, ...(isLast ? { isLast } : {}) });
  }
}
