import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { ChatStatus } from '../../../domain/transcript.ts';
import type {
  HelloFrame,
  PageFrame,
  ServerFrame,
  VisitorEntry,
  VisitorFrame,
} from '../../../domain/visitor-protocol.ts';
import { visitorFrameSchema } from '../../../domain/visitor-protocol.ts';

type Distribute<Entry> = Entry extends unknown ? Omit<Entry, 'seq' | 'at'> & { at?: number } : never;
type NewEntry = Distribute<VisitorEntry>;

interface Chat {
  id: string;
  status: ChatStatus;
  entries: VisitorEntry[];
  deliveredSeq: number;
  isInTrouble: boolean;
  /** Until then, once the chat has ended, it takes messages, ms since 1970. */
  reopenUntil: number;
  sockets: Set<WebSocket>;
}

/** A small server that speaks the visitor protocol, serves the script and host pages, and can misbehave on demand. */
export class ChatServer {
  readonly chats = new Map<string, Chat>();
  readonly hellos: HelloFrame[] = [];
  /** Every message frame, repeats included. */
  readonly messages: string[] = [];
  readonly pages: PageFrame[] = [];
  /** Every e-mail address left, repeats included. */
  readonly emails: string[] = [];
  /** Frames that the protocol does not allow. */
  readonly violations: unknown[] = [];
  /** Sockets stay open but nothing is read or answered: a half-open connection. */
  deaf = false;
  /** New connections are refused. */
  closed = false;
  /** Answers given instead of the normal ones, first come first served. */
  readonly refusals: Extract<ServerFrame, { type: 'error' }>[] = [];
  /** Messages are taken but the answer is lost. */
  loseAnswers = false;
  html = '';
  script = '';
  headers: Record<string, string> = {};
  url = '';

  readonly #http = createServer((request, response) => {
    const isScript = request.url?.startsWith('/widget.js');
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8',
      ...(isScript ? {} : this.headers),
    });
    response.end(isScript ? this.script : this.html);
  });
  readonly #ws = new WebSocketServer({ noServer: true });

  async start(): Promise<void> {
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.closed) {
        socket.destroy();
        return;
      }
      this.#ws.handleUpgrade(request, socket, head, (ws) => this.#serve(ws));
    });
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const ws of this.#ws.clients) ws.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** As new, but for the address. */
  reset(): void {
    for (const ws of this.#ws.clients) ws.terminate();
    this.chats.clear();
    this.deaf = this.closed = this.loseAnswers = false;
    const lists = [this.hellos, this.messages, this.pages, this.emails, this.violations, this.refusals];
    for (const list of lists) list.length = 0;
    this.headers = {};
  }

  get connections(): number {
    return this.#ws.clients.size;
  }

  dropAll(): void {
    for (const ws of this.#ws.clients) ws.terminate();
  }

  /** The only chat there is. */
  get chat(): Chat {
    const [chat] = [...this.chats.values()].filter(({ entries }) => entries.length > 0);
    if (!chat) throw new Error('No chat has begun yet');
    return chat;
  }

  /** Adds entries to the chat and sends them to all its sockets. */
  add(...entries: NewEntry[]): void {
    const { chat } = this;
    const added = entries.map((entry) => this.#append(chat, entry));
    for (const ws of chat.sockets) this.#send(ws, { type: 'entries', entries: added });
  }

  deliver(deliveredSeq = this.chat.entries.length): void {
    this.chat.deliveredSeq = deliveredSeq;
    for (const ws of this.chat.sockets) this.#send(ws, { type: 'delivered', deliveredSeq });
  }

  /** Zoom keeps the chat waiting, or does so no longer. */
  trouble(isInTrouble: boolean): void {
    this.chat.isInTrouble = isInTrouble;
    for (const ws of this.chat.sockets) this.#send(ws, { type: 'standing', isInTrouble });
  }

  #append(chat: Chat, entry: NewEntry): VisitorEntry {
    const added = { at: Date.now(), ...entry, seq: chat.entries.length + 1 };
    chat.entries.push(added);
    if (entry.kind === 'ended' || entry.kind === 'missed') chat.status = entry.kind;
    if (entry.kind === 'ended') chat.reopenUntil = entry.reopenUntil ?? 0;
    if (entry.kind === 'agentJoined') chat.status = 'active';
    if (entry.kind === 'agentLeft' && entry.isLast) chat.status = 'waiting';
    if (entry.kind === 'reopened') chat.status = entry.name === undefined ? 'waiting' : 'active';
    return added;
  }

  #send(ws: WebSocket, frame: ServerFrame): void {
    if (!this.deaf) ws.send(JSON.stringify(frame));
  }

  #serve(ws: WebSocket): void {
    let chat: Chat | null = null;
    ws.on('close', () => chat?.sockets.delete(ws));
    ws.on('message', (data: Buffer) => {
      if (this.deaf) return;
      const { success, data: frame, error } = visitorFrameSchema.safeParse(JSON.parse(data.toString()));
      if (!success) {
        this.violations.push(error);
        return;
      }
      const refusal = frame.type === 'ping' ? undefined : this.refusals.shift();
      if (refusal) {
        this.#send(ws, { ...refusal, ...('id' in frame && { ref: frame.id }) });
        return;
      }
      if (frame.type === 'hello') chat = this.#hello(ws, frame);
      else if (chat) this.#receive(ws, chat, frame);
      else this.violations.push('frame before hello');
    });
  }

  #hello(ws: WebSocket, frame: HelloFrame): Chat | null {
    this.hellos.push(frame);
    const known = frame.token === undefined ? undefined : this.chats.get(frame.token);
    if (frame.token !== undefined && !known) {
      this.#send(ws, { type: 'error', code: 'bad_token', message: 'No such chat', retryable: false });
      return null;
    }
    const token = frame.token ?? `token-${this.chats.size + 1}`;
    const chat = known ?? {
      id: token,
      status: 'waiting' as const,
      entries: [],
      deliveredSeq: 0,
      isInTrouble: false,
      reopenUntil: 0,
      sockets: new Set<WebSocket>(),
    };
    this.chats.set(token, chat);
    chat.sockets.add(ws);
    this.#send(ws, {
      type: 'welcome',
      token,
      visitorToken: frame.visitor?.token ?? `visitor-${this.hellos.length}`,
      chat: chat.entries.length ? { id: chat.id, status: chat.status, isInTrouble: chat.isInTrouble } : null,
      lastSeq: chat.entries.length,
      deliveredSeq: chat.deliveredSeq,
      settings: { teamName: 'Harbour Books', pageQuery: [] },
    });
    const missed = chat.entries.slice(frame.lastSeq ?? 0);
    if (missed.length) this.#send(ws, { type: 'entries', entries: missed });
    return chat;
  }

  #receive(ws: WebSocket, chat: Chat, frame: Exclude<VisitorFrame, HelloFrame>): void {
    if (frame.type === 'ping') {
      this.#send(ws, { type: 'pong' });
      return;
    }
    if (frame.type === 'page') {
      this.pages.push(frame);
      return;
    }
    const isEnded = chat.status === 'ended';
    if (isEnded && (frame.type === 'end' || Date.now() >= chat.reopenUntil)) {
      this.#send(ws, { type: 'error', code: 'chat_ended', message: 'Over', retryable: false, ref: frame.id });
      return;
    }
    if (frame.type === 'end') {
      this.#send(ws, { type: 'accepted', id: frame.id });
      this.add({ kind: 'ended', by: 'visitor' });
      return;
    }
    if (frame.type === 'email') {
      const { id: clientId, email } = frame;
      this.emails.push(email);
      this.#send(ws, { type: 'accepted', id: clientId });
      this.add({ kind: 'emailGiven', clientId, email });
      return;
    }
    this.messages.push(frame.text);
    const known = chat.entries.some((entry) => entry.kind === 'visitorMessage' && entry.clientId === frame.id);
    if (!known) {
      if (isEnded) this.add({ kind: 'reopened' });
      const entry = this.#append(chat, { kind: 'visitorMessage', clientId: frame.id, text: frame.text });
      if (this.loseAnswers) return;
      this.#send(ws, { type: 'accepted', id: frame.id });
      for (const socket of chat.sockets) this.#send(socket, { type: 'entries', entries: [entry] });
    } else if (!this.loseAnswers) {
      this.#send(ws, { type: 'accepted', id: frame.id });
    }
  }
}
