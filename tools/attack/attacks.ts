import type { Attack } from './attack.ts';
import { floodOfOneAddress, floodOfOneNetwork, replays, socketsOfOneNetwork, unanswered } from './attacks/flood.ts';
import { badBodies, badFrames, pushes } from './attacks/frames.ts';
import { controlFrames, refusedSockets, slowClients } from './attacks/slow.ts';

/** All attacks, in the order in which they are tried. */
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
];
