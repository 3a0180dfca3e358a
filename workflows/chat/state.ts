import { endCommand, type EndedBy } from '../../domain/channel-post.ts';
import { limits } from '../../domain/limits.ts';
import type { ChatStanding } from '../../activities/chat.ts';
import type { RouteOutcome, VisitorRoute } from '../../domain/delivery.ts';
import type { Agent, ChatStatus, NewTranscriptEntry, TranscriptEntry } from '../../domain/transcript.ts';
import type { ChatInput, ChatSnapshot, VisitorConnection, VisitorEvent, ZoomEvent, ZoomSignal } from './messages.ts';
import { delayBeforePost } from './pacing.ts';

/** A channel of the chat's account in Zoom. */
export interface ZoomChannel {
  id: string;
  jid: string;
  name: string;
  url: string;
}

/** The card in the inbound channel. */
export interface InboundCard {
  messageId: string;
  channelId: string;
  channelJid: string;
}

/** What the inbound card says; when it differs from what was last shown, the card is edited. */
export interface CardFace {
  /** While nobody has joined: how many messages the card shows the words of. */
  messages?: number;
  status: ChatStatus;
  agents: string[];
  channelUrl?: string;
  endedBy?: EndedBy;
}

/** One visitor message on its way to Zoom. */
export interface WaitingLine {
  seq: number;
  text: string;
  /** When it was written, ms, the api's clock. */
  at?: number;
}

/** What is to be recorded and told next: entries, and what is true once they are. */
export interface News {
  entries: TranscriptEntry[];
  lastSeq: number;
  deliveredSeq: number;
}

/** The sockets of the visitor at one api instance, and how to get there. */
export interface ChatRoute {
  route: VisitorRoute;
  connectionIds: string[];
}

/** The chat's whole memory: plain JSON, since it is handed over when the workflow continues as new. */
export interface ChatState {
  status: ChatStatus;
  startedAt: number;
  /** Since when the chat has been asking for an agent, ms; absent once the visitor was told that nobody joined in time. */
  waitingSince?: number;
  /** Last time anybody wrote, ms. */
  lastActivityAt: number;
  /** First word since the channel was last read back, ms; and how often it was since anybody last wrote. */
  unreadSince?: number;
  readBacks: number;
  /** Begin of the last reading that succeeded, ms: what was in the channel then has been taken in. */
  readBackAt?: number;
  lastSeq: number;
  /** The last `seq` that was given out otherwise than for a signal, see `isFirm`. */
  softSeq?: number;
  /** Every entry up to here is in MongoDB. */
  recordedSeq: number;
  unrecorded: TranscriptEntry[];
  /** The record's status, agents or end have changed since they were saved. */
  recordStale: boolean;
  /** What the visitor wrote before anybody joined, as far as the inbound card shows it. */
  firstWords: string;
  waitingLines: WaitingLine[];
  /** Zoom has taken every visitor message up to here; and what the visitor has been told of it. */
  deliveredSeq: number;
  toldDeliveredSeq: number;
  /** A socket has opened and must be brought up to date. */
  greetSocket: boolean;
  connections: VisitorConnection[];
  /** Sockets whose api instance did not answer last time: given up if it does not answer again. */
  doubted: string[];
  agents: Agent[];
  /** Whom an operator has taken off the chat: a late word of theirs keeps its name, and does not bring them back. */
  takenOff?: (Agent & { /** Why they are still a member of the chat channel. */ still?: string })[];
  joinRequests: Agent[];
  channel?: ZoomChannel;
  /** How many chat channels have vanished in Zoom: the next one needs a name of its own. */
  channelsLost: number;
  /** Zoom user who owns the chat channel, and in whose name the app posts where the bot may not. */
  ownerUserId?: string;
  postsAs: 'bot' | 'user';
  card?: InboundCard;
  shownFace?: CardFace;
  endedBy?: EndedBy;
  /** The closing note is in the chat channel. */
  closed: boolean;
  seenClientIds: string[];
  seenZoomKeys: string[];
  /** Ids of our own posts. */
  ownPostIds: string[];
  /** Text of the post under way, and what is left of it: its echo may come back before Zoom's answer with its id. */
  awaitedEchoes: string[];
  /** Times of recent posts into the chat channel, ms, for Zoom's per-channel limits. */
  postTimes: number[];
  /** The account's rate has held the next post back: since when, when it is its turn, ms; and whether that is long. */
  turn?: { since: number; at: number; long: boolean };
  /** Claims used so far, see `claimFor`. */
  claims?: number;
  /** What was recorded up to here may have been posted too, by a run of a task that nobody remembers. */
  doubtedSeq?: number;
}

/** Times of a chat, ms, and whom an operator has taken off it. */
export interface ChatOutlook {
  startedAt: number;
  lastActivityAt: number;
  waitingSince?: number;
  takenOff: NonNullable<ChatState['takenOff']>;
  next?: { what: 'missed' | 'readBack' | 'idle'; at: number };
}

/**
 * The channel is read back for what a lost webhook would have told: this long into a silence, ms, and in a lively chat
 * no later than so long after the first word that has not been checked so.
 */
const readBackIntoSilenceMs = [60_000, 6 * 60_000, 30 * 60_000];
const readBackAtLatestMs = 5 * 60_000;
/** How much later than written a message may appear in Zoom's history, our clocks' difference included, ms. */
const historyLagMs = 2 * 60_000;

/** Text of one post into Zoom; several waiting lines go out together up to this length. */
const postLength = 1_000;

/**
 * One chat's rules, without Temporal: what each event changes, and what is to be done next. The workflow feeds it
 * events, asks what is due, does it, and reports back.
 */
export class Chat {
  readonly input: ChatInput;
  readonly state: ChatState;
  /**
   * What the strands are doing just now. No part of the memory: when a run hands over, nothing is in hand.
   * `relayFrom`: entries from here on are on the short way to Zoom. `tellUpTo`: entries up to here are being recorded.
   */
  #relayFrom: number | undefined;
  #tellUpTo = 0;
  #zoomBusy = false;
  #signalled = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(input: ChatInput, state: ChatState) {
    this.input = input;
    this.state = state;
  }

  static begin(input: ChatInput, now: number): Chat {
    return new Chat(input, {
      status: 'waiting',
      startedAt: now,
      waitingSince: now,
      lastActivityAt: now,
      readBacks: 0,
      lastSeq: 0,
      recordedSeq: 0,
      unrecorded: [],
      recordStale: false,
      firstWords: '',
      waitingLines: [],
      deliveredSeq: 0,
      toldDeliveredSeq: 0,
      greetSocket: false,
      connections: [],
      doubted: [],
      agents: [],
      joinRequests: [],
      channelsLost: 0,
      postsAs: 'bot',
      closed: false,
      seenClientIds: [],
      seenZoomKeys: [],
      ownPostIds: [],
      awaitedEchoes: [],
      postTimes: [],
    });
  }

  get ended(): boolean {
    return this.state.status === 'ended';
  }

  // ---- what happens to the chat

  onVisitor(event: VisitorEvent, now: number): void {
    this.#bySignal(() => this.#visitorDid(event, now));
  }

  onZoom(event: ZoomSignal, now: number): void {
    this.#bySignal(() => this.zoomTold(event, now));
  }

  #bySignal(happen: () => void): void {
    this.#signalled = true;
    try {
      happen();
    } finally {
      this.#signalled = false;
    }
  }

  #visitorDid(event: VisitorEvent, now: number): void {
    switch (event.kind) {
      case 'message':
        if (event.connection) this.#connect(event.connection);
        this.#visitorWrote(event, now);
        break;
      case 'connected':
        this.#connect(event.connection);
        this.state.greetSocket = true;
        break;
      case 'disconnected':
        this.connectionsGone([event.connectionId]);
        break;
      case 'ended':
        this.end('visitor', now);
        break;
    }
  }

  /** What happened in Zoom, however it was learnt: by a signal (`onZoom`), or by reading the channel back. */
  zoomTold(event: ZoomSignal, now: number): void {
    const { channel } = this.state;
    if (event.channelId !== undefined && channel && event.channelId !== channel.id) return;
    switch (event.kind) {
      case 'joinPressed':
        this.#joinPressed(event.user);
        break;
      case 'endPressed':
        this.end('agent', now);
        break;
      case 'message':
        this.#agentWrote(event, now);
        break;
      case 'edited':
        if (this.#isRelayed(event.messageId) && this.#isNew(`${event.messageId}/edited/${event.at}`)) {
          this.#add({ kind: 'agentMessageEdited', at: event.at, messageId: event.messageId, text: event.text });
        }
        break;
      case 'deleted':
        if (this.#isRelayed(event.messageId) && this.#isNew(`${event.messageId}/deleted`)) {
          this.#add({ kind: 'agentMessageDeleted', at: event.at, messageId: event.messageId });
        }
        break;
      case 'agentLeft':
        this.#agentLeft(event.userId, event.at);
        break;
      case 'channelGone':
        this.channelGone(now);
        break;
    }
  }

  /** End the chat; what is still waiting is relayed before the chat closes. */
  end(by: EndedBy, now: number): void {
    if (this.ended) return;
    this.state.endedBy = by;
    this.state.joinRequests = [];
    this.#add({ kind: 'ended', at: now, by });
    this.#setStatus('ended');
  }

  /** An agent joined: the channel is there and the agent is in it. */
  agentJoined(agent: Agent, now: number): void {
    this.state.joinRequests = this.state.joinRequests.filter((user) => user.id !== agent.id);
    if (!this.ended) this.#setStatus('active');
    // Somebody who wrote in the channel before the join was through is known already.
    if (this.state.agents.some((known) => known.id === agent.id)) return;
    this.state.agents.push(agent);
    this.#add({ kind: 'agentJoined', at: now, agent });
    this.state.recordStale = true;
  }

  /** The join cannot be done, e.g. Zoom no longer knows the presser. */
  joinRefused(userId: string): void {
    this.state.joinRequests = this.state.joinRequests.filter((user) => user.id !== userId);
    if (this.state.status === 'joining' && this.state.joinRequests.length === 0) {
      this.#setStatus(this.state.waitingSince === undefined ? 'missed' : 'waiting');
    }
  }

  channelOpened(channel: ZoomChannel, ownerUserId: string): void {
    this.state.channel = channel;
    this.state.ownerUserId = ownerUserId;
  }

  /**
   * The chat channel was deleted or archived in Zoom. With nothing left to relay, that is the agent's way to end the
   * chat; otherwise the chat asks for an agent again, so that no accepted message stays unread.
   */
  channelGone(now: number): void {
    const { state } = this;
    if (!state.channel) return;
    if (this.ended || state.waitingLines.length === 0) {
      state.waitingLines = [];
      state.closed = true;
      this.end('agent', now);
      return;
    }
    delete state.channel;
    delete state.readBackAt;
    delete state.card;
    delete state.shownFace;
    state.channelsLost += 1;
    state.agents = [];
    state.waitingSince = now;
    state.firstWords = state.waitingLines.reduce((words, line) => joinedWords(words, line.text), '');
    this.#setStatus('waiting');
  }

  /** An operator gave the chat to somebody else. `still`: why this one is still a member of the chat channel. */
  agentTakenOff(agent: Agent, now: number, still?: string): void {
    const others = (this.state.takenOff ?? []).filter(({ id }) => id !== agent.id);
    this.state.takenOff = [...others, { ...agent, ...(still === undefined ? {} : { still }) }];
    this.#agentLeft(agent.id, now);
  }

  /** Nobody joined in time: the visitor is told, the chat stays joinable. */
  missed(now: number): void {
    if (this.state.status !== 'waiting') return;
    delete this.state.waitingSince;
    this.#add({ kind: 'missed', at: now });
    this.#setStatus('missed');
  }

  // ---- towards the visitor

  /**
   * Something to record, or to tell the visitor. The visitor's own messages are not news while they can be relayed soon: they
   * are recorded on their way to Zoom.
   */
  get hasNews(): boolean {
    const { unrecorded, recordStale, greetSocket, connections, deliveredSeq, toldDeliveredSeq } = this.state;
    const { channel, waitingLines, turn } = this.state;
    const relayedFrom = (channel && turn?.long !== true && waitingLines[0]?.seq) || Infinity;
    const held = this.#heldFrom;
    return (
      recordStale ||
      unrecorded.some((entry) => entry.seq < held && (entry.kind !== 'visitorMessage' || entry.seq < relayedFrom)) ||
      (connections.length > 0 && (greetSocket || deliveredSeq > toldDeliveredSeq))
    );
  }

  /** What is still to be recorded of the chat up to this `seq`. */
  unrecordedUpTo(seq: number): TranscriptEntry[] {
    return this.state.unrecorded.filter((entry) => entry.seq <= seq);
  }

  /** Writers whose names are still to be looked up: people added to the channel by hand. */
  get strangers(): string[] {
    const nameless = this.state.unrecorded.flatMap((entry) =>
      entry.kind === 'agentMessage' && entry.agent.name === '' && entry.agent.id !== '' ? [entry.agent.id] : [],
    );
    return [...new Set(nameless)];
  }

  /** A stranger's name; they are one of the chat's agents from now on. */
  meet(agent: Agent): void {
    for (const entry of this.state.unrecorded) {
      if (entry.kind === 'agentMessage' && entry.agent.id === agent.id) entry.agent = agent;
    }
    if (!this.state.agents.some((known) => known.id === agent.id)) {
      this.state.agents.push(agent);
      this.state.recordStale = true;
    }
  }

  /** The next entries to record and deliver, at most `limits.entriesPerFrame`. */
  get news(): News {
    const held = this.#heldFrom;
    const entries = this.state.unrecorded.filter((entry) => entry.seq < held).slice(0, limits.entriesPerFrame);
    return {
      entries,
      lastSeq: this.state.recordedSeq + entries.length,
      deliveredSeq: this.state.deliveredSeq,
    };
  }

  /** `news` has been recorded, and told to whoever was there. */
  newsTold(news: { lastSeq: number; deliveredSeq: number }): void {
    const { state } = this;
    state.unrecorded = state.unrecorded.filter((entry) => entry.seq > news.lastSeq);
    state.recordedSeq = Math.max(state.recordedSeq, news.lastSeq);
    state.toldDeliveredSeq = Math.max(state.toldDeliveredSeq, news.deliveredSeq);
  }

  /** The strand of the visitor's side has begun to record entries up to this `seq`; 0 when it is done. */
  set tellingUpTo(seq: number) {
    this.#tellUpTo = seq;
  }

  /** The strand of the chat channel is at work. */
  set zoomBusy(busy: boolean) {
    this.#zoomBusy = busy;
  }

  /**
   * Entries from this `seq` on wait for the short way to Zoom, which records them itself: it has begun, or is what the strand of
   * the chat channel does next. Recorded by the other strand, they would look as if an earlier run had tried to post them.
   */
  get #heldFrom(): number {
    if (this.#relayFrom !== undefined) return this.#relayFrom;
    const [line] = this.state.waitingLines;
    const next = this.input.shortWay === true && !this.#zoomBusy && this.nextJoin === undefined && this.state.channel;
    return next && line && line.seq > this.#tellUpTo ? line.seq : Infinity;
  }

  /**
   * Whether these lines may take the short way: they make one message, and nobody has begun to record or to post them; or
   * they come back in their turn, recorded meanwhile.
   * @param text the post as it is in a user's name.
   */
  mayRelayNow(lines: readonly WaitingLine[], text: string): boolean {
    const fresh = (lines[0]?.seq ?? 0) > Math.max(this.state.recordedSeq, this.#tellUpTo);
    const inTurn = this.cameBack(lines) && this.#tellUpTo === 0 && !this.doubts(lines);
    const { at = 0, since = 0 } = this.state.turn ?? {};
    const soon = at - since <= longestTurnsMs;
    return this.input.shortWay === true && (fresh || inTurn) && soon && text.length <= longestPart && this.isFirm;
  }

  /** Whether these lines have been held back by the account's rate, and were recorded while they waited. */
  cameBack(lines: readonly WaitingLine[]): boolean {
    return this.state.turn !== undefined && (lines[0]?.seq ?? Infinity) <= this.state.recordedSeq;
  }

  /**
   * For lines that are recorded already: what tells a second run of the task from the first, since it is the same number in
   * both, whatever has been written in between. After having been held back it is the same again: the second run may have
   * been held back where the first had posted.
   */
  claimFor(lines: readonly WaitingLine[]): number | undefined {
    return this.cameBack(lines) ? (this.state.claims ?? 0) + 1 : undefined;
  }

  claimUsed(claim: number): void {
    this.state.claims = claim;
  }

  /** Whether another run of a task may have posted these lines. */
  doubts(lines: readonly WaitingLine[]): boolean {
    return (lines[0]?.seq ?? Infinity) <= (this.state.doubtedSeq ?? 0);
  }

  /**
   * The strand of the visitor's side has found entries up to here recorded already. It may have been another run of its own
   * task; or of one that took the short way to Zoom with them, where this run let an agent in first.
   */
  foundRecorded(upToSeq: number): void {
    this.state.doubtedSeq = Math.max(this.state.doubtedSeq ?? 0, upToSeq);
  }

  /**
   * Whether every `seq` given out so far is final, though the workflow task that gave it is not completed. A task whose worker
   * is killed runs again, with the signals that have come meanwhile. They come after the signals that were there before, so what
   * a signal was given stays as it was. But they come before everything else: what was given for an activity's result, a timer or
   * an update can become another number. It is final once it is recorded: that takes an activity, which begins when the task is
   * completed.
   */
  get isFirm(): boolean {
    return (this.state.softSeq ?? 0) <= this.state.recordedSeq;
  }

  /** The entries up to this `seq` that nobody is recording yet: from now on the short way does. */
  takeInHand(lastSeq: number): TranscriptEntry[] {
    const entries = this.unrecordedUpTo(lastSeq).filter((entry) => entry.seq > this.#tellUpTo);
    this.#relayFrom = entries[0]?.seq ?? lastSeq;
    return entries;
  }

  letGo(): void {
    this.#relayFrom = undefined;
  }

  /** Work of several strands, one after the other, in the order it is asked for. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  /** Where the chat stands, for its record. */
  standing(now: number): ChatStanding {
    const { status, agents, endedBy, deliveredSeq } = this.state;
    return { status, agents, deliveredSeq, ...(endedBy === undefined ? {} : { endedAt: now }) };
  }

  /** The ways to the visitor's sockets, by api instance, the newest first. */
  get routes(): ChatRoute[] {
    const routes = new Map<string, ChatRoute>();
    for (const { instanceId, url, connectionId } of [...this.state.connections].reverse()) {
      const known = routes.get(instanceId);
      if (known) known.connectionIds.push(connectionId);
      else {
        routes.set(instanceId, {
          route: { instanceId, ...(url === undefined ? {} : { url }) },
          connectionIds: [connectionId],
        });
      }
    }
    return [...routes.values()];
  }

  /** What became of a delivery on each route. With nobody reached, the unreached ones still have their task queues. */
  routesTold(routes: readonly ChatRoute[], outcomes: readonly RouteOutcome[]): void {
    const reached = outcomes.includes('reached');
    routes.forEach(({ connectionIds }, n) => {
      if (outcomes[n] === 'reached') this.connectionsReached(connectionIds);
      else if (outcomes[n] === 'gone') this.connectionsGone(connectionIds);
      else if (reached) this.connectionsUnreached(connectionIds);
    });
  }

  /** The api instances that hold sockets of this visitor. */
  get instances(): string[] {
    return [...new Set(this.state.connections.map((connection) => connection.instanceId))];
  }

  /** The sockets that one api instance holds, as far as the chat knows. */
  connectionsAt(instanceId: string): string[] {
    return this.state.connections.filter((c) => c.instanceId === instanceId).map((c) => c.connectionId);
  }

  /** These sockets are not there any more. One that has opened meanwhile, at the same instance, stays. */
  connectionsGone(connectionIds: readonly string[]): void {
    this.state.connections = this.state.connections.filter((c) => !connectionIds.includes(c.connectionId));
    this.connectionsReached(connectionIds);
  }

  /** The api instance of these sockets did not answer: busy, or gone. It is tried once more, at once, before they count as gone. */
  connectionsUnreached(connectionIds: readonly string[]): void {
    const again = connectionIds.filter((id) => this.state.doubted.includes(id));
    this.connectionsGone(again);
    const fresh = connectionIds.filter((id) => !again.includes(id));
    this.state.doubted.push(...fresh);
    if (fresh.length > 0) this.state.greetSocket = true;
  }

  connectionsReached(connectionIds: readonly string[]): void {
    this.state.doubted = this.state.doubted.filter((id) => !connectionIds.includes(id));
  }

  // ---- towards Zoom

  get nextJoin(): Agent | undefined {
    return this.state.joinRequests[0];
  }

  /** Waiting visitor lines that go out in one post: as many whole lines as fit, at least one. */
  get nextPost(): WaitingLine[] {
    if (!this.state.channel) return [];
    const lines: WaitingLine[] = [];
    let length = 0;
    for (const line of this.state.waitingLines) {
      length += line.text.length + 1;
      if (lines.length > 0 && length > postLength) break;
      lines.push(line);
    }
    return lines;
  }

  /** The chat is over and its channel has not been told. */
  get needsClosing(): boolean {
    return this.ended && !this.state.closed && this.state.channel !== undefined && this.state.waitingLines.length === 0;
  }

  /** ms to wait before `text` is posted into the chat channel, so that Zoom's limits are kept rather than met. */
  postDelay(text: string, now: number): number {
    // A long text goes out in parts, of at least half the length that Zoom takes.
    const parts = text.length <= longestPart ? 1 : Math.ceil(text.length / (longestPart / 2));
    return delayBeforePost(this.state.postTimes, now, parts);
  }

  /** ms until it is the next post's turn at the account's rate. */
  turnIn(now: number): number {
    return Math.max(0, (this.state.turn?.at ?? 0) - now);
  }

  /** The account's rate has held a post back. */
  heldBack(tryAgainInMs: number, now: number): void {
    const since = this.state.turn?.since ?? now;
    const at = now + tryAgainInMs;
    this.state.turn = { since, at, long: at - since > longTurnMs };
    this.state.awaitedEchoes = [];
  }

  /** Before a post: its text as it is in a user's name, for the echo that may come back before Zoom's answer does. */
  posting(text: string): void {
    this.state.awaitedEchoes = [text];
  }

  posted(result: { messageIds: string[]; as: 'bot' | 'user' }, now: number): void {
    const { state } = this;
    for (const id of result.messageIds) {
      remember(state.ownPostIds, id);
      state.postTimes.push(now);
    }
    state.postTimes = state.postTimes.filter((time) => time > now - 1_000_000);
    state.postsAs = result.as;
    // From here on the ids tell.
    state.awaitedEchoes = [];
    delete state.turn;
  }

  /** Zoom has taken these lines. */
  linesDelivered(lines: WaitingLine[]): void {
    const last = lines.at(-1)?.seq ?? 0;
    this.state.waitingLines = this.state.waitingLines.filter((line) => line.seq > last);
    this.state.deliveredSeq = Math.max(this.state.deliveredSeq, last);
    // Until the end the chat itself tells it; after it, the record has to.
    if (this.input.shortWay === true && this.ended) this.state.recordStale = true;
  }

  get face(): CardFace {
    const { status, agents, channel, endedBy } = this.state;
    return {
      // The card need not flicker while the channel is being made.
      status: status === 'joining' ? (this.state.shownFace?.status ?? 'waiting') : status,
      agents: agents.map((agent) => agent.name),
      ...(channel === undefined ? { messages: this.state.waitingLines.length } : { channelUrl: channel.url }),
      ...(endedBy === undefined ? {} : { endedBy }),
    };
  }

  /** The inbound card is not there yet, or says something outdated. A chat without a word has no card. */
  get cardStale(): boolean {
    const { firstWords, card, shownFace } = this.state;
    return firstWords !== '' && (!card || JSON.stringify(shownFace) !== JSON.stringify(this.face));
  }

  /** The card shows the visitor's first words: with it, that message is with the team. */
  get deliveredSeqWithCard(): number {
    return Math.max(this.state.deliveredSeq, this.state.waitingLines[0]?.seq ?? 0);
  }

  /** The card says `face` now. `was` is the card that was edited; not given for a new one. */
  cardShown(card: InboundCard, face: CardFace, deliveredSeq: number, was?: InboundCard): void {
    // The chat has asked for a new card meanwhile: the edited one is of no use any more.
    if (was && this.state.card?.messageId !== was.messageId) return;
    this.state.card = card;
    this.state.shownFace = face;
    this.state.deliveredSeq = Math.max(this.state.deliveredSeq, deliveredSeq);
  }

  // ---- time

  /** ms until the next thing that happens by itself, and what; undefined once the chat has ended. */
  nextDeadline(now: number): { inMs: number; what: 'missed' | 'readBack' | 'idle' } | undefined {
    const { state } = this;
    if (this.ended) return undefined;
    const deadlines: { at: number; what: 'missed' | 'readBack' | 'idle' }[] = [
      { at: state.lastActivityAt + this.input.timings.idleEndMs, what: 'idle' },
    ];
    if (state.status === 'waiting' && state.waitingSince !== undefined) {
      deadlines.push({ at: state.waitingSince + this.input.timings.missedAfterMs, what: 'missed' });
    }
    if (state.channel) {
      const silence = readBackIntoSilenceMs[state.readBacks];
      if (silence !== undefined) deadlines.push({ at: state.lastActivityAt + silence, what: 'readBack' });
      if (state.unreadSince !== undefined)
        deadlines.push({ at: state.unreadSince + readBackAtLatestMs, what: 'readBack' });
    }
    const next = deadlines.reduce((a, b) => (b.at < a.at ? b : a));
    return { inMs: Math.max(0, next.at - now), what: next.what };
  }

  /** From when on the channel's history is to be read, ms: what is older has been taken in before. */
  get readBackFrom(): number {
    return Math.max(this.state.startedAt, (this.state.readBackAt ?? 0) - historyLagMs);
  }

  /** The channel was to be read back, begun at this time; `read` if it was: what it held has been taken in. */
  readBackDone(read: boolean, begunAt: number): void {
    this.state.readBacks += 1;
    if (!read) return;
    delete this.state.unreadSince;
    this.state.readBackAt = begunAt;
  }

  // ---- where it stands

  /** Nothing is left to do, ever. */
  get finished(): boolean {
    const { closed, channel, unrecorded, recordStale } = this.state;
    return (
      this.ended && unrecorded.length === 0 && !recordStale && !this.cardStale && (closed || channel === undefined)
    );
  }

  /** Times for an operator, ms: what has been, and what comes by itself. */
  outlook(now: number): ChatOutlook {
    const { startedAt, lastActivityAt, waitingSince } = this.state;
    // Somebody who has joined again is an agent like the others.
    const isAgent = (id: string) => this.state.agents.some((agent) => agent.id === id);
    const takenOff = (this.state.takenOff ?? []).filter(({ id }) => !isAgent(id));
    const next = this.nextDeadline(now);
    return {
      startedAt,
      lastActivityAt,
      ...(waitingSince === undefined ? {} : { waitingSince }),
      takenOff,
      ...(next === undefined ? {} : { next: { what: next.what, at: now + next.inMs } }),
    };
  }

  /**
   * Whether the memory is small enough to be handed to the next run: Temporal takes 2 MB. What waits for an agent or for Zoom
   * may be more; it is handed over once it has gone out.
   */
  get portable(): boolean {
    const { waitingLines, unrecorded } = this.state;
    // As JSON in UTF-8 a unit of text takes at most 6 bytes; ids, names and times beside it take less than 250.
    const bytes = (item: object) => ('text' in item ? 6 * String(item.text).length : 0) + 250;
    return [...waitingLines, ...unrecorded].reduce((sum, item) => sum + bytes(item), 0) <= limits.carriedBytes;
  }

  get snapshot(): ChatSnapshot {
    const { state } = this;
    return {
      chatId: this.input.chatId,
      accountId: this.input.accountId,
      status: state.status,
      agents: state.agents,
      ...(state.channel === undefined ? {} : { channel: { id: state.channel.id, name: state.channel.name } }),
      lastSeq: state.lastSeq,
      recordedSeq: state.recordedSeq,
      deliveredSeq: state.deliveredSeq,
      waitingForZoom: state.waitingLines.length,
      openSockets: state.connections.length,
    };
  }

  // ---- rules

  #visitorWrote(event: Extract<VisitorEvent, { kind: 'message' }>, now: number): void {
    const { state } = this;
    if (state.seenClientIds.includes(event.clientId)) return;
    remember(state.seenClientIds, event.clientId);
    this.#spoken(now);
    const seq = this.#add({ kind: 'visitorMessage', at: event.at, clientId: event.clientId, text: event.text });
    state.waitingLines.push({ seq, text: event.text, at: event.at });
    // Until somebody has joined, the card is where the team reads what the visitor writes.
    if (!state.channel) state.firstWords = joinedWords(state.firstWords, event.text);
    // A message that crossed the end still reaches the channel, after the closing note.
  }

  #joinPressed(user: Agent): void {
    const { state } = this;
    if (this.ended || state.joinRequests.some((known) => known.id === user.id)) return;
    // Someone who is in already gets a fresh invitation: they may have left the channel in Zoom.
    state.joinRequests.push(user);
    if (!state.channel) this.#setStatus('joining');
  }

  #agentWrote(event: Extract<ZoomEvent, { kind: 'message' }>, now: number): void {
    const { state } = this;
    if (state.ownPostIds.includes(event.messageId) || !this.#isNew(event.messageId)) return;
    if (event.userId !== '' && event.userId === state.ownerUserId && this.#isEcho(event.text)) return;
    this.#spoken(now);
    if (event.text.trim().toLowerCase() === endCommand) {
      this.end('agent', now);
      return;
    }
    const files = (event.files ?? []).map((name) => `📎 ${name}`);
    const text = [event.text, ...files].filter((part) => part !== '').join('\n');
    if (text === '') return;
    const known = [...state.agents, ...(state.takenOff ?? [])];
    const name = known.find((agent) => agent.id === event.userId)?.name ?? '';
    this.#add({
      kind: 'agentMessage',
      at: event.at,
      messageId: event.messageId,
      agent: { id: event.userId, name },
      text,
    });
  }

  /** Posts in the owner's name come back as his messages, maybe before Zoom has answered with their id. */
  #isEcho(text: string): boolean {
    const { awaitedEchoes } = this.state;
    if (awaitedEchoes.some((awaited) => awaited.trim() === text.trim())) return true;
    // A long post goes out in parts, one after the other. Short texts are compared only with what is left after the parts
    // that came: they could be the owner's own words.
    const whole = text.length < partLength ? undefined : awaitedEchoes.find((awaited) => awaited.includes(text));
    if (whole === undefined) return false;
    remember(awaitedEchoes, whole.slice(whole.indexOf(text) + text.length), maxAwaitedEchoes);
    return true;
  }

  #spoken(now: number): void {
    this.state.lastActivityAt = now;
    this.state.unreadSince ??= now;
    this.state.readBacks = 0;
  }

  #agentLeft(userId: string, at: number): void {
    const agent = this.state.agents.find((known) => known.id === userId);
    if (!agent || this.ended) return;
    this.state.agents = this.state.agents.filter((known) => known.id !== userId);
    this.#add({ kind: 'agentLeft', at, agent });
    this.state.recordStale = true;
  }

  #isRelayed(messageId: string): boolean {
    return this.state.seenZoomKeys.includes(messageId);
  }

  #isNew(key: string): boolean {
    if (this.state.seenZoomKeys.includes(key)) return false;
    remember(this.state.seenZoomKeys, key);
    return true;
  }

  #connect(connection: VisitorConnection): void {
    const others = this.state.connections.filter((known) => known.connectionId !== connection.connectionId);
    this.state.connections = [...others, connection].slice(-maxConnections);
  }

  #setStatus(status: ChatStatus): void {
    if (this.state.status === status) return;
    this.state.status = status;
    this.state.recordStale = true;
  }

  #add(entry: NewTranscriptEntry): number {
    const seq = this.state.lastSeq + 1;
    this.state.lastSeq = seq;
    if (!this.#signalled) this.state.softSeq = seq;
    this.state.unrecorded.push({ ...entry, seq });
    return seq;
  }
}

/** Sockets of one visitor that a chat keeps track of: tabs beyond that catch up when they reconnect. */
const maxConnections = 20;

/** What waits longer than that for its turn is recorded meanwhile, for a visitor who comes back, ms. */
const longTurnMs = 5_000;
/** What waits longer than that takes the long way, where operators see it, ms. */
const longestTurnsMs = 60_000;

/** Longest message that Zoom takes. */
const longestPart = 1_024;

/** A text of at least this length that is within a post is a part of it. */
const partLength = 200;

/** What is left of one post after each of its parts: a post has a few. */
const maxAwaitedEchoes = 30;

/** Characters of the visitor's words that the inbound card has room for. */
const cardWordsLength = 1_000;

function joinedWords(words: string, more: string): string {
  return (words === '' ? more : `${words}\n${more}`).slice(0, cardWordsLength);
}

/** Add to a bounded memory: the oldest are forgotten. */
function remember(memory: string[], item: string, most: number = limits.rememberedIds): void {
  memory.push(item);
  if (memory.length > most) memory.splice(0, memory.length - most);
}
