import type { EarlierChats } from '../../domain/visitor.ts';
import { Agents, type AgentsState } from './agents.ts';
import { Card, type CardState } from './card.ts';
import { ChatChannel, type ChatChannelState } from './channel.ts';
import { Lifecycle, type LifecycleState } from './lifecycle.ts';
import type { ChatInput } from './messages.ts';
import { Mail, type MailState } from './mail.ts';
import { Notes, type NotesState } from './notes.ts';
import { Outbox, type OutboxState } from './outbox.ts';
import { Presence, type PresenceState } from './presence.ts';
import { RecentKeys } from './recent-keys.ts';
import { Transcript, type TranscriptState } from './transcript.ts';
import { Waits, type WaitsState } from './waits.ts';
import { Writers, type WritersState } from './writers.ts';

/** The chat's whole memory, plain JSON: what one run hands to the next when the workflow continues as new. */
export interface ChatState {
  lifecycle: LifecycleState;
  transcript: TranscriptState;
  outbox: OutboxState;
  presence: PresenceState;
  agents: AgentsState;
  writers: WritersState;
  card: CardState;
  channel: ChatChannelState;
  notes: NotesState;
  waits: WaitsState;
  mail: MailState;
  seenFromVisitor: string[];
  seenFromZoom: string[];
  earlier?: EarlierChats;
  /** The chat's standing as its record has it, as JSON. */
  recordedStanding?: string;
}

/** What a chat is made of. Each part has one reason to change, and nobody writes into another's state. */
export class ChatParts {
  readonly lifecycle: Lifecycle;
  readonly transcript: Transcript;
  readonly outbox: Outbox;
  readonly presence: Presence;
  readonly agents: Agents;
  readonly writers: Writers;
  readonly card: Card;
  readonly channel: ChatChannel;
  readonly notes: Notes;
  readonly waits: Waits;
  readonly mail: Mail;
  /** Ids that the widget, and Zoom, gave to what they sent: a repeat is recognised by them. */
  readonly seenFromVisitor: RecentKeys;
  readonly seenFromZoom: RecentKeys;
  /** Chats that the same visitor had before, once that is known. */
  earlier: EarlierChats | undefined;
  protected recordedStanding: string | undefined;

  constructor(
    readonly input: ChatInput,
    now: number,
    carried?: ChatState,
  ) {
    this.lifecycle = carried ? new Lifecycle(carried.lifecycle) : Lifecycle.begin(now);
    this.transcript = new Transcript(carried?.transcript);
    this.outbox = new Outbox(input.chatId, carried?.outbox);
    this.presence = new Presence(carried?.presence);
    this.agents = new Agents(carried?.agents);
    this.writers = new Writers(carried?.writers);
    this.card = new Card(carried?.card);
    this.channel = new ChatChannel(carried?.channel);
    this.notes = new Notes(carried?.notes);
    this.waits = new Waits(carried?.waits);
    this.mail = new Mail(input.timings.mailAfterMs, input.visitor.email, carried?.mail);
    this.seenFromVisitor = new RecentKeys(carried?.seenFromVisitor);
    this.seenFromZoom = new RecentKeys(carried?.seenFromZoom);
    this.earlier = carried?.earlier;
    this.recordedStanding = carried?.recordedStanding;
  }

  /** What the next run is handed. */
  get state(): ChatState {
    return {
      lifecycle: this.lifecycle.state,
      transcript: this.transcript.state,
      outbox: this.outbox.carried(this.transcript.state.publishedSeq),
      presence: this.presence.state,
      agents: this.agents.state,
      writers: this.writers.state,
      card: this.card.state,
      channel: this.channel.state,
      notes: this.notes.state,
      waits: this.waits.state,
      mail: this.mail.state,
      seenFromVisitor: this.seenFromVisitor.keys,
      seenFromZoom: this.seenFromZoom.keys,
      ...(this.earlier === undefined ? {} : { earlier: this.earlier }),
      ...(this.recordedStanding === undefined ? {} : { recordedStanding: this.recordedStanding }),
    };
  }
}
