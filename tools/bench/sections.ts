import type { Section } from './bench.ts';
import { burstSection } from './sections/burst.ts';
import { directSection } from './sections/direct.ts';
import { fairnessSection } from './sections/fairness.ts';
import { floorSection } from './sections/floor.ts';
import { floodSection } from './sections/flood.ts';
import { historySection } from './sections/history.ts';
import { idleSection } from './sections/idle.ts';
import { installSection } from './sections/install.ts';
import { manySection } from './sections/many.ts';
import { paceSection } from './sections/pace.ts';
import { rateSection } from './sections/rate.ts';
import { readySection } from './sections/ready.ts';
import { recoverySection } from './sections/recovery.ts';
import { visitorsSection } from './sections/visitors.ts';

/** All sections in the order in which they run: what others compare with comes first, what kills processes last. */
export const sections: readonly Section[] = [
  readySection,
  installSection,
  floorSection,
  idleSection,
  directSection,
  historySection,
  burstSection,
  paceSection,
  rateSection,
  fairnessSection,
  floodSection,
  visitorsSection,
  recoverySection,
  manySection,
];
