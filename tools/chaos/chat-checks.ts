import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { VisitorEntry } from '../../domain/visitor-protocol.ts';
import type { SandboxMessage } from '../../test/support/driver.ts';
import { compare, emptyCheck, type Check } from './compare.ts';
import { endedUnseen, timeOf, visitorWordsIn, type ChatFacts } from './facts.ts';
import { mayOvertake, type Delivery } from './webhook-log.ts';
import { besides, isForVisitor, numbered, partsIn, refusedWord } from './words.ts';

/** Clocks are read one after the other. */
const slackMs = 50;
const notice = 'wrote something that Zoom refuses to show here';
const noticeRange = /#(\d+)(?:–(\d+))? not shown/;
const closingWords = /\bchat (?:has )?(?:been )?ended\b|\bended this chat\b|\bchat has ended\b/i;
/** The mark of the first card in a chat channel, which says at the end that the chat has ended. */
const firstCard = /#0 · /;
/** A card with more than this has no room for what is missing on it. */
const fullCardLength = 900;

/** Compares the two sides of each chat, message by message. */
export class ChatChecks {
  readonly #checks = {
    toZoom: emptyCheck('visitor → Zoom'),
    visitorRecord: emptyCheck('visitor → transcript'),
    toVisitor: emptyCheck('agent → visitor'),
    agentRecord: emptyCheck('agent → transcript'),
    screen: emptyCheck('transcript = visitor’s screen'),
    seq: emptyCheck('transcript 1..n'),
    delivered: emptyCheck('✓✓ for all in Zoom'),
    closing: emptyCheck('closing notes'),
    lost: emptyCheck('after a lost channel'),
  };
  readonly #deliveries: ReadonlyMap<string, Delivery>;
  readonly #lateEffects: number[];

  /** @param lateEffects each is taken from the list as it explains a repeat. */
  constructor(deliveries: ReadonlyMap<string, Delivery>, lateEffects: number[]) {
    this.#deliveries = deliveries;
    this.#lateEffects = lateEffects;
  }

  get all(): Check[] {
    return Object.values(this.#checks);
  }

  add(chat: ChatFacts): void {
    this.#visitorsWords(chat);
    this.#visitorsRecord(chat);
    this.#agentsWords(chat);
    this.#screen(chat);
    this.#delivered(chat);
    this.#closing(chat);
    this.#lostChannels(chat);
  }

  /** Part by part, since one post can hold several messages, and one message can take several posts. */
  #visitorsWords(chat: ChatFacts): void {
    const { visitor, name: where, messages } = chat;
    const check = this.#checks.toZoom;
    const said = visitor.said.flatMap(({ id, text }) => partsIn(text).map((part) => ({ id, part })));
    const order = numbered(said.map(({ part }) => part));
    const required = new Set(order.filter((_, n) => visitor.accepted.has(said[n]?.id ?? '')));
    const { relayed, repeated } = relayedWords(chat, order);
    check.unavoidable += repeated;
    const { onCard, isFull } = wordsOnCard(chat, order, relayed);
    const seen = [...relayed, ...onCard];
    if (isFull || endedUnseen(chat)) for (const item of required) if (!seen.includes(item)) required.delete(item);
    const unavoidable = unavoidableCopies(messages, this.#lateEffects);
    compare(check, { where, order, required, seen, isUnavoidable: (text) => unavoidable.has(text) });
    for (const message of messages) {
      const text = visitorWordsIn(message);
      const rest = besides(text);
      if (partsIn(text).length === 0 || rest === '') continue;
      check.wrong += 1;
      check.examples.push(`${where}: a post holds more than the visitor’s words: ${rest.slice(0, 60)}`);
    }
  }

  #visitorsRecord({ visitor: { said, accepted }, name, transcript }: ChatFacts): void {
    const textById = new Map(said.map(({ id, text }) => [id, text]));
    compare(this.#checks.visitorRecord, {
      where: name,
      order: said.map(({ id }) => id),
      required: new Set(said.flatMap(({ id }) => (accepted.has(id) ? [id] : []))),
      seen: transcript.flatMap((entry) => {
        if (entry.kind !== 'visitorMessage') return [];
        const { clientId, text } = entry;
        return [textById.get(clientId) === text ? clientId : `${clientId} with other words`];
      }),
    });
  }

  #agentsWords({ visitor, name: where, transcript, messages, channels, lost }: ChatFacts): void {
    const written = messages.filter((message) => !message.bot && isForVisitor(message.text));
    const item = (messageId: string, text: string): string => `${text} (${messageId})`;
    const idOf = new Map(written.map(({ id, text }) => [item(id, text), id]));
    const delivery = (words: string): Delivery | undefined => this.#deliveries.get(idOf.get(words) ?? '');
    // What is written after the end is for nobody.
    const endedAt = transcript.find(({ kind }) => kind === 'ended')?.at ?? Infinity;
    // With a deleted channel goes what no webhook had yet brought.
    const tooLate = new Set(
      lost.flatMap(({ channelId, how, at }) => {
        if (how !== 'deleted') return [];
        const gone = channels.find(({ id }) => id === channelId)?.messages ?? [];
        return gone.flatMap(({ id }) => ((this.#deliveries.get(id)?.takenAt ?? Infinity) > at - slackMs ? [id] : []));
      }),
    );
    const required = written.filter((message) => {
      return message.text.startsWith('a-') && timeOf(message) < endedAt && !tooLate.has(message.id);
    });
    const expectation = {
      where,
      order: [...idOf.keys()],
      required: new Set(required.map(({ id, text }) => item(id, text))),
      mayOvertake: (later: string, earlier: string) => mayOvertake(delivery(later), delivery(earlier)),
    };
    const itemsOf = (list: readonly (TranscriptEntry | VisitorEntry)[]) =>
      list.flatMap((entry) => (entry.kind === 'agentMessage' ? [item(entry.messageId, entry.text)] : []));
    compare(this.#checks.toVisitor, { ...expectation, seen: itemsOf(visitor.entries) });
    compare(this.#checks.agentRecord, { ...expectation, seen: itemsOf(transcript) });
  }

  #screen({ visitor, name: where, transcript }: ChatFacts): void {
    const { screen, seq } = this.#checks;
    compare(screen, { where, order: transcript.map(entryWords), seen: visitor.entries.map(entryWords) });
    const nameless = visitor.entries.filter((entry) => 'name' in entry && entry.name?.trim() === '');
    const faults = [...visitor.faults, ...nameless.map(({ seq }) => `${where}: entry ${seq} is nobody’s`)];
    screen.wrong += faults.length;
    screen.examples.push(...faults);
    compare(seq, {
      where,
      order: transcript.map((_, index) => String(index + 1)),
      seen: transcript.map((entry) => String(entry.seq)),
    });
  }

  #delivered({ visitor, name: where, transcript, channel }: ChatFacts): void {
    if (!channel) return;
    const lastSeq = transcript.findLast(({ kind }) => kind === 'visitorMessage')?.seq ?? 0;
    const upTo = (seq: number): string => `✓✓ up to ${seq}`;
    compare(this.#checks.delivered, {
      where,
      order: [upTo(lastSeq)],
      seen: visitor.deliveredSeq >= lastSeq ? [upTo(lastSeq)] : [],
    });
  }

  /** A chat that has ended says so once in its channel, if it has one. */
  #closing({ visitor, name: where, messages, channel }: ChatFacts): void {
    const isNote = (text: string) => !isForVisitor(text) && !firstCard.test(text) && closingWords.test(text);
    const notes = messages.filter(({ text }) => isNote(text)).length;
    compare(this.#checks.closing, {
      where,
      order: visitor.ended && channel ? ['the note'] : [],
      seen: Array.from({ length: notes }, () => 'the note'),
    });
  }

  /** A chat whose channel was deleted or archived has ended; with something waiting it has asked for an agent again. */
  #lostChannels({ visitor, name: where, channels, lost }: ChatFacts): void {
    lost.forEach(({ channelId, how, mustGoOn }, index) => {
      const hasNext = channels.length > index + 1;
      const item = `${how} ${channelId}, ${mustGoOn ? 'a new channel' : 'an end or a new channel'}`;
      const isGood = hasNext || (visitor.ended && !mustGoOn);
      compare(this.#checks.lost, { where, order: [item], seen: isGood ? [item] : [] });
    });
  }
}

/** What Zoom refuses to show: it counts as relayed where the channel got the notice that there is something. */
class RefusedWords {
  readonly #refused: { seq: number; parts: string[] }[];
  #noticed = 0;

  constructor({ visitor, transcript }: ChatFacts) {
    const seqOf = (id: string): number =>
      transcript.find((entry) => entry.kind === 'visitorMessage' && entry.clientId === id)?.seq ?? 0;
    this.#refused = visitor.said
      .filter(({ text }) => text.includes(refusedWord))
      .map(({ id, text }) => ({ seq: seqOf(id), parts: partsIn(text) }));
  }

  noticedBy(message: SandboxMessage): string[] {
    const text = `${message.text} ${JSON.stringify(message.content ?? {})}`;
    if (!text.includes(notice)) return [];
    const [, first, last = first] = noticeRange.exec(text) ?? [];
    // In a user's name the notice has no range: it is about the next one.
    const meant =
      first === undefined
        ? this.#refused.slice(this.#noticed, this.#noticed + 1)
        : this.#refused.filter(({ seq }) => seq >= Number(first) && seq <= Number(last));
    this.#noticed += meant.length;
    return meant.flatMap(({ parts }) => parts);
  }
}

/**
 * The visitor's words as they are in the chat's channels, in order. What was posted last before a channel was lost
 * may be in the next one too: with the channel went the answer to whether it was there.
 */
function relayedWords(chat: ChatFacts, order: readonly string[]): { relayed: string[]; repeated: number } {
  const refused = new RefusedWords(chat);
  const known = new Set(order);
  let words: string[] = [];
  let mayRepeat = 0;
  let repeated = 0;
  for (const { id, messages } of chat.channels) {
    const posts = messages
      .map((message) => [...partsIn(visitorWordsIn(message)), ...refused.noticedBy(message)])
      .filter(({ length }) => length > 0);
    const next = posts.flat();
    const isGood = (list: string[]): boolean =>
      new Set(list).size === list.length && list.every((one) => known.has(one));
    const overlaps = Array.from({ length: Math.min(mayRepeat, next.length) + 1 }, (_, length) => length).filter(
      (length) => words.slice(words.length - length).join() === next.slice(0, length).join(),
    );
    const overlap = overlaps.find((length) => isGood(numbered([...words, ...next.slice(length)]))) ?? 0;
    repeated += overlap;
    words = [...words, ...next.slice(overlap)];
    mayRepeat = chat.lost.some(({ channelId }) => channelId === id) ? lastPostLength(posts) : 0;
  }
  return { relayed: numbered(words), repeated };
}

/** How many words the last post holds, and the earlier parts of the same message. */
function lastPostLength(posts: readonly string[][]): number {
  const words = posts.flat();
  let from = words.length - (posts.at(-1)?.length ?? 0);
  while (/\.\d{3}$/.test(words[from] ?? '')) from -= 1;
  return words.length - from;
}

/**
 * A chat that has ended without a channel has its last words on a card: which of them are there, and whether the card
 * has no room for more.
 */
function wordsOnCard(
  { visitor, cards, channel, channels, lost }: ChatFacts,
  order: readonly string[],
  relayed: readonly string[],
): { onCard: string[]; isFull: boolean } {
  if (channel || !visitor.ended || (channels.length === 0 && !visitor.endsEarly)) return { onCard: [], isFull: false };
  const since = lost.at(-1)?.at ?? -Infinity;
  const texts = cards.filter((card) => timeOf(card) > since - slackMs).map(visitorWordsIn);
  const seen = new Set(relayed);
  const onCard: string[] = [];
  for (const part of texts.flatMap(partsIn)) {
    // Of the same words said again those are meant that are nowhere else.
    const isMeant = (item: string): boolean => item === part || item.startsWith(`${part}#`);
    const item = order.find((one) => isMeant(one) && !seen.has(one));
    if (item === undefined) continue;
    seen.add(item);
    onCard.push(item);
  }
  return { onCard, isFull: texts.some(({ length }) => length >= fullCardLength) };
}

/**
 * Words that are there twice though nothing could be done: the repeat was posted when Zoom did, late, what it had
 * been asked for. Each late effect explains one post, and none before its time.
 */
export function unavoidableCopies(messages: readonly SandboxMessage[], lateEffects: number[]): Set<string> {
  const known = new Set<string>();
  const copies = new Set<string>();
  for (const message of messages) {
    const found = partsIn(visitorWordsIn(message));
    const repeats = found.length > 0 && found.every((text) => known.has(text) && !copies.has(text));
    const effect = repeats ? lateEffects.findIndex((earliest) => earliest <= timeOf(message)) : -1;
    if (effect !== -1) {
      lateEffects.splice(effect, 1);
      for (const text of found) copies.add(text);
    }
    for (const text of found) known.add(text);
  }
  return copies;
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
    case 'reopened':
      return `${seq} ${kind} ${('agent' in entry ? entry.agent?.name : 'name' in entry ? entry.name : '') ?? ''}`;
    case 'emailGiven':
      return `${seq} ${kind} ${entry.email}`;
    case 'missed':
      return `${seq} ${kind}`;
    case 'ended':
      return `${seq} ${kind} ${entry.by}`;
    case 'reopened':
      return `${seq} ${kind} ${('agent' in entry ? entry.agent?.name : 'name' in entry ? entry.name : undefined) ?? ''}`;
    case 'emailGiven':
      return `${seq} ${kind} ${entry.clientId} ${entry.email}`;
  }
}
