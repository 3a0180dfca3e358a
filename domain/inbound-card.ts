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
  channelUrl?: string;
  endedBy?: EndedBy;
}

/** Characters of the visitor's words that the card shows. */
export const cardWordsLength = 1_000;
