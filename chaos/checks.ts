import type { TimelineEntry } from '../domain/timeline.ts';
import type { VisitorEntry } from '../domain/visitor-protocol.ts';
import { workflowIds } from '../domain/workflow-ids.ts';
import type { ChatRecord } from '../store/index.ts';
import type { SandboxChannel, SandboxMessage } from '../test/support/driver.ts';
import { compare, emptyCheck, type Check } from './compare.ts';
import type { Evidence, Telling } from './evidence.ts';
import { words } from './team.ts';

/** One chat as its visitor saw it. */
export interface VisitorFacts {
  number: number;
  said: readonly { id: string; text: string }[];
  accepted: ReadonlySet<string>;
  entries: readonly VisitorEntry[];
  /** What the protocol says cannot happen. */
  faults: readonly string[];
  ended: boolean;
}

export interface Facts {
  visitors: readonly VisitorFacts[];
  evidence: Evidence;
  /** How Zoom told us of each message, by message id. */
  tellings: ReadonlyMap<string, Telling>;
  /** Ids of the channels that were there before any chat. */
  ownChannels: ReadonlySet<string>;
  /** When, at the earliest, Zoom did what the caller had given up: each time there may be one post twice. */
  lateEffects: readonly number[];
  /** Ids of the channels where new chats appear. */
  inbound: readonly string[];
}

const visitorWords = /\bv-\d+-\d+\b/g;
/** A webhook that took longer than this was held back, or waited for another try. */
const heldMs = 1_000;

/** Compares all sides. */
export function check(facts: Facts): Check[] {
  const { visitors, evidence } = facts;
  const perChat = {
    toZoom: emptyCheck('visitor → Zoom'),
    visitorRecord: emptyCheck('visitor → transcript'),
    toVisitor: emptyCheck('agent → visitor'),
    agentRecord: emptyCheck('agent → transcript'),
    screen: emptyCheck('transcript = visitor’s screen'),
    seq: emptyCheck('transcript 1..n'),
    closing: emptyCheck('closing notes'),
  };
  const lateEffects = [...facts.lateEffects];
  for (const visitor of visitors) {
    const name = words.visitorName(visitor.number);
    const record = evidence.chats.find((chat) => chat.visitor.name === name);
    const timeline = record ? (evidence.timelines.get(record._id) ?? []) : [];
    const channel = evidence.zoom.channels.find(({ id }) => id === record?.channel?.id);
    const messages = channel?.messages ?? [];
    checkVisitorsWords(perChat, visitor, timeline, messages, lateEffects);
    checkAgentsWords(perChat, visitor, timeline, messages, facts.tellings);
    compare(perChat.screen, { where: name, order: timeline.map(entryWords), seen: visitor.entries.map(entryWords) });
    compare(perChat.seq, {
      where: name,
      order: timeline.map((_, index) => String(index + 1)),
      seen: timeline.map(({ seq }) => String(seq)),
    });
    perChat.screen.wrong += visitor.faults.length;
    perChat.screen.examples.push(...visitor.faults);
    if (visitor.ended) {
      const notes = messages.filter((message) => message.bot && message.text.includes('Chat ended')).length;
      compare(perChat.closing, {
        where: name,
        order: ['the note'],
        seen: Array.from({ length: notes }, () => 'the note'),
      });
    }
  }
  return [...Object.values(perChat), checkCards(facts, lateEffects), checkWorkflows(facts), checkChannels(facts)];
}

type ChatChecks = Record<'toZoom' | 'visitorRecord' | 'toVisitor' | 'agentRecord', Check>;

function checkVisitorsWords(
  checks: ChatChecks,
  { number, said, accepted }: VisitorFacts,
  timeline: readonly TimelineEntry[],
  messages: readonly SandboxMessage[],
  lateEffects: number[],
): void {
  const where = words.visitorName(number);
  const order = said.map(({ text }) => text);
  const required = new Set(said.flatMap(({ id, text }) => (accepted.has(id) ? [text] : [])));
  // Whoever posted it: the bot, or the channel's owner in its place.
  const relayed = messages.flatMap((message) => wordsIn(message));
  const unavoidable = unavoidableCopies(messages, lateEffects);
  const isUnavoidable = (text: string): boolean => unavoidable.has(text);
  compare(checks.toZoom, { where, order, required, seen: relayed, isUnavoidable });
  const recorded = timeline.flatMap((entry) => (entry.kind === 'visitorMessage' ? [entry.text] : []));
  compare(checks.visitorRecord, { where, order, required, seen: recorded });
}

function checkAgentsWords(
  checks: ChatChecks,
  { number, entries }: VisitorFacts,
  timeline: readonly TimelineEntry[],
  messages: readonly SandboxMessage[],
  tellings: ReadonlyMap<string, Telling>,
): void {
  const where = words.visitorName(number);
  const written = messages.filter((message) => !message.bot);
  const order = written.map(({ text }) => text);
  const idOf = new Map(written.map(({ id, text }) => [text, id]));
  const telling = (text: string): Telling | undefined => tellings.get(idOf.get(text) ?? '');
  const mayOvertake = (later: string, earlier: string): boolean => {
    const first = telling(earlier);
    // No webhook at all: it was lost, and the channel's history told of it later.
    if (!first) return true;
    return first.tries > 1 || first.heldMs > heldMs || (telling(later)?.copies ?? 0) > 1;
  };
  const shown = entries.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : []));
  compare(checks.toVisitor, { where, order, seen: shown, mayOvertake });
  const recorded = timeline.flatMap((entry) => (entry.kind === 'agentMessage' ? [entry.text] : []));
  compare(checks.agentRecord, { where, order, seen: recorded, mayOvertake });
}

/**
 * Words that are there twice though nothing could be done: the repeat was posted when Zoom did, late, what it had been asked
 * for. Each late effect explains one post, and none before its time.
 */
function unavoidableCopies(messages: readonly SandboxMessage[], lateEffects: number[]): Set<string> {
  const known = new Set<string>();
  const copies = new Set<string>();
  for (const message of messages) {
    const found = wordsIn(message);
    const at = Number(message['timestamp']);
    const repeats = found.length > 0 && found.every((text) => known.has(text) && !copies.has(text));
    const effect = repeats ? lateEffects.findIndex((earliest) => earliest <= at) : -1;
    if (effect !== -1) {
      lateEffects.splice(effect, 1);
      for (const text of found) copies.add(text);
    }
    for (const text of found) known.add(text);
  }
  return copies;
}

/** The visitor's words in one post of the app; several messages may have gone out together, one a line. */
function wordsIn(message: SandboxMessage): string[] {
  const texts = (message.content?.body ?? []).flatMap((element) => {
    const text = (element as { text?: unknown }).text;
    return typeof text === 'string' ? [text] : [];
  });
  return (message.bot ? texts.join('\n') : message.text).match(visitorWords) ?? [];
}

/** An entry in words that can be compared, whether it comes from the transcript or from the visitor. */
function entryWords(entry: TimelineEntry | VisitorEntry): string {
  const { seq, kind } = entry;
  switch (kind) {
    case 'visitorMessage':
      return `${seq} ${kind} ${entry.clientId} ${entry.text}`;
    case 'agentMessage':
    case 'agentMessageEdited':
      return `${seq} ${kind} ${entry.messageId} ${entry.text}`;
    case 'agentMessageDeleted':
      return `${seq} ${kind} ${entry.messageId}`;
    case 'agentJoined':
    case 'agentLeft':
      return `${seq} ${kind} ${'agent' in entry ? entry.agent.name : entry.name}`;
    case 'missed':
      return `${seq} ${kind}`;
    case 'ended':
      return `${seq} ${kind} ${entry.by}`;
  }
}

/** Every chat has one workflow that goes on, or has come to its end; nothing in it waits. */
function checkWorkflows({ visitors, evidence }: Facts): Check {
  const result = emptyCheck('workflows');
  const ids = evidence.chats.map(({ _id: chatId }) => workflowIds.chat({ chatId }));
  const chats = evidence.workflows.filter(({ id }) => id.startsWith(workflowIds.chat({ chatId: '' })));
  compare(result, {
    where: 'chats',
    order: visitors.map(({ number }) => words.visitorName(number)),
    seen: evidence.chats.map(({ visitor }) => visitor.name),
    anyOrder: true,
  });
  compare(result, { where: 'workflows', order: ids, seen: chats.map(({ id }) => id), anyOrder: true });
  for (const { id, status, pending, tries, stuckTask, chat } of evidence.workflows) {
    const faults = [
      ...(status === 'RUNNING' || status === 'COMPLETED' ? [] : [`is ${status}`]),
      ...(stuckTask ? ['has a workflow task that cannot go on'] : []),
      ...(pending > 0 && id.startsWith('chat/') ? [`still has ${pending} activities under way (try ${tries})`] : []),
      ...(chat && chat.waitingForZoom > 0 ? [`has ${chat.waitingForZoom} messages waiting for Zoom`] : []),
      ...(chat && chat.recordedSeq !== chat.lastSeq ? [`recorded ${chat.recordedSeq} of ${chat.lastSeq}`] : []),
    ];
    result.wrong += faults.length;
    result.examples.push(...faults.map((fault) => `${id} ${fault}`));
  }
  return result;
}

/** Every chat has one card for the agents. */
function checkCards({ visitors, evidence, inbound }: Facts, lateEffects: number[]): Check {
  const result = emptyCheck('inbound cards');
  const messages = evidence.zoom.channels.filter(({ id }) => inbound.includes(id)).flatMap((one) => one.messages);
  const unavoidable = unavoidableCopies(messages, lateEffects);
  compare(result, {
    where: 'cards',
    order: visitors.map(({ number }) => words.visitor(number, 1)),
    // A card shows what was said before somebody joined, the first words in any case.
    seen: messages.flatMap((message) => wordsIn(message).slice(0, 1)),
    anyOrder: true,
    isUnavoidable: (text) => unavoidable.has(text),
  });
  return result;
}

/** Every chat has one channel, and no channel is without its chat. */
function checkChannels({ visitors, evidence, ownChannels }: Facts): Check {
  const result = emptyCheck('chat channels');
  const holders = new Map(evidence.chats.map((chat) => [chat.channel?.id, chat]));
  const made = evidence.zoom.channels.filter(({ id }) => !ownChannels.has(id));
  compare(result, {
    where: 'channels',
    order: visitors.map(({ number }) => words.visitorName(number)),
    seen: made.map((channel) => nameOf(channel, holders.get(channel.id))),
    anyOrder: true,
  });
  return result;
}

function nameOf(channel: SandboxChannel, holder: ChatRecord | undefined): string {
  const name = channel.name.split(' · ')[0] ?? channel.name;
  // An orphan: named for a chat, and no chat knows it.
  return holder ? holder.visitor.name : `${name} (no chat holds it)`;
}
