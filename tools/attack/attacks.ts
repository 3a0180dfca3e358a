import type { Attack } from './attack.ts';
import { floodOfOneAddress, floodOfOneNetwork, replays, socketsOfOneNetwork, unanswered } from './attacks/flood.ts';
import { badBodies, badFrames, pushes } from './attacks/frames.ts';
import { lockOut, neighbours, otherSites, paths, rebinding, redirects, temporalUi } from './attacks/pages.ts';
import {
  inventedCodes,
  memberSettings,
  oldCookies,
  operatorCookies,
  otherAccount,
  passwordGuesses,
  plantedSessions,
} from './attacks/sessions.ts';
import { controlFrames, refusedSockets, slowClients } from './attacks/slow.ts';
import { copied, unsealed } from './attacks/temporal.ts';
import { endlessPress, outsiders, removals, webhookForgeries, webhookReplays } from './attacks/webhooks.ts';
import { imitation, operatorsConsole, pageQuery, secrets } from './attacks/words.ts';

/** All attacks, in the order in which they are tried; the last one looks at what the others have left behind. */
export const attacks: readonly Attack[] = [
  floodOfOneAddress,
  floodOfOneNetwork,
  socketsOfOneNetwork,
  unanswered,
  replays,
  refusedSockets,
  slowClients,
  controlFrames,
  badFrames,
  badBodies,
  pushes,
  oldCookies,
  operatorCookies,
  passwordGuesses,
  plantedSessions,
  inventedCodes,
  memberSettings,
  otherAccount,
  otherSites,
  rebinding,
  lockOut,
  redirects,
  paths,
  neighbours,
  webhookForgeries,
  webhookReplays,
  removals,
  outsiders,
  endlessPress,
  temporalUi,
  unsealed,
  copied,
  imitation,
  operatorsConsole,
  pageQuery,
  secrets,
];
