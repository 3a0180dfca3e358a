import { Admin } from '../../../test/support/driver.ts';
import type { Person, Section } from '../bench.ts';
import { latencyFigure } from '../figure.ts';

/**
 * Administrators, in this order; the first of each account sets it up, and who comes again adds the app again.
 */
const installers: readonly Person[] = ['alex', 'olive', 'ada', 'alex', 'ada', 'olive', 'alex', 'ada', 'olive', 'alex'];
const firsts = 2;

/** From "Add to Zoom" until the onboarding page says that all is ready and "I'm Done" has been taken. */
export const installSection: Section = {
  name: 'install',
  title: 'Install, end to end',
  async *run(bench) {
    await bench.zoom.faults({ switches: { rateLimits: false } });
    const took: number[] = [];
    for (const person of installers) {
      bench.signal.throwIfAborted();
      const id = await bench.idOf(person);
      const begun = performance.now();
      await new Admin(bench.stack.urls).install(id);
      took.push(performance.now() - begun);
    }
    yield latencyFigure(
      'install.all',
      `${installers.length} installs by ${new Set(installers).size} administrators (p50)`,
      took,
    );
    yield latencyFigure('install.first', 'of these, the first of an account (p50)', took.slice(0, firsts));
  },
};
