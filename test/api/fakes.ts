import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { ApiDependencies, ApiStore } from '../../api/dependencies.ts';
import { TemporalUnavailableError, type TemporalGateway } from '../../api/temporal-gateway.ts';
import { readConfig, type Config } from '../../config/env.ts';
import type { InstallProgress } from '../../domain/dashboard.ts';
import type { TranscriptEntry } from '../../domain/transcript.ts';
import type { Account, ChatRecord, Member, TokenSet } from '../../store/index.ts';
import { RecordedMetrics } from '../support/recorded-metrics.ts';
import type { ZoomChannel, ZoomError, ZoomOAuth, ZoomUserApi } from '../../zoom/index.ts';
import { zoomError } from '../activities/fake-zoom.ts';

export { zoomError };

export const webhookSecret = 'webhook-secret-token';
export const botJid = 'v1botabcdef@xmpp.zoom.us';
export const start = Date.parse('2026-03-01T12:00:00Z');
const key = () => `k1:${randomBytes(32).toString('base64')}`;

export function testConfig(env: Record<string, string> = {}): Config {
  return readConfig({
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
    widgetId: 'widget-1',
    createdAt: new Date(start),
    trialEndsAt: new Date(start + 14 * 86_400_000),
    channel: { id: 'inbound', jid: 'inbound@conference.xmpp.zoom.us', name: 'Inbound', url: 'https://zoom.us/inbound' },
    ...changes,
  };
}

export function installation(changes: Partial<Member> = {}): Member {
  return {
    _id: userId,
    accountId,
    name: 'Alex Admin',
    email: 'alex@example.com',
    jid: 'user-alex@xmpp.zoom.us',
    createdAt: new Date(start),
    status: 'connected',
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
  readonly installationsById = new Map<string, Member>();
  readonly tokenSetsOf = new Map<string, TokenSet[]>();
  readonly states = new Set<string>();
  readonly chatsById = new Map<string, ChatRecord>();
  readonly entries = new Map<string, TranscriptEntry[]>();
  transcriptReads = 0;

  #check(): void {
    if (!this.broken) return;
    const error = new Error('connect ECONNREFUSED');
    error.name = 'MongoServerSelectionError';
    throw error;
  }

  accounts: ApiStore['accounts'] = {
    get: async (id) => (this.#check(), this.accountsById.get(id) ?? null),
    byWidget: async (id) => (this.#check(), [...this.accountsById.values()].find((a) => a.widgetId === id) ?? null),
    named: async (words) => (this.#check(), [...this.accountsById.values()].filter(({ name }) => name === words)),
    setChannel: async (id, channel) => {
      this.#check();
      const found = this.accountsById.get(id);
      if (found) this.accountsById.set(id, { ...found, channel });
    },
  };
  members: ApiStore['members'] = {
    get: async (id) => (this.#check(), this.installationsById.get(id) ?? null),
    named: async (words) => (
      this.#check(),
      [...this.installationsById.values()].filter(({ name, email }) => [name, email].includes(words))
    ),
    connect: async (person) => {
      this.#check();
      const known = this.installationsById.get(person._id);
      this.installationsById.set(person._id, { createdAt: new Date(start), ...known, ...person, status: 'connected' });
    },
  };
  tokenSets: ApiStore['tokenSets'] = {
    addGranted: async (zoomUserId, tokens) => {
      this.#check();
      const id = randomUUID();
      this.tokenSetsOf.set(zoomUserId, [...(this.tokenSetsOf.get(zoomUserId) ?? []), { id, ...tokens }]);
      return id;
    },
  };
  usedStates: ApiStore['usedStates'] = {
    use: async (hash) => {
      this.#check();
      const fresh = !this.states.has(hash);
      this.states.add(hash);
      return fresh;
    },
  };
  chats: ApiStore['chats'] = {
    get: async (id) => (this.#check(), this.chatsById.get(id) ?? null),
    named: async (words) =>
      [...this.chatsById.values()].filter(
        (chat) => chat.visitor.name === words || chat.agents.some(({ name }) => name === words),
      ),
    recent: async (account_, limit) =>
      [...this.chatsById.values()].filter((c) => c.accountId === account_).slice(0, limit),
    countByStatus: async (account_) => {
      const counts: Awaited<ReturnType<ApiStore['chats']['countByStatus']>> = {};
      for (const { status } of [...this.chatsById.values()].filter((c) => c.accountId === account_)) {
        counts[status] = (counts[status] ?? 0) + 1;
      }
      return counts;
    },
  };
  chatChannels: ApiStore['chatChannels'] = {
    get: async (id) => {
      this.#check();
      const found = [...this.chatsById.values()].find((c) => c.channel?.id === id);
      return found ? { _id: id, chatId: found._id, accountId: found.accountId } : null;
    },
    among: async (ids) => {
      this.#check();
      return new Set(
        [...this.chatsById.values()].flatMap((c) => (c.channel && ids.includes(c.channel.id) ? [c.channel.id] : [])),
      );
    },
  };
  transcript: ApiStore['transcript'] = {
    append: async (chatId, entries) => {
      this.#check();
      const known = this.entries.get(chatId) ?? [];
      const fresh = entries.filter(({ seq }) => !known.some((entry) => entry.seq === seq));
      this.entries.set(
        chatId,
        [...known, ...fresh].sort((a, b) => a.seq - b.seq),
      );
      return fresh.length === entries.length;
    },
    after: async (chatId, afterSeq, limit) => {
      this.#check();
      this.transcriptReads += 1;
      return (this.entries.get(chatId) ?? []).filter(({ seq }) => seq > afterSeq).slice(0, limit);
    },
    lastSeq: async (chatId) => (this.#check(), this.entries.get(chatId)?.at(-1)?.seq ?? 0),
  };
}

type Call = { [K in keyof TemporalGateway]: { name: K; args: Parameters<TemporalGateway[K]> } }[keyof TemporalGateway];

/** Records what Temporal was told. */
export class FakeTemporal implements TemporalGateway {
  calls: Call[] = [];
  /** Temporal does not answer. */
  away = false;
  /** Ids of chats whose workflow is over or never was. */
  readonly over = new Set<string>();
  run: Awaited<ReturnType<TemporalGateway['installRun']>> = 'none';
  progress: InstallProgress | null = null;
  worker: Awaited<ReturnType<TemporalGateway['workerActivity']>> = { workflowTasksAt: start, activityTasksAt: start };
  /** Called before each answer, to hold it back. */
  before: (call: Call) => Promise<void> = async () => undefined;

  #answer = async <T>(call: Call, answer: () => T): Promise<T> => {
    if (this.away) throw new TemporalUnavailableError('away');
    this.calls.push(call);
    await this.before(call);
    return answer();
  };
  #outcome = (chatId: string) => () => (this.over.has(chatId) ? ('ended' as const) : ('taken' as const));

  named<K extends keyof TemporalGateway>(name: K): Parameters<TemporalGateway[K]>[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.args as Parameters<TemporalGateway[K]>);
  }

  visitorMessage: TemporalGateway['visitorMessage'] = (...args) =>
    this.#answer({ name: 'visitorMessage', args }, this.#outcome(args[0].chatId));
  signalVisitor: TemporalGateway['signalVisitor'] = (...args) =>
    this.#answer({ name: 'signalVisitor', args }, this.#outcome(args[0]));
  signalZoom: TemporalGateway['signalZoom'] = (...args) =>
    this.#answer({ name: 'signalZoom', args }, this.#outcome(args[0]));
  startInstall: TemporalGateway['startInstall'] = (...args) =>
    this.#answer({ name: 'startInstall', args }, () => undefined);
  installRun: TemporalGateway['installRun'] = (...args) => this.#answer({ name: 'installRun', args }, () => this.run);
  installProgress: TemporalGateway['installProgress'] = (...args) =>
    this.#answer({ name: 'installProgress', args }, () => this.progress);
  onboardingDone: TemporalGateway['onboardingDone'] = (...args) =>
    this.#answer({ name: 'onboardingDone', args }, () => 'taken' as const);
  granted: TemporalGateway['granted'] = (...args) => this.#answer({ name: 'granted', args }, () => undefined);
  deauthorized: TemporalGateway['deauthorized'] = (...args) =>
    this.#answer({ name: 'deauthorized', args }, () => undefined);
  /** What each query counts: its place in the call. */
  countWorkflows: TemporalGateway['countWorkflows'] = (...args) =>
    this.#answer({ name: 'countWorkflows', args }, () => args[0].map((_query, n) => (n === 1 ? null : n)));
  workerActivity: TemporalGateway['workerActivity'] = (...args) =>
    this.#answer({ name: 'workerActivity', args }, () => this.worker);
}

const unexpected = () => Promise.reject(new Error('not expected in this test'));

/** Zoom's answers, as far as the api asks. */
export class FakeZoom {
  exchanged: Parameters<ZoomOAuth['exchangeCode']>[0][] = [];
  exchangeError: ZoomError | undefined;
  /** What the next calls of `getMe` fail with, one each. */
  meErrors: ZoomError[] = [];
  channels: ZoomChannel[] = [];
  channelError: Error | undefined;

  oauth: ZoomOAuth = {
    authorizeUrl: ({ redirectUri, state, codeChallenge }) => {
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
        scopes: ['imchat:bot'],
      };
    },
    refresh: unexpected,
    revoke: unexpected,
    clientCredentials: unexpected,
  };

  asUser = (): ZoomUserApi =>
    ({
      getMe: async () => {
        const failure = this.meErrors.shift();
        if (failure) throw failure;
        return {
          id: userId,
          accountId,
          email: 'alex@example.com',
          displayName: 'Alex Admin',
          jid: 'user-alex@xmpp.zoom.us',
        };
      },
      allChannels: async () => {
        if (this.channelError) throw this.channelError;
        return this.channels;
      },
      getChannel: async ({ channelId }: { channelId: string }) => {
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
  store.installationsById.set(userId, installation());
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
    userZoom: (_zoomUserId, fn) => fn(zoom.asUser()),
    renderPage: (page) => `<!doctype html><title>${page.name}</title><pre>${JSON.stringify(page)}</pre>`,
    webDir: '/nonexistent',
    mongoAnswers: async () => mongo.answers,
    clock: clock.read,
    log,
    metrics,
  };
  return { dependencies, store, temporal, zoom, clock, logged, mongo, metrics };
}
