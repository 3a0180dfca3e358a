import { isDeepStrictEqual } from 'node:util';
import { Mutex } from 'async-mutex';
import type { Logger } from '../../config/logger.ts';
import { limits } from '../../domain/limits.ts';
import type { VisitorPush } from '../../domain/push.ts';
import type { EmailFrame, EndFrame, MessageFrame, PageFrame, ServerFrame } from '../../domain/visitor-protocol.ts';
import { pageForTeam, type Page } from '../../domain/visitor.ts';
import type { WidgetSettings } from '../../domain/widget.ts';
import { workflowIds } from '../../domain/workflow-ids.ts';
import type { ChatRecord } from '../../store/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import { pushedToVisitor } from '../../telemetry/recordings.ts';
import type { ChatInput, VisitorConnection } from '../../workflows/chat/messages.ts';
import type { ApiStore } from '../dependencies.ts';
import type { RateLimit, ReplayLimit } from '../rate-limits.ts';
import { TemporalUnavailableError, type SignalOutcome } from '../temporal/call.ts';
import type { ChatsClient } from '../temporal/chats.ts';
import type { FindService } from './account-service.ts';
import { isSolved } from './challenge.ts';
import type { Presence, PushReceiver, VisitorConnections } from './connections.ts';
import { visitorEntry } from './entries.ts';
import { TooBusyError, type FairSemaphore } from './fair-semaphore.ts';
import type { AdmitNewChat } from './new-chats.ts';
import { errorFrame, type ErrorFrame } from './read-frame.ts';
import { TranscriptFeed } from './transcript-feed.ts';

/** Standard WebSocket code for "not now". */
export const closeTryAgain = 1013;

/** What a chat takes no more for is looked at again so soon, ms. */
const fullRetryMs = 15_000;
/** The same for an account without a working grant. */
const notAvailableRetryMs = 30_000;
/** How long the token of a chat that has ended still opens it, ms: for a look back, not for whoever comes later. */
export const readableAfterEndMs = 24 * 3_600_000;

/** The visitor's side. Nothing of it throws, also when the socket is gone. */
export interface VisitorEnd {
  /** Where they come from, see `networkOf`. */
  network: string;
  send: (frame: ServerFrame) => void;
  close: (code: number, reason: string) => void;
}

export interface ChatConnectionDependencies {
  store: Pick<ApiStore, 'chats' | 'transcript'>;
  chats: Pick<ChatsClient, 'sendMessage' | 'signalVisitor'>;
  connections: VisitorConnections;
  messageLimit: RateLimit;
  admitNewChat: AdmitNewChat;
  findService: FindService;
  /** See `isSolved`. */
  challengeBits: number;
  /** What visitors who come back may have replayed. */
  replays: ReplayLimit;
  /** Bounds how many presences are announced at the same time: what visitors say goes first. */
  announcements: FairSemaphore;
  instanceId: string;
  /** Where workers reach this instance. */
  instanceUrl: string;
  clock: () => number;
  log: Logger;
  metrics: Metrics;
}

type Welcome = Extract<ServerFrame, { type: 'welcome' }>;

/** What goes into a welcome beside where the chat stands. */
export interface WelcomeDetails {
  token: string;
  visitorToken: string;
  settings: WidgetSettings;
}

/**
 * `new`: no message has been sent yet. `open`: Temporal knows the chat. `ended`: once the time to reopen the chat has
 * passed, the visitor can write nothing more, but what was written before may still be on its way. `over`: the workflow
 * of the chat is over, and nothing comes any more.
 */
type State = 'new' | 'open' | 'ended' | 'over';

/**
 * A visitor's socket after the handshake: passes on what the visitor does, and sends what happens in the chat. Keeps
 * nothing that matters: whatever is lost with it, the next connection gets from MongoDB.
 */
export class ChatConnection implements PushReceiver {
  readonly #deps: ChatConnectionDependencies;
  readonly #visitor: VisitorEnd;
  #input: ChatInput;
  /** Where the visitor is, until the chat has been told. */
  #newPage: Page | undefined;
  readonly #presence: Presence;
  readonly #feed: TranscriptFeed;
  /** Held by whatever sends what happens in the chat: first the welcome, then one thing after the other. */
  readonly #outgoing = new Mutex();
  #state: State = 'new';
  /** As the visitor was given it: the challenge is bound to it. */
  #token = '';
  /** Parameters of page addresses that the website allows. */
  #pageQuery: string[] = [];
  #deliveredSeq = 0;
  /** As the visitor has been told. */
  #isInTrouble = false;
  /** Until then a chat that has ended takes messages, ms since 1970. */
  #reopenUntil = 0;
  #closed = false;

  private constructor(deps: ChatConnectionDependencies, visitor: VisitorEnd, input: ChatInput, sentSeq: number) {
    this.#deps = deps;
    this.#visitor = visitor;
    this.#input = input;
    this.#feed = new TranscriptFeed(sentSeq, {
      pageSize: limits.entriesPerFrame,
      read: (afterSeq, limit) => deps.store.transcript.after(input.chatId, afterSeq, limit),
      send: (entries) => {
        visitor.send({ type: 'entries', entries: entries.map(visitorEntry) });
        for (const entry of entries) {
          if (entry.kind === 'ended') this.#ended(entry.reopenUntil);
          if (entry.kind === 'reopened' && this.#state === 'ended') this.#state = 'open';
        }
      },
    });
    this.#presence = deps.connections.add(input.chatId, this);
  }

  /** Welcome a visitor to a chat that begins with their first message. */
  static begin(
    deps: ChatConnectionDependencies,
    visitor: VisitorEnd,
    input: ChatInput,
    details: WelcomeDetails,
  ): ChatConnection {
    const connection = new ChatConnection(deps, visitor, input, 0);
    connection.#welcome(details, { chat: null, lastSeq: 0, deliveredSeq: 0 });
    return connection;
  }

  /**
   * Welcome a visitor back and send what they missed.
   * @param sentSeq highest `seq` that they have.
   * @returns undefined for a chat that was deleted, or ended long ago: it cannot be continued, nor begun anew under its
   *   id.
   * @throws TemporalUnavailableError, or the driver's error when MongoDB does not answer.
   */
  static async resume(
    deps: ChatConnectionDependencies,
    visitor: VisitorEnd,
    input: ChatInput,
    details: WelcomeDetails,
    sentSeq: number,
  ): Promise<ChatConnection | undefined> {
    const connection = new ChatConnection(deps, visitor, input, sentSeq);
    connection.#newPage = input.page;
    try {
      if (await connection.#outgoing.runExclusive(() => connection.#resume(details))) {
        void connection.#announce();
        return connection;
      }
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.close();
    return undefined;
  }

  /** Ids, for log lines and traces. */
  get about() {
    const { chatId, accountId } = this.#input;
    return { chatId, workflowId: workflowIds.chat({ chatId }), accountId };
  }

  /**
   * The visitor has sent a frame. Frames are given one at a time.
   * @throws TemporalUnavailableError when Temporal did not take it.
   */
  async handle(frame: MessageFrame | EmailFrame | EndFrame): Promise<void> {
    if (!this.#takesMore) {
      this.#refuseAsEnded(frame.id);
      return;
    }
    const outcome = await this.#pass(frame);
    if (outcome === 'taken') this.#visitor.send({ type: 'accepted', id: frame.id });
    if (outcome === 'ended') {
      this.#ended();
      this.#refuseAsEnded(frame.id);
      await this.#workflowIsOver();
    }
  }

  /** The visitor has gone to another page. What cannot be said now is said at the next refresh. Never rejects. */
  async moved({ url, title }: PageFrame): Promise<void> {
    const page = pageForTeam({ url, title }, this.#pageQuery);
    this.#input = { ...this.#input, page };
    if (this.#state === 'new') return;
    this.#newPage = page;
    await this.#announce();
  }

  receive(push: VisitorPush): void {
    // Begun in another tab.
    if (this.#state === 'new') this.#state = 'open';
    void this.#send(async () => {
      const before = this.#feed.sentSeq;
      await this.#feed.push(push.entries, push.lastSeq);
      const pushed = push.entries.filter(({ seq }) => seq > before && seq <= this.#feed.sentSeq);
      pushedToVisitor(this.#deps.metrics, push.chatId, pushed);
      this.#sendDelivered(push.deliveredSeq);
      this.#sendStanding();
    });
  }

  /** Now and then: send what no push has brought, and announce the visitor's presence again. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#state === 'new' || this.#state === 'over') return;
    await this.#send(async () => {
      // Something is new that was not pushed: the chat has lost track of this instance.
      if ((await this.#feed.catchUp()) > 0) this.#presence.announced = false;
    });
    await this.#announce();
  }

  /** The socket is gone. */
  close(): void {
    this.#closed = true;
    this.#deps.connections.remove(this.#presence, this);
  }

  /**
   * In this order, so that nothing falls between: pushes find this socket, and wait → what was missed is read and sent
   * → the presence is announced, and the chat answers with a push that names its last `seq`. Up to the welcome
   * only MongoDB is asked.
   */
  async #resume(details: WelcomeDetails): Promise<boolean> {
    const { store, clock, replays } = this.#deps;
    const { chatId } = this.#input;
    const { sentSeq } = this.#feed;
    const [record, missed] = await Promise.all([
      store.chats.get(chatId),
      store.transcript.after(chatId, sentSeq, limits.entriesPerFrame),
    ]);
    if (record && clock() > readableUntil(record)) return false;
    this.#presence.isFull ??= record?.isFull;
    if (record) this.#presence.isInTrouble ??= typeof record.waitsFor === 'string';
    // Without a record the chat has never begun, was deleted, or begins just now, which Temporal alone knows.
    const begun = record !== null || (await this.#signalConnected()) === 'taken';
    if (!begun && sentSeq + missed.length > 0) return false;
    const read = sentSeq + missed.length;
    const lastSeq = missed.length < limits.entriesPerFrame ? read : await store.transcript.lastSeq(chatId);
    const status = record?.status ?? 'waiting';
    if (begun) this.#state = status === 'ended' ? 'ended' : 'open';
    this.#reopenUntil = record?.reopenUntil?.getTime() ?? 0;
    this.#isInTrouble = this.#presence.isInTrouble ?? false;
    this.#deliveredSeq = Math.max(record?.deliveredSeq ?? 0, this.#presence.deliveredSeq);
    this.#welcome(details, {
      chat: begun ? { id: chatId, status, isInTrouble: this.#isInTrouble } : null,
      lastSeq,
      deliveredSeq: this.#deliveredSeq,
    });
    await this.#feed.push(missed, lastSeq);
    await replays.replayed(chatId, this.#visitor.network, this.#feed.sentSeq - sentSeq);
    return true;
  }

  /** A chat that has ended can be gone on with for a while, by writing. */
  get #takesMore(): boolean {
    return this.#state === 'ended' ? this.#deps.clock() < this.#reopenUntil : this.#state !== 'over';
  }

  /** @returns what Temporal said, or `refused` when it was not asked: the visitor has been told why. */
  async #pass(frame: MessageFrame | EmailFrame | EndFrame): Promise<SignalOutcome | 'refused'> {
    // Both sides may end a chat at once.
    if (frame.type === 'end') return this.#state === 'ended' ? 'taken' : this.#signal({ kind: 'ended' });
    const refusal = await this.#refusal(frame);
    if (refusal) {
      this.#visitor.send(refusal);
      return 'refused';
    }
    if (frame.type === 'message') return this.#message(frame);
    const { id: clientId, email } = frame;
    return this.#signal({ kind: 'email', clientId, email, at: this.#deps.clock() });
  }

  async #message({ id, text }: MessageFrame): Promise<SignalOutcome> {
    const { chats, clock } = this.#deps;
    // The connection goes with every message, so that a chat that has lost track of it finds it again.
    const event = { kind: 'message' as const, clientId: id, text, at: clock(), connection: this.#connection };
    const outcome = await chats.sendMessage(this.#input, event, this.#state !== 'new');
    if (outcome === 'taken') {
      if (this.#state === 'new') {
        this.#state = 'open';
        this.#presence.page = this.#input.page;
      }
      this.#presence.announced = true;
    }
    return outcome;
  }

  #welcome(details: WelcomeDetails, standing: Pick<Welcome, 'chat' | 'lastSeq' | 'deliveredSeq'>): void {
    const { challengeBits: bits } = this.#deps;
    this.#token = details.token;
    this.#pageQuery = details.settings.pageQuery;
    const challenge = bits > 0 && standing.chat === null ? { challenge: { bits } } : {};
    this.#visitor.send({ type: 'welcome', ...details, ...standing, ...challenge });
  }

  /** Why what the visitor says cannot be taken now; undefined when it can. */
  async #refusal(frame: MessageFrame | EmailFrame): Promise<ErrorFrame | undefined> {
    const { messageLimit, admitNewChat, findService, challengeBits } = this.#deps;
    const { chatId, accountId, widgetId } = this.#input;
    const { network } = this.#visitor;
    const { id: ref } = frame;
    const isNew = this.#state === 'new';
    if (isNew && frame.type === 'email') {
      return errorFrame('bad_frame', 'A chat begins with a message, not with an e-mail address.', { ref });
    }
    const tooMany = await messageLimit(chatId);
    if (tooMany !== undefined) {
      const message = 'Too many messages in a short time.';
      return errorFrame('rate_limited', message, { retryable: true, ref, retryAfterMs: tooMany });
    }
    // A chat that has begun does not depend on MongoDB.
    const service = await (isNew ? findService(accountId) : findService(accountId).catch(() => 'all' as const));
    if (service === 'nothing' || (isNew && service !== 'all')) return notAvailable(ref);
    if (frame.type === 'email') return undefined;
    if (this.#presence.isFull) {
      const message = 'The team has not taken yet what the visitor has written: send it again later.';
      return errorFrame('too_much_waiting', message, { retryable: true, ref, retryAfterMs: fullRetryMs });
    }
    if (!isNew) return undefined;
    if (!isSolved(this.#token, frame.solution, challengeBits)) {
      return errorFrame('challenge_unsolved', 'Solve the challenge of the welcome first.', { retryable: true, ref });
    }
    const tooManyChats = await admitNewChat({ chatId, accountId, widgetId, network });
    if (tooManyChats === undefined) return undefined;
    const message = 'Too many chats begin from this network or on this website: send it again later.';
    return errorFrame('rate_limited', message, { retryable: true, ref, retryAfterMs: tooManyChats });
  }

  #signal(event: Parameters<ChatsClient['signalVisitor']>[1]): Promise<SignalOutcome> {
    return this.#deps.chats.signalVisitor(this.#input.chatId, event);
  }

  async #signalConnected(): Promise<SignalOutcome> {
    const page = this.#newPage;
    const where = page === undefined ? {} : { page };
    const outcome = await this.#signal({ kind: 'connected', connection: this.#connection, ...where });
    this.#presence.announced = outcome === 'taken';
    if (outcome === 'taken') this.#toldPage(page);
    return outcome;
  }

  async #signalPage(page: Page): Promise<SignalOutcome> {
    const { messageLimit } = this.#deps;
    // It counts as something written: a page that changes its address all the time tells it as often as that.
    if ((await messageLimit(this.#input.chatId)) !== undefined) return 'taken';
    const outcome = await this.#signal({ kind: 'page', page });
    if (outcome === 'taken') this.#toldPage(page);
    return outcome;
  }

  #toldPage(page: Page | undefined): void {
    if (page) this.#presence.page = page;
    if (this.#newPage === page) this.#newPage = undefined;
  }

  /**
   * Signal the chat, when there is time for it, that its visitor is here, and on which page if it does not know. Never
   * rejects.
   */
  async #announce(): Promise<void> {
    if (!this.#isUnannounced && !this.#untoldPage) return;
    try {
      const outcome = await this.#deps.announcements.run(this.#input.accountId, async () => {
        // A message may have said it meanwhile.
        if (this.#isUnannounced) return this.#signalConnected();
        const page = this.#untoldPage;
        return page ? this.#signalPage(page) : 'taken';
      });
      if (outcome === 'ended') await this.#workflowIsOver();
    } catch (error) {
      // Not now: the next refresh tries again.
      if (!(error instanceof TooBusyError) && !(error instanceof TemporalUnavailableError)) this.#fail(error);
    }
  }

  get #isUnannounced(): boolean {
    return !this.#closed && (this.#state === 'open' || this.#state === 'ended') && !this.#presence.announced;
  }

  /** Another page than the one that the chat was told of last. */
  get #untoldPage(): Page | undefined {
    const isNews = !this.#closed && this.#state === 'open' && !isDeepStrictEqual(this.#newPage, this.#presence.page);
    return isNews ? this.#newPage : undefined;
  }

  /** This process, as the chat is to know it. */
  get #connection(): VisitorConnection {
    const { instanceId, instanceUrl: url } = this.#deps;
    return { connectionId: this.#presence.connectionId, instanceId, url };
  }

  /**
   * The chat has ended. Until the workflow is over, {@link refresh} looks for what is still on its way.
   */
  #ended(reopenUntil = 0): void {
    if (this.#state !== 'over') this.#state = 'ended';
    this.#reopenUntil = reopenUntil;
    this.#presence.announced = false;
  }

  /** Temporal has said so: send what was recorded last. */
  async #workflowIsOver(): Promise<void> {
    let endIsKnown = this.#state === 'ended';
    this.#state = 'over';
    await this.#send(async () => {
      const { chatId } = this.#input;
      await this.#feed.catchUp();
      const record = await this.#deps.store.chats.get(chatId);
      this.#sendDelivered(record?.deliveredSeq ?? 0);
      endIsKnown ||= record?.status === 'ended';
    });
    // Somebody has ended the workflow by hand.
    if (!endIsKnown) this.#refuseAsEnded();
  }

  /** Do work that sends something, one after the other. If it fails the socket is closed: the widget comes back. */
  async #send(work: () => Promise<void>): Promise<void> {
    await this.#outgoing.runExclusive(work).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#deps.log.warn({ err: error, ...this.about }, 'a visitor could not be brought up to date');
    this.#visitor.close(closeTryAgain, 'try again');
  }

  #sendDelivered(deliveredSeq: number): void {
    if (deliveredSeq <= this.#deliveredSeq) return;
    this.#deliveredSeq = deliveredSeq;
    this.#visitor.send({ type: 'delivered', deliveredSeq });
  }

  #sendStanding(): void {
    const { isInTrouble = this.#isInTrouble } = this.#presence;
    if (isInTrouble === this.#isInTrouble) return;
    this.#isInTrouble = isInTrouble;
    this.#visitor.send({ type: 'standing', isInTrouble });
  }

  #refuseAsEnded(ref?: string): void {
    this.#visitor.send(errorFrame('chat_ended', 'This chat has ended: say hello without its token.', { ref }));
  }
}

/** Until when a chat's token opens it, ms since 1970. */
function readableUntil({ status, endedAt, reopenUntil }: ChatRecord): number {
  if (status !== 'ended' || !endedAt) return Infinity;
  return Math.max(endedAt.getTime() + readableAfterEndMs, reopenUntil?.getTime() ?? 0);
}

/** The refusal for an account in which nobody's grant works: what is written would reach nobody. */
export function notAvailable(ref?: string): ErrorFrame {
  const message = 'Nobody would receive this: the account is not connected to Zoom. Try again later.';
  return errorFrame('not_available', message, { retryable: true, ref, retryAfterMs: notAvailableRetryMs });
}
