import { randomUUID } from 'node:crypto';
import type { Logger } from '../../config/logger.ts';
import type { VisitorDelivery } from '../../domain/delivery.ts';
import { limits } from '../../domain/limits.ts';
import type { ChatStatus } from '../../domain/timeline.ts';
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
import type { DeliverySink, VisitorConnections } from './connections.ts';
import { visitorEntry } from './entries.ts';
import { errorFrame, readFrame } from './read-frame.ts';
import { TimelineFeed } from './timeline-feed.ts';

/** Bad frames after which a connection is closed. */
const mostBadFrames = 5;
/** Standard WebSocket codes: an error of ours, and "not now". */
const closeInternal = 1011;
const closeTryAgain = 1013;

/** The visitor's end of the connection. */
export interface VisitorSocket {
  send: (frame: ServerFrame) => void;
  close: (code: number, reason: string) => void;
}

/** Answers how long to wait, ms, when a chat has sent too much; undefined when it may go on. */
export type MessageLimit = (chatId: string) => Promise<number | undefined>;

export interface SessionDependencies {
  store: Pick<ApiStore, 'chats' | 'timeline'>;
  temporal: Pick<TemporalGateway, 'visitorMessage' | 'signalVisitor'>;
  accountOf: (widgetId: string) => Promise<Account | null>;
  tokens: ChatTokens;
  connections: VisitorConnections;
  messageLimit: MessageLimit;
  timings: ChatInput['timings'];
  instanceId: string;
  clock: () => number;
  log: Logger;
  metrics: Metrics;
}

/** What a connection is about, once its `hello` was accepted. */
interface Joined {
  chatId: string;
  input: ChatInput;
  feed: TimelineFeed;
  /** Temporal knows the chat: the visitor has written before, or now. */
  begun: boolean;
  ended: boolean;
  leave: () => void;
}

/**
 * One visitor's connection: reads his frames strictly one after the other, passes on what he does, and sends what happens in
 * his chat. Keeps nothing that matters: whatever is lost with it, the next connection gets from MongoDB.
 */
export class VisitorSession implements DeliverySink {
  readonly #deps: SessionDependencies;
  readonly #socket: VisitorSocket;
  readonly #connection: VisitorConnection;
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
    this.#connection = { connectionId: randomUUID(), instanceId: deps.instanceId };
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
   * what is recorded, and tell the chat again where its visitor is.
   */
  async refresh(): Promise<void> {
    await this.#serve(async (joined) => {
      if (!joined.begun || joined.ended) return;
      const missed = await joined.feed.catchUp();
      if (missed === 0 || this.#closed) return;
      await this.#deps.temporal.signalVisitor(joined.chatId, { kind: 'connected', connection: this.#connection });
    });
  }

  /** The socket is gone. Resolves when the chat was told so, as well as could be done; never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#openGate();
    this.#joined?.leave();
    // After the frames that came before: a message still under way carries this connection.
    await this.#frames;
    const joined = this.#joined;
    if (!joined?.begun || joined.ended) return;
    const { connectionId } = this.#connection;
    await this.#deps.temporal
      .signalVisitor(joined.chatId, { kind: 'disconnected', connectionId })
      .catch((error: unknown) =>
        this.#deps.log.debug({ err: error, ...this.#about }, 'a disconnect could not be signalled'),
      );
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
    const outcome = await temporal.visitorMessage(joined.input, {
      kind: 'message',
      clientId: id,
      text,
      at: clock(),
      // With every message, so that a chat that lost sight of the connection finds it again.
      ...(this.#closed ? {} : { connection: this.#connection }),
    });
    if (outcome === 'taken') joined.begun = true;
    return outcome;
  }

  async #hello(hello: HelloFrame): Promise<void> {
    try {
      await this.#join(hello);
    } catch (error) {
      if (!(error instanceof TemporalUnavailableError) && !isDatabaseError(error)) throw error;
      this.#joined?.leave();
      this.#joined = undefined;
      this.#unavailable();
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
    await this.#continue(hello, account, continued);
  }

  /**
   * Go on with a chat. In this order, so that nothing falls between: deliveries find this socket → the chat knows where its
   * visitor is → what was missed is read and sent → deliveries that came meanwhile.
   */
  async #continue(
    hello: HelloFrame,
    account: Account,
    { chatId, token }: { chatId: string; token: string },
  ): Promise<void> {
    const { temporal, store } = this.#deps;
    const joined = this.#joinedTo(hello, account, chatId, hello.lastSeq ?? 0);
    this.#enter(joined);
    const outcome = await temporal.signalVisitor(chatId, { kind: 'connected', connection: this.#connection });
    joined.begun = outcome === 'taken';
    const [record, lastSeq] = await Promise.all([
      store.chats.get(chatId),
      store.timeline.lastSeq(chatId, hello.lastSeq),
    ]);
    if (this.#closed) return;

    const known = record !== null || lastSeq > 0 || joined.begun;
    if (!known && joined.feed.sentSeq > 0) {
      // A chat that was deleted since: its rest cannot be shown, and its id must not begin anew.
      joined.leave();
      this.#joined = undefined;
      this.#badToken();
      return;
    }
    const over = record?.status === 'ended' || (known && outcome === 'ended');
    joined.ended = over;
    joined.feed = this.#feed(chatId, Math.min(joined.feed.sentSeq, lastSeq));
    const status: ChatStatus = over ? 'ended' : (record?.status ?? 'waiting');
    this.#welcome(account, token, known ? { id: chatId, status } : null, lastSeq, record?.deliveredSeq ?? 0);
    await this.#serve(async ({ feed }) => {
      await feed.catchUp();
    });
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
      },
      feed: this.#feed(chatId, sentSeq),
      begun: false,
      ended: false,
      leave: () => undefined,
    };
  }

  #enter(joined: Joined): void {
    joined.leave = this.#deps.connections.add(joined.chatId, this);
    this.#joined = joined;
    // Closed while the account was looked up: `close` has found nothing to leave.
    if (this.#closed) joined.leave();
  }

  #feed(chatId: string, sentSeq: number): TimelineFeed {
    const { store } = this.#deps;
    return new TimelineFeed(sentSeq, {
      pageSize: limits.entriesPerFrame,
      read: (afterSeq, limit) => store.timeline.after(chatId, afterSeq, limit),
      push: (entries) => {
        if (this.#closed) return;
        this.#socket.send({ type: 'entries', entries: entries.map(visitorEntry) });
        if (this.#joined && entries.some(({ kind }) => kind === 'ended')) this.#joined.ended = true;
      },
    });
  }

  /** Work on the timeline, once welcomed. If it fails the socket is closed: the widget's next connection repairs it. */
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

  #chatEnded(ref: string): void {
    if (this.#joined) this.#joined.ended = true;
    this.#socket.send(errorFrame('chat_ended', 'This chat has ended: say hello without its token.', { ref }));
  }

  #unavailable(ref?: string): void {
    const message = 'The message could not be stored just now: send it again.';
    this.#socket.send(errorFrame('unavailable', message, { retryable: true, ref }));
  }
}
