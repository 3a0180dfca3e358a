import type { Logger } from '../../config/logger.ts';
import type { VisitorDelivery } from '../../domain/delivery.ts';
import { limits } from '../../domain/limits.ts';
import type { ChatStatus } from '../../domain/transcript.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import {
  visitorCloseCodes,
  type HelloFrame,
  type ServerFrame,
  type VisitorFrame,
} from '../../domain/visitor-protocol.ts';
import type { Account } from '../../store/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import { pushedToVisitor } from '../../telemetry/recordings.ts';
import { inSpan } from '../../telemetry/tracing.ts';
import type { ChatInput, VisitorConnection } from '../../workflows/chat/messages.ts';
import { isDatabaseError } from '../http/as-problem.ts';
import type { ApiStore } from '../dependencies.ts';
import { TemporalUnavailableError, type SignalOutcome, type TemporalGateway } from '../temporal-gateway.ts';
import type { ChatTokens } from './chat-tokens.ts';
import type { DeliverySink, Place, VisitorConnections } from './connections.ts';
import { visitorEntry } from './entries.ts';
import { errorFrame, readFrame } from './read-frame.ts';
import { TranscriptFeed } from './transcript-feed.ts';
import { TooBusyError, type Turns } from './turns.ts';

/** Bad frames after which a connection is closed. */
const mostBadFrames = 5;
/** Standard WebSocket codes: an error of ours, and "not now". */
const closeInternal = 1011;
const closeTryAgain = 1013;
/** What a visitor is asked to wait when a server behind this one is away, ms; up to twice as long, so that not all come together. */
const awayRetryMs = 2_000;

/** The visitor's end of the connection. */
export interface VisitorSocket {
  send: (frame: ServerFrame) => void;
  close: (code: number, reason: string) => void;
}

/** Answers how long to wait, ms, when a chat has sent too much; undefined when it may go on. */
export type MessageLimit = (chatId: string) => Promise<number | undefined>;

export interface SessionDependencies {
  store: Pick<ApiStore, 'chats' | 'transcript'>;
  temporal: Pick<TemporalGateway, 'visitorMessage' | 'signalVisitor'>;
  accountOf: (widgetId: string) => Promise<Account | null>;
  tokens: ChatTokens;
  connections: VisitorConnections;
  messageLimit: MessageLimit;
  /** Visitors who go on with a chat are brought up to date by turns, by account; and after that their chats are told of them. */
  helloTurns: Turns;
  tellTurns: Turns;
  timings: ChatInput['timings'];
  instanceId: string;
  /** Where workers reach this instance directly. */
  instanceUrl?: string;
  clock: () => number;
  log: Logger;
  metrics: Metrics;
}

/** What a connection is about, once its `hello` was accepted. */
interface Joined {
  chatId: string;
  input: ChatInput;
  feed: TranscriptFeed;
  /** Temporal knows the chat: the visitor has written before, or now. */
  begun: boolean;
  /** The visitor can write nothing more. What was written before may still be on its way, to him and from him. */
  ended: boolean;
  /** Temporal has said that the chat's workflow is over: from now on nothing comes. */
  closed: boolean;
  place: Place;
}

/**
 * One visitor's connection: reads his frames strictly one after the other, passes on what he does, and sends what happens in
 * his chat. Keeps nothing that matters: whatever is lost with it, the next connection gets from MongoDB.
 */
export class VisitorSession implements DeliverySink {
  readonly #deps: SessionDependencies;
  readonly #socket: VisitorSocket;
  #joined: Joined | undefined;
  /** Deliveries wait behind this until the `welcome` is sent. */
  #welcomed: Promise<void>;
  #openGate: () => void = () => undefined;
  #frames: Promise<void> = Promise.resolve();
  /** Goes up when Temporal was away: what was received before that is refused too, or a message would overtake another. */
  #outages = 0;
  #badFrames = 0;
  #deliveredSeq = 0;
  #closed = false;

  constructor(deps: SessionDependencies, socket: VisitorSocket) {
    this.#deps = deps;
    this.#socket = socket;
    this.#welcomed = new Promise((resolve) => {
      this.#openGate = resolve;
    });
  }

  /** Whether a `hello` was accepted. */
  get isJoined(): boolean {
    return this.#joined !== undefined;
  }

  /** A text frame came in. Resolves when it is dealt with; never rejects. */
  receive(text: string): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const reading = readFrame(text);
    // Not in turn: a heartbeat asks whether the connection lives, not whether Temporal does.
    if (reading.ok && reading.frame.type === 'ping') {
      this.#socket.send({ type: 'pong' });
      return Promise.resolve();
    }
    const outagesBefore = this.#outages;
    this.#frames = this.#frames.then(async () => {
      if (this.#closed) return;
      try {
        if (!reading.ok) this.#bad(reading.error);
        else await this.#traced(reading.frame, () => this.#handle(reading.frame, outagesBefore));
      } catch (error) {
        this.#deps.log.error({ err: error, ...this.#about }, 'a visitor connection failed');
        this.#socket.close(closeInternal, 'internal error');
      }
    });
    return this.#frames;
  }

  /** A binary frame came in: the protocol has none. */
  receiveBinary(): void {
    if (!this.#closed) this.#bad(errorFrame('bad_frame', 'Frames are JSON text.'));
  }

  deliver(delivery: VisitorDelivery): void {
    void this.#serve(async ({ chatId, feed }) => {
      if (chatId !== delivery.chatId) return;
      const { sentSeq } = feed;
      await feed.deliver(delivery.entries, delivery.lastSeq);
      pushedToVisitor(
        this.#deps.metrics,
        chatId,
        delivery.entries.filter(({ seq }) => seq > sentSeq && seq <= feed.sentSeq),
      );
      this.#tellDelivered(delivery.deliveredSeq);
    });
  }

  /**
   * Look after the connection, now and then: if a delivery has missed it (this process was too busy to take it in time), send
   * what is recorded; and tell the chat (again) where its visitor is.
   */
  async refresh(): Promise<void> {
    await this.#serve(async (joined) => {
      if (!joined.begun || joined.closed) return;
      const missed = await joined.feed.catchUp();
      // The chat has lost sight of this process.
      if (missed > 0) joined.place.presence.known = false;
      await this.#tellInTurn(joined);
    });
  }

  /** The socket is gone. Resolves when the frames that came before are dealt with; never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#openGate();
    this.#joined?.place.leave();
    await this.#frames;
  }

  /** What a log line about this connection says: ids. */
  get #about() {
    if (!this.#joined) return {};
    const { chatId, input } = this.#joined;
    return { chatId, workflowId: workflowIds.chat({ chatId }), accountId: input.accountId };
  }

  /** What a visitor does begins a trace. */
  #traced(frame: VisitorFrame, work: () => Promise<void>): Promise<void> {
    const chatId = this.#joined?.chatId;
    const attributes = chatId === undefined ? {} : { 'chat.id': chatId };
    return inSpan(`visitor ${frame.type}`, { kind: 'server', attributes }, work);
  }

  async #handle(frame: VisitorFrame, outagesBefore: number): Promise<void> {
    if (frame.type === 'ping') return;
    if (frame.type === 'hello') {
      if (this.#joined) this.#bad(errorFrame('bad_frame', 'There was a hello on this connection already.'));
      else await this.#hello(frame);
      return;
    }
    const joined = this.#joined;
    if (!joined) {
      this.#socket.send(errorFrame('hello_expected', 'The first frame must be a hello.', { ref: frame.id }));
      this.#socket.close(visitorCloseCodes.protocolError, 'hello expected');
      return;
    }
    if (joined.ended) {
      this.#chatEnded(frame.id);
      return;
    }
    if (this.#outages !== outagesBefore) {
      this.#unavailable(frame.id);
      return;
    }
    try {
      const outcome = await (frame.type === 'message'
        ? this.#message(joined, frame)
        : this.#deps.temporal.signalVisitor(joined.chatId, { kind: 'ended' }));
      if (outcome === 'taken') this.#socket.send({ type: 'accepted', id: frame.id });
      else if (outcome === 'ended') this.#chatEnded(frame.id);
    } catch (error) {
      if (!(error instanceof TemporalUnavailableError)) throw error;
      this.#outages += 1;
      this.#unavailable(frame.id);
    }
  }

  /** @returns what Temporal said, or `limited` when the visitor was asked to slow down. */
  async #message(
    joined: Joined,
    { id, text }: Extract<VisitorFrame, { type: 'message' }>,
  ): Promise<SignalOutcome | 'limited'> {
    const { messageLimit, temporal, clock } = this.#deps;
    const retryAfterMs = await messageLimit(joined.chatId);
    if (retryAfterMs !== undefined) {
      const message = 'Too many messages in a short time.';
      this.#socket.send(errorFrame('rate_limited', message, { retryable: true, ref: id, retryAfterMs }));
      return 'limited';
    }
    const message = {
      kind: 'message' as const,
      clientId: id,
      text,
      at: clock(),
      // With every message, so that a chat that lost sight of the connection finds it again.
      ...(this.#closed ? {} : { connection: this.#connection(joined) }),
    };
    const outcome = await temporal.visitorMessage(joined.input, message, joined.begun);
    if (outcome === 'taken') joined.begun = joined.place.presence.known = true;
    return outcome;
  }

  /** This process, as the chat is to know it. */
  #connection({ place }: Joined): VisitorConnection {
    const { instanceId, instanceUrl } = this.#deps;
    const { connectionId } = place.presence;
    return { connectionId, instanceId, ...(instanceUrl === undefined ? {} : { url: instanceUrl }) };
  }

  /**
   * Tell the chat, when there is time for it, that its visitor is here; what is new since the record was read comes back by that.
   * A message tells it too, and does not wait.
   */
  async #tellInTurn(joined: Joined): Promise<void> {
    const { presence } = joined.place;
    const needless = () => this.#closed || !joined.begun || joined.closed || presence.known;
    if (needless()) return;
    try {
      await this.#deps.tellTurns.take(joined.input.accountId, async () => {
        if (needless() || (await this.#tellWhere(joined)) !== 'ended') return;
        joined.closed = true;
        // The record did not say so: somebody has ended the workflow by hand.
        if (!joined.ended) this.#chatEnded();
        else await this.#lastLook(joined);
      });
    } catch (error) {
      // Not now: the next look after the connection tries again.
      if (!(error instanceof TooBusyError) && !(error instanceof TemporalUnavailableError)) throw error;
    }
  }

  /** What came after this connection had read it, and before the chat was over. */
  async #lastLook({ chatId, feed }: Joined): Promise<void> {
    await feed.catchUp();
    const record = await this.#deps.store.chats.get(chatId);
    this.#tellDelivered(record?.deliveredSeq ?? 0);
  }

  /** Tell the chat that its visitor is here. */
  async #tellWhere(joined: Joined): Promise<SignalOutcome> {
    const connection = this.#connection(joined);
    const outcome = await this.#deps.temporal.signalVisitor(joined.chatId, { kind: 'connected', connection });
    joined.place.presence.known = outcome === 'taken';
    return outcome;
  }

  async #hello(hello: HelloFrame): Promise<void> {
    try {
      await this.#join(hello);
    } catch (error) {
      const busy = error instanceof TooBusyError;
      if (!busy && !(error instanceof TemporalUnavailableError) && !isDatabaseError(error)) throw error;
      this.#joined?.place.leave();
      this.#joined = undefined;
      const retryAfterMs = busy ? error.retryAfterMs : Math.round(awayRetryMs * (1 + Math.random()));
      const message = 'You cannot be brought up to date just now: come again.';
      this.#socket.send(errorFrame('unavailable', message, { retryable: true, retryAfterMs }));
      this.#socket.close(closeTryAgain, 'try again');
    }
  }

  async #join(hello: HelloFrame): Promise<void> {
    const { accountOf, tokens } = this.#deps;
    const account = await accountOf(hello.widget);
    if (!account) {
      this.#socket.send(errorFrame('unknown_widget', 'There is no widget with this id: check data-widget.'));
      this.#socket.close(visitorCloseCodes.unknownWidget, 'unknown widget');
      return;
    }
    if (hello.token === undefined) {
      const { chatId, token } = await tokens.begin(account.widgetId);
      this.#enter(this.#joinedTo(hello, account, chatId, 0));
      this.#welcome(account, token, null, 0, 0);
      return;
    }
    const continued = await tokens.continue(hello.token, account.widgetId);
    if (!continued) {
      this.#badToken();
      return;
    }
    const joined = this.#joinedTo(hello, account, continued.chatId, hello.lastSeq ?? 0);
    // Before the turn, which may take a while: what is delivered meanwhile waits for the welcome.
    this.#enter(joined);
    await this.#deps.helloTurns.take(account._id, () => this.#continue(joined, account, continued.token));
    void this.#serve((entered) => this.#tellInTurn(entered));
  }

  /**
   * Go on with a chat. In this order, so that nothing falls between: deliveries find this socket → what was missed is read and
   * sent → the chat is told where its visitor is, and answers with a delivery that names its last `seq`. Up to the welcome only
   * MongoDB is asked: Temporal may be away, or have more urgent things to do.
   */
  async #continue(joined: Joined, account: Account, token: string): Promise<void> {
    // Gone while it was waiting: whoever still is there goes first.
    if (this.#closed) return;
    const { store } = this.#deps;
    const { chatId, feed, place } = joined;
    const { sentSeq } = feed;
    const { deliveredSeq } = place.presence;
    const [record, missed] = await Promise.all([
      store.chats.get(chatId),
      store.transcript.after(chatId, sentSeq, limits.entriesPerFrame),
    ]);
    // Without a record it has never begun, is gone, or begins just now, which Temporal alone knows.
    joined.begun = record !== null || (await this.#tellWhere(joined)) === 'taken';
    const known = joined.begun || missed.length > 0;
    if (!known && sentSeq > 0) {
      // A chat that was deleted since: its rest cannot be shown, and its id must not begin anew.
      place.leave();
      this.#joined = undefined;
      this.#badToken();
      return;
    }
    const read = sentSeq + missed.length;
    const lastSeq = missed.length < limits.entriesPerFrame ? read : await store.transcript.lastSeq(chatId, read);
    joined.ended = known && (record === null ? !joined.begun : record.status === 'ended');
    const status: ChatStatus = joined.ended ? 'ended' : (record?.status ?? 'waiting');
    const delivered = Math.max(record?.deliveredSeq ?? 0, deliveredSeq);
    this.#welcome(account, token, known ? { id: chatId, status } : null, lastSeq, delivered);
    await this.#serve(() => feed.deliver(missed, lastSeq));
  }

  #joinedTo(hello: HelloFrame, account: Account, chatId: string, sentSeq: number): Joined {
    const { visitor, page } = hello;
    return {
      chatId,
      input: {
        chatId,
        accountId: account._id,
        widgetId: account.widgetId,
        visitor: {
          name: visitor?.name ?? `Visitor ${chatId.slice(0, 4)}`,
          ...(visitor?.email === undefined ? {} : { email: visitor.email }),
        },
        ...(page ? { page: { url: page.url, ...(page.title === undefined ? {} : { title: page.title }) } } : {}),
        timings: this.#deps.timings,
        shortWay: true,
        continueAfterEvents: limits.eventsPerRun,
      },
      feed: this.#feed(chatId, sentSeq),
      begun: false,
      ended: false,
      closed: false,
      place: this.#deps.connections.add(chatId, this),
    };
  }

  #enter(joined: Joined): void {
    this.#joined = joined;
    // Closed while the account was looked up: `close` has found nothing to leave.
    if (this.#closed) joined.place.leave();
  }

  #feed(chatId: string, sentSeq: number): TranscriptFeed {
    const { store } = this.#deps;
    return new TranscriptFeed(sentSeq, {
      pageSize: limits.entriesPerFrame,
      read: (afterSeq, limit) => store.transcript.after(chatId, afterSeq, limit),
      push: (entries) => {
        if (this.#closed) return;
        this.#socket.send({ type: 'entries', entries: entries.map(visitorEntry) });
        if (this.#joined && entries.some(({ kind }) => kind === 'ended')) this.#over(this.#joined);
      },
    });
  }

  /** Work on the transcript, once welcomed. If it fails the socket is closed: the widget's next connection repairs it. */
  async #serve(work: (joined: Joined) => Promise<void>): Promise<void> {
    await this.#welcomed;
    if (this.#closed || !this.#joined) return;
    try {
      await work(this.#joined);
    } catch (error) {
      this.#deps.log.warn({ err: error, ...this.#about }, 'a visitor could not be brought up to date');
      this.#socket.close(closeTryAgain, 'try again');
    }
  }

  #welcome(
    account: Account,
    token: string,
    chat: Extract<ServerFrame, { type: 'welcome' }>['chat'],
    lastSeq: number,
    deliveredSeq: number,
  ): void {
    this.#deliveredSeq = deliveredSeq;
    const team = { name: account.name };
    this.#socket.send({ type: 'welcome', token, chat, lastSeq, deliveredSeq, team });
    this.#openGate();
  }

  #tellDelivered(deliveredSeq: number): void {
    if (this.#closed || deliveredSeq <= this.#deliveredSeq) return;
    this.#deliveredSeq = deliveredSeq;
    this.#socket.send({ type: 'delivered', deliveredSeq });
  }

  #bad(error: ReturnType<typeof errorFrame>): void {
    this.#socket.send(error);
    this.#badFrames += 1;
    if (this.#badFrames >= mostBadFrames) this.#socket.close(visitorCloseCodes.protocolError, 'too many bad frames');
  }

  #badToken(): void {
    this.#socket.send(errorFrame('bad_token', 'This token continues no chat of this widget: say hello without it.'));
  }

  #chatEnded(ref?: string): void {
    if (this.#joined) this.#over(this.#joined);
    this.#socket.send(errorFrame('chat_ended', 'This chat has ended: say hello without its token.', { ref }));
  }

  /** The chat takes nothing more. What is still on its way is looked for until the chat's workflow is over. */
  #over(joined: Joined): void {
    joined.ended = true;
    joined.place.presence.known = false;
  }

  #unavailable(ref?: string): void {
    const message = 'The message could not be stored just now: send it again.';
    this.#socket.send(errorFrame('unavailable', message, { retryable: true, ref }));
  }
}
