import { freePort, portFault } from './ports.ts';
import type { PortName, StackOptions } from './stack-options.ts';

/** A port that is needed is taken or not allowed. */
export class PortError extends Error {
  override name = 'PortError';
}

interface Use {
  /** Who listens there, in words. */
  what: string;
  variable: string;
  bind: 'loopback' | 'any';
  needed: (options: StackOptions) => boolean;
}

const uses: Record<PortName, Use> = {
  app: { what: 'the app', variable: 'PORT', bind: 'any', needed: () => true },
  sandbox: {
    what: 'the Zoom sandbox',
    variable: 'SANDBOX_PORT',
    bind: 'any',
    needed: ({ zoom }) => zoom === undefined,
  },
  temporal: {
    what: 'Temporal',
    variable: 'TEMPORAL_PORT',
    bind: 'loopback',
    needed: ({ temporalAddress }) => temporalAddress === undefined,
  },
  temporalUi: {
    what: "Temporal's UI",
    variable: 'TEMPORAL_UI_PORT',
    bind: 'loopback',
    needed: ({ temporalAddress, temporalUi }) => temporalAddress === undefined && temporalUi !== false,
  },
  mongo: {
    what: 'MongoDB',
    variable: 'MONGODB_PORT',
    bind: 'loopback',
    needed: ({ mongodbUri }) => mongodbUri === undefined,
  },
  apiMetrics: { what: 'the metrics of the api', variable: 'API_METRICS_PORT', bind: 'loopback', needed: () => true },
  workerMetrics: {
    what: 'the metrics of the worker',
    variable: 'WORKER_METRICS_PORT',
    bind: 'loopback',
    needed: () => true,
  },
};

/**
 * The ports of a stack: the given ones, each tried, and free ones for the rest. A port that is not needed is 0.
 *
 * @throws PortError with a sentence for every port that cannot be used
 */
export async function choosePorts(options: StackOptions): Promise<Record<PortName, number>> {
  const faults: string[] = [];
  const taken = new Set(Object.values(options.ports ?? {}));
  const choose = async (name: PortName): Promise<number> => {
    const { what, variable, bind, needed } = uses[name];
    if (!needed(options)) return 0;
    const wanted = options.ports?.[name] ?? 0;
    if (wanted === 0) {
      const port = await freePort(taken);
      taken.add(port);
      return port;
    }
    const fault = await portFault(wanted, bind);
    if (fault === 'in-use') {
      faults.push(`Port ${wanted}, wanted for ${what}, is already in use; end what uses it or set ${variable}.`);
    }
    if (fault === 'not-allowed') {
      faults.push(`Port ${wanted}, wanted for ${what}, is not allowed for this user; set ${variable} to 1024 or more.`);
    }
    return wanted;
  };
  // One after the other: each free port must know of those before it.
  const ports = {
    app: await choose('app'),
    sandbox: await choose('sandbox'),
    temporal: await choose('temporal'),
    temporalUi: await choose('temporalUi'),
    mongo: await choose('mongo'),
    apiMetrics: await choose('apiMetrics'),
    workerMetrics: await choose('workerMetrics'),
  };
  if (faults.length > 0) throw new PortError(faults.join('\n'));
  return ports;
}
