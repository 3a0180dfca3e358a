import type { Logger } from '../config/logger.ts';
import type { Config } from '../config/env.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { UserZoom } from '../activities/user-zoom.ts';
import type { Store } from '../store/index.ts';
import type { PageProps } from '../web/server.tsx';
import type { ZoomClient } from '../zoom/index.ts';
import type { TemporalGateway } from './temporal-gateway.ts';

/** The collections and functions of the store that the api uses; tests give an in-memory one. */
export interface ApiStore {
  accounts: Pick<Store['accounts'], 'get' | 'byWidget' | 'setChannel' | 'named'>;
  members: Pick<Store['members'], 'get' | 'connect' | 'named'>;
  tokenSets: Pick<Store['tokenSets'], 'addGranted'>;
  usedStates: Pick<Store['usedStates'], 'use'>;
  chats: Pick<Store['chats'], 'get' | 'recent' | 'countByStatus' | 'named'>;
  chatChannels: Pick<Store['chatChannels'], 'get' | 'among'>;
  transcript: Pick<Store['transcript'], 'append' | 'after' | 'lastSeq'>;
}

/** Everything that the api is made of; nothing in it reads the environment or a global by itself. */
export interface ApiDependencies {
  config: Config;
  store: ApiStore;
  temporal: TemporalGateway;
  zoom: Pick<ZoomClient, 'oauth' | 'asUser'>;
  /** Calls to Zoom by a user's stored grant. */
  userZoom: UserZoom;
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
