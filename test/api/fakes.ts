import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { ApiDependencies, ApiStore } from '../../api/dependencies.ts';
import { TemporalUnavailableError, type SignalOutcome } from '../../api/temporal/call.ts';
import type { ChatsClient } from '../../api/temporal/chats.ts';
import type { TemporalClients } from '../../api/temporal/clients.ts';
import type { ConnectionChecksClient } from '../../api/temporal/connection-checks.ts';
import type { GrantsClient } from '../../api/temporal/grants.ts';
import type { InstallsClient, InstallState } from '../../api/temporal/installs.ts';
import type { RouteChangesClient } from '../../api/temporal/route-changes.ts';
import type { SystemClient, WorkerActivity } from '../../api/temporal/system.ts';
import { createTryAgain } from '../../api/try-again.ts';
import { readApiConfig, type ApiConfig } from '../../config/env.ts';
import type { ConnectionCheckProgress } from '../../domain/connection-check.ts';
import type { InstallProgress } from '../../domain/dashboard.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { Account, ChatRecord, Member, NewChat, OpenCheck, Session, TokenSet, Widget } from '../../store/index.ts';
import { RecordedMetrics } from '../support/recorded-metrics.ts';
import type { ZoomChannel, ZoomError, ZoomOAuth, ZoomUserApi } from '../../zoom/index.ts';
import { zoomError } from '../activities/fake-zoom.ts';

export { zoomError };

export const webhookSecret = 'webhook-secret-token';
export const botJid = 'v1botabcdef@xmpp.zoom.us';
export const start = Date.parse('2026-03-01T12:00:00Z');
const key = () => `k1:${randomBytes(32).toString('base64')}`;

export function testConfig(env: Record<string, string> = {}): ApiConfig {
  return readApiConfig({
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://localhost:3000',
    MONGODB_URI: 'mongodb://127.0.0.1:1/test',
    ZOOM_CLIENT_ID: 'client',
    ZOOM_CLIENT_SECRET: 'secret',
    ZOOM_WEBHOOK_SECRET_TOKEN: webhookSecret,
    ZOOM_BOT_JID: botJid,
    SESSION_SECRET: 'a session secret of enough characters',
    TOKEN_ENCRYPTION_KEYS: key(),
    PAYLOAD_ENCRYPTION_KEYS: key(),
    OPERATOR_PASSWORD: 'correct horse battery',
    ...env,
  });
}

/** A clock that stands until it is moved. */
export class TestClock {
  now = start;
  read = () => this.now;
  pass(ms: number): void {
    this.now += ms;
  }
}

export const accountId = 'account-1';
export const userId = 'user-alex';

export function account(changes: Partial<Account> = {}): Account {
  return {
    _id: accountId,
    name: 'Example Inc',
    ownerUserId: userId,
    createdAt: new Date(start),
    trialEndsAt: new Date(start + 14 * 86_400_000),
    retentionDays: 90,
    ...changes,
  };
}

export function widget(changes: Partial<Widget> = {}): Widget {
  return {
    _id: 'widget-1',
    accountId,
    name: 'Website',
    createdAt: new Date(start),
    inboundChannel: {
      id: 'inbound',
      jid: 'inbound@conference.xmpp.zoom.us',
      name: 'Inbound',
      url: 'https://zoom.us/inbound',
    },
    settings: { teamName: 'Example team', pageQuery: [] },
    ...changes,
  };
}

export function member(changes: Partial<Member> = {}): Member {
  return {
    _id: userId,
    accountId,
    name: 'Alex Admin',
    email: 'alex@example.com',
    jid: 'user-alex@xmpp.zoom.us',
    role: 'admin',
    createdAt: new Date(start),
    grantStatus: 'connected',
    ...changes,
  };
}

export function chat(changes: Partial<ChatRecord> = {}): ChatRecord {
  return {
    _id: 'Chat567890123456',
    accountId,
    widgetId: 'widget-1',
    visitor: { name: 'Visitor Chat' },
    status: 'active',
    agents: [{ id: 'agent-secret-id', name: 'Jill' }],
    answeredBy: [{ id: 'agent-secret-id', name: 'Jill' }],
    createdAt: new Date(start),
    channel: { id: 'chat-channel', jid: 'c@conference.xmpp.zoom.us', name: 'chat', url: 'https://zoom.us/chat' },
    deliveredSeq: 0,
    ...changes,
  };
}

/** The store's functions over maps; `broken` makes every call fail as the driver does. */
export class FakeStore implements ApiStore {
  broken = false;
  readonly accountsById = new Map<string, Account>();
  readonly widgetsById = new Map<string, Widget>();
  readonly membersById = new Map<string, Member>();
  readonly tokenSetsOf = new Map<string, TokenSet[]>();
  readonly states = new Set<string>();
  readonly sessionsById = new Map<string, Session>();
  readonly chatsById = new Map<string, ChatRecord>();
  readonly entries = new Map<string, TranscriptEntry[]>();

  /** What a call answers, unless the store is broken. */
  async #answer<T>(answer: () => T): Promise<T> {
    if (!this.broken) return answer();
    const error = new Error('connect ECONNREFUSED');
    error.name = 'MongoServerSelectionError';
    throw error;
  }

  #chats(is: (chat: ChatRecord) => boolean): ChatRecord[] {
    return [...this.chatsById.values()].filter(is);
  }

  /** As the worker records entries. */
  record(chatId: string, entries: readonly TranscriptEntry[]): void {
    this.entries.set(chatId, [...(this.entries.get(chatId) ?? []), ...entries]);
  }

  accounts: ApiStore['accounts'] = {
    get: (id) => this.#answer(() => this.accountsById.get(id) ?? null),
    named: (words) => this.#answer(() => [...this.accountsById.values()].filter(({ name }) => name === words)),
  };
  widgets: ApiStore['widgets'] = {
    get: (id) => this.#answer(() => this.widgetsById.get(id) ?? null),
    ofAccount: (id) => this.#answer(() => [...this.widgetsById.values()].filter((each) => each.accountId === id)),
    setInboundChannel: (id, inboundChannel) =>
      this.#answer(() => {
        const found = this.widgetsById.get(id);
        if (found) this.widgetsById.set(id, { ...found, inboundChannel });
      }),
  };
  members: ApiStore['members'] = {
    get: (id) => this.#answer(() => this.membersById.get(id) ?? null),
    ofAccount: (id) => this.#answer(() => [...this.membersById.values()].filter((each) => each.accountId === id)),
    named: (words) =>
      this.#answer(() => [...this.membersById.values()].filter(({ name, email }) => [name, email].includes(words))),
    connect: (person) =>
      this.#answer(() => {
        const known = this.membersById.get(person._id);
        this.membersById.set(person._id, {
          createdAt: new Date(start),
          ...known,
          ...person,
          grantStatus: 'connected',
        });
      }),
    setRole: (id, role) =>
      this.#answer(() => {
        const found = this.membersById.get(id);
        if (found) this.membersById.set(id, { ...found, role });
      }),
    countByGrantStatus: () =>
      this.#answer(() => countBy([...this.membersById.values()].map(({ grantStatus }) => grantStatus))),
  };
  tokenSets: ApiStore['tokenSets'] = {
    addGranted: (zoomUserId, tokens) =>
      this.#answer(() => {
        const id = randomUUID();
        this.tokenSetsOf.set(zoomUserId, [...(this.tokenSetsOf.get(zoomUserId) ?? []), { id, ...tokens }]);
        return id;
      }),
    scopesOf: (ids) =>
      this.#answer(() =>
        ids.flatMap((id) => (this.tokenSetsOf.get(id) ?? []).slice(-1)).map(({ scopes }) => [...scopes]),
      ),
  };
  sessions: ApiStore['sessions'] = {
    begin: (session) =>
      this.#answer(() => {
        this.sessionsById.set(session._id, session);
      }),
    get: (id) => this.#answer(() => this.sessionsById.get(id) ?? null),
    used: (id, usedAt) =>
      this.#answer(() => {
        const found = this.sessionsById.get(id);
        if (found) this.sessionsById.set(id, { ...found, usedAt });
      }),
    end: (id) =>
      this.#answer(() => {
        this.sessionsById.delete(id);
      }),
    endOf: (zoomUserId) =>
      this.#answer(() => {
        for (const session of [...this.sessionsById.values()].filter((one) => one.zoomUserId === zoomUserId))
          this.sessionsById.delete(session._id);
      }),
  };
  usedStates: ApiStore['usedStates'] = {
    use: (hash) =>
      this.#answer(() => {
        const fresh = !this.states.has(hash);
        this.states.add(hash);
        return fresh;
      }),
  };
  chats: ApiStore['chats'] = {
    get: (id) => this.#answer(() => this.chatsById.get(id) ?? null),
    named: (words) =>
      this.#answer(() =>
        this.#chats(
          ({ visitor, answeredBy }) => visitor.name === words || answeredBy.some(({ name }) => name === words),
        ),
      ),
    recent: (id, limit) => this.#answer(() => this.#chats((chat) => chat.accountId === id).slice(0, limit)),
    countByStatus: (id) =>
      this.#answer(() => countBy(this.#chats((chat) => chat.accountId === id).map(({ status }) => status))),
    openByStatus: () =>
      this.#answer(() => countBy(this.#chats(({ status }) => status !== 'ended').map(({ status }) => status))),
    oldestWaiting: () =>
      this.#answer(() => {
        const waiting = this.#chats(({ status }) => status === 'waiting').map(({ createdAt }) => createdAt.getTime());
        return waiting.length > 0 ? new Date(Math.min(...waiting)) : undefined;
      }),
    unfinished: (id) =>
      this.#answer(() => this.#chats((chat) => chat.accountId === id && !!chat.waitsFor).map(({ _id }) => _id)),
  };
  chatChannels: ApiStore['chatChannels'] = {
    get: (id) =>
      this.#answer(() => {
        const [found] = this.#chats(({ channel }) => channel?.id === id);
        return found ? { _id: id, chatId: found._id, accountId: found.accountId } : null;
      }),
    among: (ids) =>
      this.#answer(() => {
        const known = this.#chats(() => true).map(({ channel }) => channel?.id ?? '');
        return new Set(known.filter((id) => ids.includes(id)));
      }),
  };
  readonly newChatsBegun: NewChat[] = [];
  newChats: ApiStore['newChats'] = {
    recent: (key, value, since, limit) =>
      this.#answer(() =>
        this.newChatsBegun
          .filter((chat) => chat[key] === value && chat.at > since)
          .sort((a, b) => b.at.getTime() - a.at.getTime())
          .slice(0, limit),
      ),
    add: (chat) => this.#answer(() => void this.newChatsBegun.push(chat)),
    forgetBefore: () => this.#answer(() => undefined),
  };
  readonly openChecks: OpenCheck[] = [];
  connectionChecks: ApiStore['connectionChecks'] = {
    inChannel: (id) => this.#answer(() => this.openChecks.find(({ channelId }) => channelId === id)),
  };
  transcript: ApiStore['transcript'] = {
    after: (chatId, afterSeq, limit) =>
      this.#answer(() => (this.entries.get(chatId) ?? []).filter(({ seq }) => seq > afterSeq).slice(0, limit)),
    lastSeq: (chatId) => this.#answer(() => this.entries.get(chatId)?.at(-1)?.seq ?? 0),
  };
}

function countBy<K extends string>(keys: readonly K[]): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** Everything that can be said to Temporal, by the function's name: no two clients have one of the same name. */
type Functions = ChatsClient &
  InstallsClient &
  GrantsClient &
  ConnectionChecksClient &
  RouteChangesClient &
  SystemClient;
type Call = { [K in keyof Functions]: { name: K; args: Parameters<Functions[K]> } }[keyof Functions];

/** Records what Temporal was asked. */
export class FakeTemporal implements TemporalClients {
  calls: Call[] = [];
  /** Temporal does not answer. */
  away = false;
  /** Ids of chats whose workflow is over or never was. */
  readonly over = new Set<string>();
  installState: InstallState = 'none';
  progress: InstallProgress | null = null;
  check: ConnectionCheckProgress | null = null;
  /** What a signal to a connection check comes to. */
  checkOutcome: SignalOutcome = 'taken';
  worker: WorkerActivity = { workflowTasksAt: start, activityTasksAt: start };
  /** How many workflows a query finds. */
  count: (query: string) => number | null = () => 0;
  /** Called before each answer, to make it wait. */
  before: (call: Call) => Promise<void> = async () => undefined;

  named<K extends keyof Functions>(name: K): Parameters<Functions[K]>[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.args as Parameters<Functions[K]>);
  }

  #answer = async <T>(call: Call, answer: () => T): Promise<T> => {
    if (this.away) throw new TemporalUnavailableError('away');
    this.calls.push(call);
    await this.before(call);
    return answer();
  };
  #outcome = (chatId: string) => (): SignalOutcome => (this.over.has(chatId) ? 'ended' : 'taken');
  #done = () => undefined;

  chats: ChatsClient = {
    sendMessage: (...args) => this.#answer({ name: 'sendMessage', args }, this.#outcome(args[0].chatId)),
    signalVisitor: (...args) => this.#answer({ name: 'signalVisitor', args }, this.#outcome(args[0])),
    signalZoom: (...args) => this.#answer({ name: 'signalZoom', args }, this.#outcome(args[0])),
    tryAgain: (...args) => this.#answer({ name: 'tryAgain', args }, this.#outcome(args[0])),
  };
  installs: InstallsClient = {
    start: (...args) => this.#answer({ name: 'start', args }, this.#done),
    state: (...args) => this.#answer({ name: 'state', args }, () => this.installState),
    progress: (...args) => this.#answer({ name: 'progress', args }, () => this.progress),
    done: (...args) => this.#answer({ name: 'done', args }, () => 'taken' as const),
  };
  grants: GrantsClient = {
    granted: (...args) => this.#answer({ name: 'granted', args }, this.#done),
    deauthorized: (...args) => this.#answer({ name: 'deauthorized', args }, this.#done),
  };
  connectionChecks: ConnectionChecksClient = {
    startCheck: (...args) => this.#answer({ name: 'startCheck', args }, this.#done),
    checkProgress: (...args) => this.#answer({ name: 'checkProgress', args }, () => this.check),
    chooseInCheck: (...args) => this.#answer({ name: 'chooseInCheck', args }, () => this.checkOutcome),
    signalCheck: (...args) => this.#answer({ name: 'signalCheck', args }, () => this.checkOutcome),
  };
  routeChanges: RouteChangesClient = {
    tell: (...args) => this.#answer({ name: 'tell', args }, this.#done),
  };
  system: SystemClient = {
    countWorkflows: (...args) =>
      this.away ? Promise.resolve(null) : this.#answer({ name: 'countWorkflows', args }, () => this.count(args[0])),
    workerActivity: (...args) => this.#answer({ name: 'workerActivity', args }, () => this.worker),
  };
}

const unexpected = () => Promise.reject(new Error('not expected in this test'));

/** Zoom's answers, as far as the api asks. */
export class FakeZoom {
  exchanged: Parameters<ZoomOAuth['exchangeCode']>[0][] = [];
  exchangeError: ZoomError | undefined;
  /** The scopes of each authorize link. */
  askedScopes: (readonly string[])[] = [];
  /** What is granted with the next code. */
  scopes: string[] = [];
  role: Member['role'] = 'admin';
  status = 'active';
  /** What the next calls of `getMe` fail with, one each. */
  meErrors: ZoomError[] = [];
  channels: ZoomChannel[] = [];
  /** What another user's call for a channel fails with, by user. */
  readonly outside = new Map<string, Error>();
  channelError: Error | undefined;

  oauth: ZoomOAuth = {
    authorizeUrl: ({ redirectUri, state, codeChallenge, scopes = [] }) => {
      this.askedScopes.push(scopes);
      const query = new URLSearchParams({ redirect_uri: redirectUri, state, code_challenge: codeChallenge });
      return `https://zoom.test/oauth/authorize?${query.toString()}`;
    },
    exchangeCode: async (input) => {
      this.exchanged.push(input);
      if (this.exchangeError) throw this.exchangeError;
      return {
        accessToken: 'access-secret',
        refreshToken: 'refresh-secret',
        expiresAt: new Date(start + 3_600_000),
        scopes: this.scopes,
      };
    },
    refresh: unexpected,
    clientCredentials: unexpected,
  };

  asUser = (): ZoomUserApi => this.userApi(userId);

  userApi = (id: string): ZoomUserApi =>
    ({
      getMe: async () => {
        const failure = this.meErrors.shift();
        if (failure) throw failure;
        return {
          id,
          accountId,
          email: 'alex@example.com',
          displayName: 'Alex Admin',
          jid: 'user-alex@xmpp.zoom.us',
          role: this.role,
          status: this.status,
        };
      },
      allChannels: async () => {
        if (this.channelError) throw this.channelError;
        return this.channels;
      },
      getChannel: async ({ channelId }: { channelId: string }) => {
        const refused = this.outside.get(id);
        if (refused) throw refused;
        if (this.channelError) throw this.channelError;
        const found = this.channels.find(({ id }) => id === channelId);
        if (!found) throw zoomError('channelGone');
        return found;
      },
    }) as Partial<ZoomUserApi> as ZoomUserApi;
}

/** Everything that the api is made of, as fakes; `logged` has all log lines. */
export function fakeDependencies(env: Record<string, string> = {}) {
  const store = new FakeStore();
  store.accountsById.set(accountId, account());
  store.widgetsById.set('widget-1', widget());
  store.membersById.set(userId, member());
  const temporal = new FakeTemporal();
  const zoom = new FakeZoom();
  const clock = new TestClock();
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const mongo = { answers: true };
  const metrics = new RecordedMetrics();
  const dependencies: ApiDependencies = {
    config: testConfig(env),
    store,
    temporal,
    zoom,
    userZoom: (zoomUserId, fn) => fn(zoom.userApi(zoomUserId)),
    tryAgain: createTryAgain({ store, temporal, log }),
    renderPage: (page) => `<!doctype html><title>${page.name}</title><pre>${JSON.stringify(page)}</pre>`,
    webDir: '/nonexistent',
    mongoAnswers: async () => mongo.answers,
    clock: clock.read,
    log,
    metrics,
  };
  return { dependencies, store, temporal, zoom, clock, logged, mongo, metrics };
}
