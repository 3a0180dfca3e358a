import type { OperatorHomeProps } from '../../../web/server.tsx';
import {
  connectionCheckSteps,
  type CheckStepView,
  type ConnectionCheckData,
  type ConnectionCheckStep,
} from '../../../domain/connection-check.ts';
import type { ChannelChoices, DashboardData, InstallProgress, Problem } from '../../../domain/dashboard.ts';
import { installSteps } from '../../../domain/install-steps.ts';
import type { MissingScope } from '../../../domain/missing-scope.ts';

const hour = 3_600_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

/** An install whose first `done` steps are done and the next one runs. */
export function installRunning(done: number): InstallProgress {
  return {
    status: 'running',
    steps: installSteps.map((id, index) => ({
      id,
      state: index < done ? 'done' : index === done ? 'running' : 'pending',
      ...(id === 'inboundChannel' && index < done ? { detail: 'Live Chat Inbound' } : {}),
    })),
  };
}

/** An install that waits for "I'm Done". */
export function installReady(): InstallProgress {
  return {
    ...installRunning(installSteps.length),
    status: 'ready',
    inboundChannel: { name: 'Live Chat Inbound', url: 'https://zoom.example/channel/inbound' },
  };
}

/** An install that stopped at the channel. */
export function installFailed(next: 'retry' | 'reauthorize'): InstallProgress {
  const { steps } = installRunning(2);
  return {
    status: 'failed',
    steps: steps.map((step) => (step.id === 'inboundChannel' ? { ...step, state: 'failed' } : step)),
    failure: {
      step: 'inboundChannel',
      message: 'Zoom did not let the app create a channel. Ask your Zoom administrator to allow it, then try again.',
      next,
    },
  };
}

/** What Zoom has not granted: one that is needed, and one that is not. */
export const missingScopes: MissingScope[] = [
  {
    label: 'View and manage all users’ chat channels',
    classic: 'chat_channel:write:admin',
    granular: ['team_chat:read:list_members:admin', 'team_chat:write:members:admin'],
    without: 'Nobody can be let into a chat.',
    required: true,
  },
  {
    label: 'View all users’ chat information',
    classic: 'chat:read:admin',
    granular: ['team_chat:read:archive_channels:admin'],
    without: 'An archived channel is noticed late.',
    required: false,
  },
];

/** A dashboard with chats in every state. */
export function dashboard(changes: Partial<DashboardData> = {}): DashboardData {
  return {
    user: { name: 'Maya Lindqvist', email: 'maya@example.com' },
    account: { id: 'acc', name: 'Lindqvist Outdoor AB', createdAt: ago(48 * hour) },
    trial: { endsAt: new Date(Date.now() + 12 * 24 * hour).toISOString(), daysLeft: 12, expired: false },
    channel: { id: 'inbound', name: 'Live Chat Inbound' },
    widget: {
      id: 'wdg_abc',
      embedSnippet: '<script async src="https://chat.example.com/widget.js" data-widget="wdg_abc"></script>',
      previewUrl: '/preview?widget=wdg_abc',
    },
    needsReconnect: false,
    missingScopes: [],
    chats: { waiting: 2, active: 1, ended: 1_204 },
    recentChats: [
      {
        id: '1',
        visitorName: 'Jonas',
        status: 'waiting',
        startedAt: ago(40_000),
        agents: [],
        haveLeft: false,
        channelUrl: null,
        waitsFor: 'BotNotAllowed',
      },
      {
        id: '2',
        visitorName: 'Visitor 7F3A',
        status: 'missed',
        startedAt: ago(9 * 60_000),
        agents: [],
        haveLeft: false,
        channelUrl: null,
        waitsFor: null,
      },
      {
        id: '3',
        visitorName: 'Priya Raman',
        status: 'active',
        startedAt: ago(hour),
        agents: ['Maya Lindqvist', 'Tom Okafor'],
        haveLeft: false,
        channelUrl: 'https://zoom.example/channel/3',
        waitsFor: null,
      },
      {
        id: '4',
        visitorName: 'A visitor with quite a long name from a company with a long name as well',
        status: 'ended',
        startedAt: ago(30 * hour),
        agents: ['Tom Okafor'],
        haveLeft: false,
        channelUrl: 'https://zoom.example/channel/4',
        waitsFor: null,
      },
    ],
    ...changes,
  };
}

/** A dashboard on its first day. */
export function emptyDashboard(): DashboardData {
  return dashboard({ chats: { waiting: 0, active: 0, ended: 0 }, recentChats: [] });
}

/** Channels of all kinds. */
export function channels(): ChannelChoices {
  return {
    channels: [
      { id: 'inbound', name: 'Live Chat Inbound', kind: 'private' },
      { id: 'sales', name: 'Sales', kind: 'private' },
      { id: 'all', name: 'Everyone', kind: 'public' },
    ],
    selectedId: 'inbound',
    selectedName: 'Live Chat Inbound',
    mayChange: true,
  };
}

/** A connection check; without steps none has been run. */
export function connectionCheck(
  steps?: Partial<Record<ConnectionCheckStep, Omit<CheckStepView, 'id'>>>,
  changes: Partial<ConnectionCheckData> & { isDone?: boolean } = {},
): ConnectionCheckData {
  const { isDone = false, ...rest } = changes;
  return {
    mayRun: true,
    check:
      steps === undefined
        ? null
        : {
            status: isDone ? 'done' : 'running',
            startedAt: Date.now() - 20_000,
            word: 'check 4271',
            channel: { name: 'Live Chat Inbound', url: 'https://zoom.example/channel/inbound' },
            privateChannel: { name: 'Connection check · 3fa2', url: 'https://zoom.example/channel/private' },
            steps: connectionCheckSteps.map((id) => ({ id, state: 'pending', ...steps[id] })),
          },
    names: { maya: 'Maya Lindqvist' },
    endpoints: {
      events: 'https://chat.example.com/webhooks/zoom/events',
      bot: 'https://chat.example.com/webhooks/zoom/bot',
    },
    ...rest,
  };
}

const passed = { state: 'passed', outcome: 'ok' } as const;
/** A check that waits for the word. */
export const checkWaiting = () =>
  connectionCheck({
    token: passed,
    scopes: { state: 'noted', outcome: 'optionalScopesMissing', missingScopes: missingScopes.slice(1) },
    channel: passed,
    post: passed,
    echo: { state: 'passed', outcome: 'notEchoed' },
    word: { state: 'waiting', until: Date.now() + 280_000, choices: ['nothingHappened', 'skip'] },
  });

/** One that has stopped, since nothing arrived. */
export const checkStopped = () =>
  connectionCheck({
    token: passed,
    scopes: passed,
    channel: passed,
    post: passed,
    echo: { state: 'passed', outcome: 'notEchoed' },
    word: { state: 'failed', outcome: 'nothingArrived', choices: ['retry', 'skip'] },
  });

/** One that is done, with all kinds of verdicts. */
export const checkDone = () =>
  connectionCheck(
    {
      token: passed,
      scopes: { state: 'failed', outcome: 'scopesMissing', missingScopes },
      channel: passed,
      post: {
        state: 'failed',
        outcome: 'BotNotAllowed',
        detail: 'Zoom call bot.post failed: botNotAllowed (HTTP 403, code 7004). The bot may not post there.',
      },
      echo: { state: 'skipped', outcome: 'blocked' },
      word: { state: 'passed', outcome: 'ok', by: 'maya' },
      press: { state: 'skipped', outcome: 'blocked' },
      createChannel: passed,
      postInChannel: { state: 'noted', outcome: 'byOwner' },
      readBack: passed,
      removeChannel: { state: 'noted', outcome: 'leftBehind' },
    },
    { isDone: true },
  );

/** One in which all is well. */
export const checkPassed = () =>
  connectionCheck(
    Object.fromEntries(
      connectionCheckSteps.map((id) => [
        id,
        id === 'word' || id === 'press'
          ? { ...passed, by: 'maya' }
          : id === 'echo'
            ? { state: 'passed', outcome: 'echoed' }
            : id === 'postInChannel'
              ? { state: 'passed', outcome: 'byBot' }
              : passed,
      ]),
    ),
    { isDone: true },
  );

/** A refusal of the api. */
export function problem(changes: Partial<Problem> = {}): Problem {
  return {
    type: 'about:blank',
    title: 'Zoom does not answer',
    status: 503,
    detail: 'Zoom does not answer as it should right now. Try again in a moment.',
    ...changes,
  };
}

const ui = 'http://localhost:8233/namespaces/default/workflows';

/** The operators' start page after a search. */
export const operatorHome: OperatorHomeProps = {
  temporalUi: ui,
  lists: [
    { name: 'waiting', href: `${ui}?query=1`, count: 3 },
    { name: 'missed', href: `${ui}?query=2`, count: 0 },
    { name: 'waitingForZoom', href: `${ui}?query=3`, count: 12 },
    { name: 'failedInstalls', href: `${ui}?query=4`, count: null },
    { name: 'lostGrants', href: `${ui}?query=5`, count: 1 },
  ],
  found: {
    words: 'Jill Chill',
    chats: [
      {
        chatId: 'pV96jqB268WLdt1I',
        visitorName: 'Jane Doe',
        status: 'active',
        startedAt: '2026-01-10T12:00:00Z',
        agents: ['Jill Chill'],
        href: `${ui}/chat%2FpV96jqB268WLdt1I`,
      },
    ],
    people: [
      {
        zoomUserId: 'KDcuGIm1QgePTO8WbOqwIQ',
        name: 'Jill Chill',
        email: 'jill@example.com',
        grantStatus: 'needsReconnect',
        chats: `${ui}?query=6`,
        install: `${ui}/install%2Fjill`,
        grant: `${ui}/grant%2Fjill`,
      },
    ],
    accounts: [{ accountId: 'acc', name: 'example.com', everything: ui, waiting: ui, active: ui }],
  },
};
