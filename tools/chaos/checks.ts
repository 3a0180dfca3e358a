import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { VisitorEntry } from '../../domain/visitor-protocol.ts';
import type { ChatRecord } from '../../store/index.ts';
import type { SandboxChannel, SandboxMessage } from '../../test/support/driver.ts';
import { compare, emptyCheck, type Check } from './compare.ts';
import type { Evidence } from './evidence.ts';
import { checkGrants, type GrantFacts } from './grant-log.ts';
import { mayOvertake, type Telling } from './webhook-log.ts';
import { besides, numbered, partsIn, words } from './words.ts';

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
  /** The visitor has been told that the chat is over. */
  ended: boolean;
  /** The visitor may have ended the chat before anybody could join: then it has no channel, and its card has the words. */
  endsEarly: boolean;
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
  grants: GrantFacts;
}

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
    delivered: emptyCheck('✓✓ for all in Zoom'),
    closing: emptyCheck('closing notes'),
  };
  const lateEffects = [...facts.lateEffects];
  for (const visitor of visitors) {
    const name = words.visitorName(visitor.number);
    const record = evidence.chats.find((chat) => chat.visitor.name === name);
    const transcript = record ? (evidence.transcripts.get(record._id) ?? []) : [];
    const channel = evidence.zoom.channels.find(({ id }) => id === record?.channel?.id);
    const messages = channel?.messages ?? [];
    const relayed = channel || !visitor.endsEarly ? messages : cardOf(facts, visitor.number);
    checkVisitorsWords(perChat, visitor, transcript, relayed, lateEffects);
    checkAgentsWords(perChat, visitor, transcript, messages, facts.tellings);
    compare(perChat.screen, { where: name, order: transcript.map(entryWords), seen: visitor.entries.map(entryWords) });
    compare(perChat.seq, {
      where: name,
      order: transcript.map((_, index) => String(index + 1)),
      seen: transcript.map(({ seq }) => String(seq)),
    });
    perChat.screen.wrong += visitor.faults.length;
    perChat.screen.examples.push(...visitor.faults);
    if (channel) {
      const lastSeq = transcript.findLast(({ kind }) => kind === 'visitorMessage')?.seq ?? 0;
      const upTo = (seq: number): string => `✓✓ up to ${seq}`;
      compare(perChat.delivered, {
        where: name,
        order: [upTo(lastSeq)],
        seen: visitor.deliveredSeq >= lastSeq ? [upTo(lastSeq)] : [],
      });
    }
    const notes = messages.filter((message) => message.bot && message.text.includes('Chat ended')).length;
    compare(perChat.closing, {
      where: name,
      order: visitor.ended && (channel || !visitor.endsEarly) ? ['the note'] : [],
      seen: Array.from({ length: notes }, () => 'the note'),
    });
  }
  return [
    ...Object.values(perChat),
    checkCards(facts, lateEffects),
    checkWorkflows(facts),
    checkChannels(facts),
    checkGrants(facts.grants),
  ];
}

type ChatChecks = Record<'toZoom' | 'visitorRecord' | 'toVisitor' | 'agentRecord', Check>;

/** Part by part, since one post can hold several messages, and one message can take several posts. */
function checkVisitorsWords(
  checks: ChatChecks,
  { number, said, accepted }: VisitorFacts,
  transcript: readonly TranscriptEntry[],
  messages: readonly SandboxMessage[],
  lateEffects: number[],
): void {
  const where = words.visitorName(number);
  const order = numbered(said.flatMap(({ text }) => partsIn(text)));
  const acceptedWords = said.flatMap(({ id, text }) => partsIn(text).map(() => accepted.has(id)));
  const required = new Set(order.filter((_, index) => acceptedWords[index] === true));
  const relayed = numbered(messages.flatMap((message) => partsIn(textOf(message))));
  const unavoidable = unavoidableCopies(messages, lateEffects);
  const isUnavoidable = (text: string): boolean => unavoidable.has(text);
  compare(checks.toZoom, { where, order, required, seen: relayed, isUnavoidable });
  for (const message of messages) {
    const text = textOf(message);
    const rest = besides(text).replace(`${where}:`.replace(/\s/g, ''), '');
    if (partsIn(text).length === 0 || rest === '') continue;
    checks.toZoom.wrong += 1;
    checks.toZoom.examples.push(`${where}: a post holds more than the visitor’s words: ${rest.slice(0, 60)}`);
  }

  const textById = new Map(said.map(({ id, text }) => [id, text]));
  compare(checks.visitorRecord, {
    where,
    order: said.map(({ id }) => id),
    required: new Set(said.flatMap(({ id }) => (accepted.has(id) ? [id] : []))),
    seen: transcript.flatMap((entry) => {
      if (entry.kind !== 'visitorMessage') return [];
      const { clientId, text } = entry;
      return [textById.get(clientId) === text ? clientId : `${clientId} with other words`];
    }),
  });
}

function checkAgentsWords(
  checks: ChatChecks,
  { number, entries }: VisitorFacts,
  transcript: readonly TranscriptEntry[],
  messages: readonly SandboxMessage[],
  tellings: ReadonlyMap<string, Telling>,
): void {
  const where = words.visitorName(number);
  const written = messages.filter((message) => !message.bot && partsIn(message.text).length === 0);
  const item = (messageId: string, text: string): string => `${text} (${messageId})`;
  const idOf = new Map(written.map(({ id, text }) => [item(id, text), id]));
  const telling = (words: string): Telling | undefined => tellings.get(idOf.get(words) ?? '');
  // What is written after the end is for nobody.
  const endedAt = transcript.find(({ kind }) => kind === 'ended')?.at ?? Infinity;
  const expectation = {
    where,
    order: [...idOf.keys()],
    required: new Set(
      written.flatMap(({ id, text, timestamp }) => (Number(timestamp) < endedAt ? [item(id, text)] : [])),
    ),
    mayOvertake: (later: string, earlier: string) => mayOvertake(telling(later), telling(earlier)),
  };
  const itemsOf = (list: readonly (TranscriptEntry | VisitorEntry)[]) =>
    list.flatMap((entry) => (entry.kind === 'agentMessage' ? [item(entry.messageId, entry.text)] : []));
  compare(checks.toVisitor, { ...expectation, seen: itemsOf(entries) });
  compare(checks.agentRecord, { ...expectation, seen: itemsOf(transcript) });
}

/**
 * Words that are there twice though nothing could be done: the repeat was posted when Zoom did, late, what it had been asked
 * for. Each late effect explains one post, and none before its time.
 */
function unavoidableCopies(messages: readonly SandboxMessage[], lateEffects: number[]): Set<string> {
  const known = new Set<string>();
  const copies = new Set<string>();
  for (const message of messages) {
    const found = partsIn(textOf(message));
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

/** The visitor's words in one post, whoever posted it: the bot, or the channel's owner in its place. */
function textOf(message: SandboxMessage): string {
  if (!message.bot) return message.text;
  return (message.content?.body ?? [])
    .flatMap((element) => {
      const text = (element as { text?: unknown }).text;
      return typeof text === 'string' && partsIn(text).length > 0 ? [text] : [];
    })
    .join('\n');
}

/** An entry in words that can be compared, whether it comes from the transcript or from the visitor. */
function entryWords(entry: TranscriptEntry | VisitorEntry): string {
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
  const chats = evidence.workflows.filter(({ id }) => id.startsWith('chat/'));
  compare(result, {
    where: 'chats',
    order: visitors.map(({ number }) => words.visitorName(number)),
    seen: evidence.chats.map(({ visitor }) => visitor.name),
    anyOrder: true,
  });
  compare(result, {
    where: 'workflows',
    order: evidence.chats.map(({ _id: chatId }) => `chat/${chatId}`),
    seen: chats.map(({ id }) => id),
    anyOrder: true,
  });
  const endedChats = new Set(
    evidence.chats.flatMap(({ _id: chatId, visitor }) =>
      visitors.some(({ number, ended }) => ended && words.visitorName(number) === visitor.name)
        ? [`chat/${chatId}`]
        : [],
    ),
  );
  for (const { id, status, pending, tries, stuckTask, chat, silent } of evidence.workflows) {
    const faults = [
      ...(status === 'RUNNING' || status === 'COMPLETED' ? [] : [`is ${status}`]),
      ...(endedChats.has(id) && status === 'RUNNING' ? ['has ended for its visitor and still runs'] : []),
      ...(id.startsWith('chat/') && !endedChats.has(id) && status === 'COMPLETED'
        ? ['is over, unknown to its visitor']
        : []),
      ...(stuckTask ? ['has a workflow task that cannot go on'] : []),
      ...(silent === undefined ? [] : [`does not say where it stands: ${silent}`]),
      ...(pending > 0 ? [`still has ${pending} activities under way (try ${tries})`] : []),
      ...(chat && chat.waitingForZoom > 0 ? [`has ${chat.waitingForZoom} messages waiting for Zoom`] : []),
      ...(chat && chat.recordedSeq !== chat.lastSeq ? [`recorded ${chat.recordedSeq} of ${chat.lastSeq}`] : []),
    ];
    result.wrong += faults.length;
    result.examples.push(...faults.map((fault) => `${id} ${fault}`));
  }
  return result;
}

/** The inbound cards of one chat. */
function cardOf({ evidence, inbound }: Facts, number: number): SandboxMessage[] {
  const name = words.visitor(number, 1);
  return evidence.zoom.channels
    .filter(({ id }) => inbound.includes(id))
    .flatMap(({ messages }) => messages.filter((message) => partsIn(textOf(message))[0] === name));
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
    seen: messages.flatMap((message) => partsIn(textOf(message)).slice(0, 1)),
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
    required: new Set(visitors.flatMap(({ number, endsEarly }) => (endsEarly ? [] : [words.visitorName(number)]))),
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
