import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { VisitorEntry } from '../../domain/visitor-protocol.ts';
import type { ChatRecord } from '../../store/index.ts';
import { quotedLines, type SandboxChannel, type SandboxMessage } from '../../test/support/driver.ts';
import type { Evidence } from './evidence.ts';
import type { GrantFacts } from './grant-log.ts';
import type { Delivery } from './webhook-log.ts';
import { chatIn, words } from './words.ts';
import type { LostChannel } from './world.ts';

/** One chat as its visitor saw it. */
export interface VisitorFacts {
  number: number;
  said: readonly { id: string; text: string }[];
  accepted: ReadonlySet<string>;
  entries: readonly VisitorEntry[];
  /** What was written up to here has its ✓✓. */
  deliveredSeq: number;
  /** What the protocol says cannot happen. */
  faults: readonly string[];
  /** The visitor has read that the chat is over. */
  ended: boolean;
  /**
   * The visitor may have ended the chat before anybody could join: then it has no channel, and its card has the
   * words.
   */
  endsEarly: boolean;
}

/** Everything that is known at the end of a run. */
export interface Facts {
  visitors: readonly VisitorFacts[];
  evidence: Evidence;
  /** How Zoom's webhooks of each message went, by message id. */
  deliveries: ReadonlyMap<string, Delivery>;
  /** Ids of the channels that were there before any chat. */
  ownChannels: ReadonlySet<string>;
  /** Ids of the channels where new chats appear, or appeared. */
  inbound: ReadonlySet<string>;
  /** Channels that people have deleted, with what was in them. */
  deleted: readonly SandboxChannel[];
  /** Chat channels that agents have deleted or archived. */
  lost: readonly LostChannel[];
  /** The number of the chat that each chat channel was made for, the older channels first. */
  chatOfChannel: ReadonlyMap<string, number>;
  /** When, at the earliest, Zoom did what the caller had given up: each time there may be one post twice. */
  lateEffects: readonly number[];
  grants: GrantFacts;
}

/** One chat from all sides. */
export interface ChatFacts {
  visitor: VisitorFacts;
  name: string;
  record: ChatRecord | undefined;
  transcript: readonly TranscriptEntry[];
  /** Its channels in Zoom, the older first, lost ones included. */
  channels: readonly SandboxChannel[];
  /** Everything in these channels, in order. */
  messages: readonly SandboxMessage[];
  lost: readonly LostChannel[];
  /** The channel that it has now; undefined if it has none, or has lost it. */
  channel: SandboxChannel | undefined;
  /** Its cards, the older first, also in inbound channels that were deleted. */
  cards: readonly SandboxMessage[];
}

/** Its visitor ended it before its card could be posted: then there is none, and nobody reads what they wrote. */
export function endedUnseen({ visitor, cards, channels }: ChatFacts): boolean {
  return visitor.endsEarly && visitor.ended && cards.length === 0 && channels.length === 0;
}

export function chatsOf(facts: Facts): ChatFacts[] {
  const all = [...facts.deleted, ...facts.evidence.zoom.channels];
  const cards = all.filter(({ id }) => facts.inbound.has(id)).flatMap(({ messages }) => messages);
  return facts.visitors.map((visitor) => {
    const name = words.visitorName(visitor.number);
    const record = facts.evidence.chats.find((chat) => chat.visitor.name === name);
    const channels = [...facts.chatOfChannel].flatMap(([channelId, number]) =>
      number === visitor.number ? all.filter(({ id }) => id === channelId) : [],
    );
    const isEnded = facts.evidence.transcripts.get(record?._id ?? '')?.some(({ kind }) => kind === 'ended') ?? false;
    const lost = facts.lost.filter(({ number, channelId, how }) => {
      // Archived and back before the chat had noticed: it goes on there.
      const isBack = how === 'archived' && !isEnded && record?.channel?.id === channelId;
      return number === visitor.number && !isBack;
    });
    return {
      visitor,
      name,
      record,
      transcript: record ? (facts.evidence.transcripts.get(record._id) ?? []) : [],
      channels,
      messages: channels.flatMap(({ messages }) => messages),
      lost,
      channel: channels.find(({ id }) => !lost.some(({ channelId }) => channelId === id)),
      cards: cards.filter((card) => isCardOf(card, visitor.number, record?._id)).sort(byTime),
    };
  });
}

/** The visitor's words in one post, whoever posted it: the bot, or a user in its stead. Without what marks them. */
export function visitorWordsIn(message: SandboxMessage): string {
  const lines = quotedLines(message);
  return lines.length === 0 && !message.bot ? message.text : lines.join('\n');
}

export function timeOf(message: SandboxMessage): number {
  return Number(message['timestamp']);
}

/** A card whose words Zoom refuses to show has the chat's id alone. */
function isCardOf({ content }: SandboxMessage, number: number, chatId: string | undefined): boolean {
  const text = JSON.stringify(content ?? {});
  return chatIn(text) === number || (chatId !== undefined && text.includes(chatId));
}

function byTime(a: SandboxMessage, b: SandboxMessage): number {
  return timeOf(a) - timeOf(b);
}
