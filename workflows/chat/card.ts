import type { CardRef } from '../../domain/channel.ts';
import { cardWordsLength, type InboundCardContent } from '../../domain/inbound-card.ts';
import { truncateText } from '../../domain/text.ts';
import type { Page } from '../../domain/visitor.ts';

/** A card is edited at most so often, ms, only because the visitor goes from page to page. */
const pageEveryMs = 20_000;

/** A place among the posts that Zoom takes in an inbound channel. */
export interface CardSlot {
  /** The inbound channel. */
  channelId: string;
  /** ms */
  askedAt: number;
  isGranted: boolean;
  /** It is to be asked for once more: it may have been lost, or the card goes to another channel by now. */
  isOld?: true;
}

export interface CardState {
  /** What the visitor wrote while nobody could read it in the chat channel. */
  words: string;
  /** There are more words than the card shows: it takes no more. */
  isFull?: true;
  /** The card shows every visitor message up to here; the first is cut if it is long. */
  coversSeq: number;
  /** Which of the chat's cards this is, from 1: what becomes of an earlier one is of no interest. */
  number: number;
  ref?: CardRef;
  /** The card before this one, which is to say that there is a newer one. */
  former?: { ref: CardRef; content: InboundCardContent };
  /** What the card was last seen to say, as JSON. */
  shown?: string;
  /** For a card that is not posted yet; absent until it was asked for. */
  slot?: CardSlot;
  /** The card is posted though the visitor may have gone: they had their turn, or an agent. */
  isOwed?: true;
  /** Where the visitor is, as the card says it, if they have left the page that they wrote from; since when, ms. */
  page?: Page;
  pageAt?: number;
  /** Where they have gone since: it is shown when it is time. */
  nextPage?: Page;
  /** The card cannot be posted, and is not tried any more. */
  givenUp?: boolean;
}

/** The chat's card in the inbound channel: what it should say, and what it says. */
export class Card {
  constructor(readonly state: CardState = { words: '', coversSeq: 0, number: 1 }) {}

  get ref(): CardRef | undefined {
    return this.state.ref;
  }

  addWords(seq: number, text: string): void {
    const { words, isFull } = this.state;
    if (isFull) return;
    const all = words === '' ? text : `${words}\n${text}`;
    if (words === '' || all.length <= cardWordsLength) this.state.coversSeq = Math.max(this.state.coversSeq, seq);
    this.#setWords(all);
  }

  /** The visitor is on another page than the one they wrote from. */
  moved(page: Page, now: number): void {
    this.state.nextPage = page;
    this.turnPage(now);
  }

  /** Where the visitor is, as the card should say it. */
  get page(): Page | undefined {
    return this.state.page;
  }

  get newestPage(): Page | undefined {
    return this.state.nextPage ?? this.state.page;
  }

  /** When the card may say that the visitor has gone to another page, ms; undefined if they have not. */
  get pageDueAt(): number | undefined {
    const { nextPage, pageAt = -Infinity } = this.state;
    return nextPage && Math.max(0, pageAt + pageEveryMs);
  }

  turnPage(now: number): void {
    const { nextPage } = this.state;
    if (!nextPage || (this.pageDueAt ?? 0) > now) return;
    this.state.page = nextPage;
    this.state.pageAt = now;
    delete this.state.nextPage;
  }

  /** The card is not there yet, or says something else. A chat in which nothing was ever written has no card. */
  isStale(content: InboundCardContent): boolean {
    const { words, shown, givenUp, number } = this.state;
    return (words !== '' || number > 1) && givenUp !== true && shown !== JSON.stringify(content);
  }

  /** Zoom has taken it. The chat may have asked for a new card meanwhile. */
  shows(content: InboundCardContent, ref: CardRef): void {
    if (content.number !== this.state.number) {
      this.state.former = { ref, content: { ...content, isReplaced: true } };
      return;
    }
    this.state.ref = ref;
    delete this.state.slot;
    this.state.shown = JSON.stringify(content);
  }

  /** Zoom has no such card any more, or lets nobody edit it: it is left as it is. */
  leaveAsIs(content: InboundCardContent): void {
    this.state.shown = JSON.stringify(content);
  }

  /** Something was repaired: see whether the card is still there, by making it say what it says already. */
  recheck(): void {
    if (this.state.ref) delete this.state.shown;
  }

  /** The chat asks for an agent again: a new card, which is seen. */
  renew(words: string): void {
    const { ref, shown } = this.state;
    if (ref && shown !== undefined) {
      this.state.former = { ref, content: { ...(JSON.parse(shown) as InboundCardContent), isReplaced: true } };
    }
    delete this.state.isFull;
    this.#setWords(words);
    this.state.number += 1;
    this.state.isOwed = true;
    delete this.state.ref;
    delete this.state.shown;
    delete this.state.slot;
  }

  /** The card before this one says so, or cannot be edited. */
  formerShown(): void {
    delete this.state.former;
  }

  // ---- the slot for a card that is not posted yet

  get slot(): CardSlot | undefined {
    return this.state.slot;
  }

  /** The inbound channel's workflow knows that the chat waits. It may have answered already. */
  asked({ channelId, isGranted }: Pick<CardSlot, 'channelId' | 'isGranted'>, now: number): void {
    const { slot } = this.state;
    const wasGranted = slot?.isGranted === true && slot.channelId === channelId;
    this.state.slot = { channelId, askedAt: now, isGranted: isGranted || wasGranted };
  }

  granted(channelId: string, now: number): void {
    const { ref, slot } = this.state;
    // It comes late, or from a channel that the chat does not wait for any more.
    if (ref || (slot && slot.channelId !== channelId)) return;
    this.state.slot = { channelId, askedAt: slot?.askedAt ?? now, isGranted: true };
  }

  /** Ask once more, where the chat still waits. */
  askAgain(): void {
    if (this.state.slot?.isGranted === false) this.state.slot.isOld = true;
  }

  /** The chat has no use for a slot now. */
  slotWithdrawn(): void {
    delete this.state.slot;
  }

  /** Zoom did not take the post that the slot was for. */
  slotLost(): void {
    delete this.state.slot;
    this.state.isOwed = true;
  }

  giveUp(): void {
    this.state.givenUp = true;
  }

  #setWords(words: string): void {
    this.state.words = truncateText(words, cardWordsLength);
    if (words.length > cardWordsLength) this.state.isFull = true;
  }
}
