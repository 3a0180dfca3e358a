import { fileURLToPath } from 'node:url';
import { answers200 } from '../../../../tools/embedded/programs.ts';
import type { Programs } from '../../../../tools/embedded/stack-options.ts';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Small stand-ins for the product's programs: what is under test is the supervisor. */
export const standIns: Programs = {
  build: undefined,
  sandbox: {
    args: [path('server.mjs'), 'sandbox'],
    ready: ({ urls }) => answers200(`${urls.sandbox ?? ''}/healthz`),
  },
  worker: { args: [path('worker.mjs')], ready: () => Promise.resolve() },
  api: { args: [path('server.mjs'), 'api'], ready: ({ urls }) => answers200(`${urls.app}/readyz`) },
};
