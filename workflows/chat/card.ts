import type { CardRef } from '../../domain/channel.ts';
import { cardWordsLength, type InboundCardContent } from '../../domain/inbound-card.ts';

export interface CardState {
  /** What the visitor wrote while nobody could read it in the chat channel. */
  words: string;
  /** The card shows every visitor message up to here; the first is cut if it is long. */
  coversSeq: number;
  ref?: CardRef;
  /** Message ids of the chat's cards before this one: a new card must not be taken for one of them. */
  formerIds: string[];
  /** What the card was last seen to say, as JSON. */
  shown?: string;
  /** The card cannot be posted, and is not tried any more. */
  givenUp?: boolean;
}

/** The chat's card in the inbound channel: what it should say, and what it says. */
export class Card {
  constructor(readonly state: CardState = { words: '', coversSeq: 0, formerIds: [] }) {}

  get ref(): CardRef | undefined {
    return this.state.ref;
  }

  addWords(seq: number, text: string): void {
    const { words } = this.state;
    const all = words === '' ? text : `${words}\n${text}`;
    if (words === '' || all.length <= cardWordsLength) this.state.coversSeq = Math.max(this.state.coversSeq, seq);
    this.state.words = all.slice(0, cardWordsLength).toWellFormed();
  }

  /** The card is not there yet, or says something else. A chat without a word has no card. */
  isStale(content: InboundCardContent): boolean {
    const { words, shown, givenUp } = this.state;
    return words !== '' && givenUp !== true && shown !== JSON.stringify(content);
  }

  shows(content: InboundCardContent, ref: CardRef): void {
    this.state.ref = ref;
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
    this.state.words = words.slice(0, cardWordsLength).toWellFormed();
    if (this.state.ref) this.state.formerIds.push(this.state.ref.messageId);
    delete this.state.ref;
    delete this.state.shown;
  }

  giveUp(): void {
    this.state.givenUp = true;
  }
}
