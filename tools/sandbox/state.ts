import { Journal, type Change } from './journal.ts';
import type { CardContent } from './cards.ts';
import type { FaultRule } from './fault-rules.ts';
import type { Switches } from './switches.ts';

/** A Zoom account (tenant). */
export interface Account {
  id: string;
  name: string;
  number: number;
}

/**
 * A person; `expired` is somebody whose invitation to the account ran out. `jid` and `id` have Zoom's forms;
 * `memberId` is what outsiders see instead of the id.
 */
export interface User {
  id: string;
  accountId: string;
  memberId: string;
  email: string;
  firstName: string;
  lastName: string;
  jid: string;
  /** Role in the account, which has one owner. */
  role: 'owner' | 'admin' | 'member';
  status: 'active' | 'inactive' | 'expired' | 'deleted';
}

/** A person's membership of a channel. */
export interface Membership {
  userId: string;
  role: 'owner' | 'admin' | 'member';
  joinedAt: number;
}

/** The settings of a channel, as in the REST API. */
export interface ChannelSettings {
  add_member_permissions: number;
  new_members_can_see_previous_messages_files: boolean;
  posting_permissions: number;
  mention_all_permissions: number;
  allow_to_add_external_users: number;
}

/** A channel. Types: 1 private, 2 private of one account, 3 public in the account, 4 group chat, 5 public. */
export interface Channel {
  id: string;
  jid: string;
  accountId: string;
  name: string;
  type: number;
  settings: ChannelSettings;
  members: Membership[];
  /** People outside the account who were invited and have not accepted. */
  pending: string[];
  archived: boolean;
  /** Whether the app was added by one of the members. */
  appAdded: boolean;
  /** A member has taken the app out: the bot may not post here until somebody adds it again. */
  appRemoved?: boolean;
  createdAt: number;
  /** Set once the channel is gone; the record stays for as long as its name is held. */
  deletedAt?: number;
}

/** Where a message stands: `c:<channel id>`, `b:<user id>` (that person and the bot) or `d:<user id>:<user id>`. */
export type Conversation = `c:${string}` | `b:${string}` | `d:${string}:${string}`;

/** A file of a message; the bytes are not kept. */
export interface FileRef {
  id: string;
  name: string;
  size: number;
  kind: 'file' | 'image';
}

/** The bot of another app. */
export interface OtherBot {
  jid: string;
  name: string;
}

/** One message, by a person (`userId`) or by a bot (`userId` null): the app's own, or `otherBot`. */
export interface Message {
  id: string;
  conversation: Conversation;
  /** Order over all messages. */
  seq: number;
  userId: string | null;
  otherBot?: OtherBot;
  /** Account on whose behalf the bot wrote, or the author's account. */
  accountId: string;
  text: string;
  /** Cards of chatbot posts. */
  content?: CardContent;
  markdown: boolean;
  timestamp: number;
  replyTo?: string;
  editedAt?: number;
  deletedAt?: number;
  /** Only this person sees the message. */
  visibleTo?: string;
  atItems?: unknown[];
  richText?: unknown[];
  interactiveCards?: unknown[];
  files?: FileRef[];
  /** `to_jid` as the post gave it. */
  toJid?: string;
  /** Buttons of earlier versions of the card, which a client that was not repainted could still press. */
  formerButtons?: { text: string; value: string }[];
}

/** What a person's consent gave the app. */
export interface Grant {
  /** The user's id. */
  id: string;
  accountId: string;
  scopes: string[];
  /** The app's scopes at that time, to notice later edits. */
  appScopes: string[];
  grantedAt: number;
}

/** An authorization code: single use, five minutes. */
export interface Code {
  id: string;
  userId: string;
  scopes: string[];
  redirectUri: string;
  challenge?: string;
  challengeMethod?: 'S256' | 'plain';
  expiresAt: number;
  used: boolean;
}

/** An access or refresh token; `userId` null for the chatbot's. Ended tokens stay known, for their error codes. */
export interface Token {
  id: string;
  kind: 'access' | 'refresh' | 'bot';
  userId: string | null;
  scopes: string[];
  expiresAt: number;
  ended?: 'superseded' | 'revoked' | 'uninstalled';
}

/** The callback of one press. */
export interface Callback {
  id: string;
  token: string;
  expiresAt: number;
  used: boolean;
  conversation: Conversation;
  accountId: string;
  toJid: string;
}

/** A further event subscription made through the API. */
export interface Subscription {
  id: string;
  name: string;
  url: string;
  events: string[];
}

/** One event on its way to an endpoint, and afterwards its line in the log. */
export interface Delivery {
  id: string;
  requestId: string;
  traceId: string;
  /** `bot`, `events`, or the id of a subscription made through the API. */
  endpoint: string;
  url: string;
  event: string;
  body: string;
  /** Deliveries with the same key start one after another. */
  orderKey: string;
  /** Unix seconds of the first attempt. */
  stamp: number;
  /** Attempts made. */
  attempts: number;
  dueAt: number;
  createdAt: number;
  state: 'pending' | 'delivered' | 'failed';
  signature: 'good' | 'wrong' | 'none' | 'stale';
  /** HTTP status, or one of Zoom's negative numbers for connection faults. */
  status?: number;
  responseBody?: string;
  requestHeaders?: Record<string, string>;
  finishedAt?: number;
}

/** How an endpoint's validation stands. */
export interface Validation {
  /** Same names as the delivery's endpoint. */
  id: string;
  url: string;
  valid: boolean;
  failures: number;
  disabled: boolean;
  checkedAt: number;
}

/** An e-mail that the app has sent. */
export interface Mail {
  id: string;
  /** Milliseconds since 1970. */
  receivedAt: number;
  /** Addresses that the mail server was told, whatever the headers say. */
  envelopeFrom: string;
  envelopeTo: string[];
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** In their order, names in lower case. */
  headers: { name: string; value: string }[];
}

/** How far a person has read a conversation: the last message's seq. */
export interface ReadMark {
  id: string;
  seq: number;
}

/** Single values. */
export interface Setting {
  id: string;
  value: unknown;
}

/** The records of one kind, by id. Change a record, then `put` it: that is what marks it for the journal. */
export class Table<T extends { id: string }> {
  readonly rows = new Map<string, T>();
  readonly #name: string;
  readonly #mark: (table: string, key: string) => void;

  constructor(name: string, mark: (table: string, key: string) => void) {
    this.#name = name;
    this.#mark = mark;
  }

  get(id: string): T | undefined {
    return this.rows.get(id);
  }

  all(): T[] {
    return [...this.rows.values()];
  }

  put(row: T): T {
    this.rows.set(row.id, row);
    this.#mark(this.#name, row.id);
    return row;
  }

  delete(id: string): void {
    if (this.rows.delete(id)) this.#mark(this.#name, id);
  }
}

/** Everything the sandbox remembers, in memory, with a journal behind it when it has a folder. */
export class Store {
  readonly #dirty = new Map<string, [table: string, key: string]>();
  readonly #journal: Journal | undefined;
  #scheduled = false;
  readonly #mark = (table: string, key: string): void => {
    this.#dirty.set(`${table}\n${key}`, [table, key]);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Whoever answers a request commits first; this catches changes that no answer waits for.
    setImmediate(() => this.commit());
  };

  readonly accounts = new Table<Account>('accounts', this.#mark);
  readonly users = new Table<User>('users', this.#mark);
  readonly channels = new Table<Channel>('channels', this.#mark);
  readonly messages = new Table<Message>('messages', this.#mark);
  readonly grants = new Table<Grant>('grants', this.#mark);
  readonly codes = new Table<Code>('codes', this.#mark);
  readonly tokens = new Table<Token>('tokens', this.#mark);
  readonly callbacks = new Table<Callback>('callbacks', this.#mark);
  readonly subscriptions = new Table<Subscription>('subscriptions', this.#mark);
  readonly deliveries = new Table<Delivery>('deliveries', this.#mark);
  readonly validations = new Table<Validation>('validations', this.#mark);
  readonly reads = new Table<ReadMark>('reads', this.#mark);
  readonly settings = new Table<Setting>('settings', this.#mark);
  /** Files that were uploaded, whether or not a message shows them. */
  readonly files = new Table<FileRef>('files', this.#mark);
  readonly mails = new Table<Mail>('mails', this.#mark);
  readonly rules = new Table<FaultRule & { id: string }>('rules', this.#mark);

  readonly #tables: Record<string, { rows: Map<string, { id: string }> }> = {
    accounts: this.accounts,
    users: this.users,
    channels: this.channels,
    messages: this.messages,
    grants: this.grants,
    codes: this.codes,
    tokens: this.tokens,
    callbacks: this.callbacks,
    subscriptions: this.subscriptions,
    deliveries: this.deliveries,
    validations: this.validations,
    reads: this.reads,
    settings: this.settings,
    files: this.files,
    mails: this.mails,
    rules: this.rules,
  };

  /** Messages of each conversation in order. */
  readonly #byConversation = new Map<string, Message[]>();
  #lastSeq = 0;
  #closed = false;

  constructor(folder: string | undefined) {
    if (folder === undefined) return;
    this.#journal = Journal.open(folder, ([table, key, value]) => {
      const rows = this.#tables[table]?.rows;
      if (rows === undefined) return;
      if (value === null) rows.delete(key);
      else rows.set(key, value as { id: string });
    });
    this.#index();
    this.#journal.compact(this.#records());
  }

  /** Adds a message at the end of its conversation. */
  addMessage(message: Omit<Message, 'seq'>): Message {
    const list = this.#byConversation.get(message.conversation);
    // Two messages of one conversation never bear the same time, so that sorting by it gives their order.
    const timestamp = Math.max(message.timestamp, (list?.at(-1)?.timestamp ?? 0) + 1);
    const row: Message = { ...message, timestamp, seq: ++this.#lastSeq };
    if (list === undefined) this.#byConversation.set(row.conversation, [row]);
    else list.push(row);
    return this.messages.put(row);
  }

  /** The messages of a conversation, oldest first, deleted ones included. */
  messagesOf(conversation: Conversation): readonly Message[] {
    return this.#byConversation.get(conversation) ?? [];
  }

  /** Names of the conversations that hold at least one message. */
  conversations(): Conversation[] {
    return [...this.#byConversation.keys()] as Conversation[];
  }

  /** Removes a conversation with all its messages. */
  dropConversation(conversation: Conversation): void {
    for (const message of this.messagesOf(conversation)) this.messages.delete(message.id);
    this.#byConversation.delete(conversation);
  }

  /** A single value by name, as it was last set. */
  setting(id: string): unknown {
    return this.settings.get(id)?.value;
  }

  /** Removes everything. */
  clear(): void {
    for (const [name, table] of Object.entries(this.#tables)) {
      for (const key of table.rows.keys()) this.#mark(name, key);
      table.rows.clear();
    }
    this.#byConversation.clear();
  }

  /** Writes all changes since the last commit as one line: all of them survive a kill, or none. */
  commit(): void {
    this.#scheduled = false;
    if (this.#dirty.size === 0 || this.#closed) return;
    const changes: Change[] = [];
    for (const [table, key] of this.#dirty.values()) {
      changes.push([table, key, this.#tables[table]?.rows.get(key) ?? null]);
    }
    this.#dirty.clear();
    this.#journal?.append(changes);
    if (this.#journal?.wantsCompaction === true) this.#journal.compact(this.#records());
  }

  /** Commits and closes the journal. */
  close(): void {
    if (this.#closed) return;
    this.commit();
    this.#closed = true;
    this.#journal?.close();
  }

  *#records(): Generator<Change> {
    for (const [name, table] of Object.entries(this.#tables)) {
      for (const [key, value] of table.rows) yield [name, key, value];
    }
  }

  #index(): void {
    const sorted = this.messages.all().sort((a, b) => a.seq - b.seq);
    for (const message of sorted) {
      const list = this.#byConversation.get(message.conversation);
      if (list === undefined) this.#byConversation.set(message.conversation, [message]);
      else list.push(message);
      this.#lastSeq = message.seq;
    }
  }
}

/** The switches in force and those of the start. */
export interface SwitchBoard {
  current: Switches;
  initial: Switches;
}
