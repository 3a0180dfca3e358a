import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import express, { json, static as serveFolder, type Response } from 'express';
import type { ConnectionCheckData } from '../../../domain/connection-check.ts';
import type { ChannelChoices, DashboardData, InstallProgress, Problem } from '../../../domain/dashboard.ts';
import { settingsInputSchema } from '../../../domain/dashboard.ts';
import { buildWeb } from '../../../web/build.ts';
import { loadWebAssets, renderPage, type PageProps, type WebAssets } from '../../../web/server.tsx';
import { channels, connectionCheck, dashboard, installRunning, operatorHome } from './samples.ts';

/** What the fake api answers; a test changes it and the pages see it. */
export interface FakeApi {
  install: InstallProgress;
  dashboard: DashboardData | Problem;
  channels: ChannelChoices | Problem;
  connectionCheck: ConnectionCheckData | Problem;
  /** When set, choices on the page of the connection check are refused with it. */
  choiceProblem: Problem | undefined;
  /** When set, `POST /api/install/retry` is refused with it. */
  retryProblem: Problem | undefined;
  /** When set, `PUT /api/settings` is refused with it. */
  settingsProblem: Problem | undefined;
  /** Answers wait for this, so that a test sees what comes before them. */
  hold: Promise<void>;
  /** Method and path of every call that changed something, with its body. */
  calls: string[];
}

export const strictPolicy =
  "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/** The script that stands for the widget: it only records what the page asks of it. */
const fakeWidget = `
  window.asked = [];
  const start = () => {
    window.LiveChat = {
      open: () => window.asked.push('open'),
      close: () => {},
      sendMessage: (text) => { window.asked.push(text); localStorage.setItem('chat', '1'); },
      on: () => () => {},
      get hasChat() { return localStorage.getItem('chat') !== null; },
    };
    document.dispatchEvent(new CustomEvent('livechat:ready'));
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
`;

export const errorPage = {
  name: 'error',
  status: 403,
  title: 'This is not allowed',
  message: 'Nothing was changed. You can add the app at any time.',
  next: { label: 'Add to Zoom', href: '/install' },
} as const satisfies PageProps;

const pages: Record<string, PageProps> = {
  '/': { name: 'landing', docsUrl: 'https://docs.example/' },
  '/onboarding': { name: 'onboarding' },
  '/dashboard': { name: 'dashboard' },
  '/settings': { name: 'settings' },
  '/connection-check': { name: 'connectionCheck' },
  '/preview': { name: 'preview', widgetId: 'wdg_abc' },
  '/chat': { name: 'chat' },
  '/chat/mails': { name: 'stopMails', done: false },
  '/error': errorPage,
  '/operator': { name: 'operatorSignIn', next: '/operator' },
  '/operator-home': { name: 'operator', ...operatorHome },
  '/operator-refused': { name: 'operatorSignIn', next: '/operator', error: 'This is not the operator password.' },
};

/** Paths of all pages. */
export const pagePaths = Object.keys(pages);

/** A small site with the real pages, the real contract and no product behind it. */
export async function startSite() {
  const distDir = await mkdtemp(path.join(tmpdir(), 'pages-'));
  await buildWeb({ outDir: distDir });
  const assets: WebAssets = loadWebAssets(distDir);
  const api: FakeApi = freshApi();

  const app = express();
  app.use((_request, response, next) => {
    response.set('Content-Security-Policy', strictPolicy);
    next();
  });
  app.use('/assets', serveFolder(path.join(distDir, 'assets')));
  app.get('/widget.js', (_request, response) => {
    response.type('js').send(fakeWidget);
  });
  for (const [address, page] of Object.entries(pages)) {
    app.get(address, (_request, response) => {
      response.type('html').send(renderPage(page, assets));
    });
  }
  app.use('/api', json(), async (request, _response, next) => {
    if (request.method !== 'GET') {
      api.calls.push(`${request.method} ${request.baseUrl}${request.path} ${JSON.stringify(request.body ?? null)}`);
    }
    await api.hold;
    next();
  });
  app.get('/api/install', (_request, response) => answer(response, api.install));
  app.post('/api/install/retry', (_request, response) => {
    if (api.retryProblem === undefined) api.install = installRunning(0);
    answer(response, api.retryProblem ?? api.install);
  });
  app.post('/api/install/done', (_request, response) => answer(response, { ...api.install, status: 'done' }));
  app.get('/api/dashboard', (_request, response) => answer(response, api.dashboard));
  app.get('/api/channels', (_request, response) => answer(response, api.channels));
  app.put('/api/settings', (request, response) => {
    const { channelId } = settingsInputSchema.parse(request.body);
    const channel = 'channels' in api.channels && api.channels.channels.find(({ id }) => id === channelId);
    answer(response, api.settingsProblem ?? { channel });
  });
  app.get('/api/connection-check', (_request, response) => answer(response, api.connectionCheck));
  app.post('/api/connection-check', (_request, response) => answer(response, api.connectionCheck));
  app.post('/api/connection-check/choice', (_request, response) =>
    answer(response, api.choiceProblem ?? api.connectionCheck),
  );
  app.post('/signout', (_request, response) => {
    api.calls.push('POST /signout');
    response.redirect(303, '/');
  });

  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    api,
    assets,
    reset: () => Object.assign(api, freshApi()),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(distDir, { recursive: true, force: true });
    },
  };
}

function freshApi(): FakeApi {
  return {
    install: installRunning(0),
    dashboard: dashboard(),
    channels: channels(),
    connectionCheck: connectionCheck(),
    choiceProblem: undefined,
    retryProblem: undefined,
    settingsProblem: undefined,
    hold: Promise.resolve(),
    calls: [],
  };
}

function answer(response: Response, body: object): void {
  if ('title' in body && 'status' in body) {
    response.status(Number(body.status)).type('application/problem+json').send(JSON.stringify(body));
  } else {
    response.json(body);
  }
}
