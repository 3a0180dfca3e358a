import type { ChatStatus, EndedBy } from './transcript.ts';
import type { AboutVisitor } from './visitor.ts';

/** Everything that a chat's card in the inbound channel shows. */
export interface InboundCardContent {
  /** Which of the chat's cards this is, from 1: a chat that asks for an agent again gets a new one. */
  number: number;
  visitorName: string;
  /** Absent where Zoom refuses to show it. */
  about?: AboutVisitor;
  /** What the visitor wrote while no agent could read it in the chat channel. */
  words: string;
  status: ChatStatus;
  /** Names of the agents who are in. */
  agents: string[];
  /** Names of those who were in before. */
  wereIn: string[];
  /** Names of those who are being let in, if that takes a while. */
  joining: string[];
  /** There is a newer card: on this one nobody joins any more. */
  isReplaced?: true;
  channelUrl?: string;
  endedBy?: EndedBy;
}

/** Characters of the visitor's words that the card shows. */
export const cardWordsLength = 1_000;
