import type { UserZoom } from '../activities/user-zoom.ts';
import type { ApiConfig } from '../config/env.ts';
import type { Logger } from '../config/logger.ts';
import type { Store } from '../store/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { PageProps } from '../web/server.tsx';
import type { ZoomClient } from '../zoom/index.ts';
import type { TemporalClients } from './temporal/clients.ts';

/** The collections and functions of the store that the api uses; tests give an in-memory one. */
export interface ApiStore {
  accounts: Pick<Store['accounts'], 'get' | 'named'>;
  widgets: Pick<Store['widgets'], 'get' | 'ofAccount' | 'setInboundChannel'>;
  members: Pick<Store['members'], 'get' | 'ofAccount' | 'connect' | 'setRole' | 'named' | 'countByGrantStatus'>;
  tokenSets: Pick<Store['tokenSets'], 'addGranted' | 'scopesOf'>;
  usedStates: Pick<Store['usedStates'], 'use'>;
  sessions: Pick<Store['sessions'], 'begin' | 'get' | 'used' | 'end' | 'endOf'>;
  newChats: Pick<Store['newChats'], 'recent' | 'add' | 'forgetBefore'>;
  chats: Pick<
    Store['chats'],
    'get' | 'recent' | 'countByStatus' | 'named' | 'unfinished' | 'openByStatus' | 'oldestWaiting'
  >;
  chatChannels: Pick<Store['chatChannels'], 'get' | 'among'>;
  connectionChecks: Pick<Store['connectionChecks'], 'inChannel'>;
  transcript: Pick<Store['transcript'], 'after' | 'lastSeq'>;
}

/** Everything that the api is made of; nothing in it reads the environment or a global by itself. */
export interface ApiDependencies {
  config: ApiConfig;
  store: ApiStore;
  temporal: TemporalClients;
  zoom: Pick<ZoomClient, 'oauth' | 'asUser'>;
  /** Calls to Zoom by a user's stored grant. */
  userZoom: UserZoom;
  /**
   * Something was repaired: the account's chats that wait for Zoom try again. Returns at once; see `createTryAgain`.
   */
  tryAgain: (accountId: string) => void;
  /** A page as HTML. */
  renderPage: (page: PageProps) => string;
  /** Folder of the built browser files: `widget.js` and `assets/`. */
  webDir: string;
  /** Whether MongoDB answers. */
  mongoAnswers: () => Promise<boolean>;
  /** The time now, ms since 1970. */
  clock: () => number;
  log: Logger;
  metrics: Metrics;
}
