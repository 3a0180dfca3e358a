import { randomInt } from 'node:crypto';
import getPort, { clearLockedPorts } from 'get-port';

/** A port that is needed is taken or not allowed. */
export class PortError extends Error {
  override name = 'PortError';
}

/** Below the range that systems hand out for outgoing connections, so that none of those takes the port meanwhile. */
const freeRange = { from: 15_000, to: 31_999 };
const tries = 100;

/** A port that is free now on all addresses, and is not one of `taken`. */
export function freePort(taken: Iterable<number> = []): Promise<number> {
  const port = Array.from({ length: tries }, () => randomInt(freeRange.from, freeRange.to + 1));
  return getPort({ port, exclude: taken });
}

/** Whether a port can be listened on, on any address. */
export async function isFree(port: number): Promise<boolean> {
  // What get-port has given out lately counts as taken otherwise.
  clearLockedPorts();
  return (await getPort({ port })) === port;
}

export type PortName = SettablePort | 'temporalUiServer';
/** What a setting can decide. */
export type SettablePort =
  'app' | 'sandbox' | 'smtp' | 'temporal' | 'temporalUi' | 'mongo' | 'apiMetrics' | 'workerMetrics';

/** What decides which ports a stack needs; see `StackOptions`. */
interface PortOptions {
  ports?: Partial<Record<PortName, number>>;
  zoom?: unknown;
  temporalAddress?: string | undefined;
  temporalUi?: boolean;
  mongodbUri?: string | undefined;
}

interface PortUse {
  /** Who listens there, in words. */
  what: string;
  variable: string;
  needed: (options: PortOptions) => boolean;
}

const embedsTemporal = ({ temporalAddress }: PortOptions): boolean => temporalAddress === undefined;

const embedsUi = (options: PortOptions): boolean => embedsTemporal(options) && options.temporalUi !== false;

const portUses: Record<PortName, PortUse> = {
  app: { what: 'the app', variable: 'PORT', needed: () => true },
  sandbox: { what: 'the Zoom sandbox', variable: 'SANDBOX_PORT', needed: ({ zoom }) => zoom === undefined },
  smtp: {
    what: 'the mail server of the sandbox',
    variable: 'SANDBOX_SMTP_PORT',
    needed: ({ zoom }) => zoom === undefined,
  },
  temporal: { what: 'Temporal', variable: 'TEMPORAL_PORT', needed: embedsTemporal },
  temporalUi: { what: 'the way to Temporal UI', variable: 'TEMPORAL_UI_PORT', needed: embedsUi },
  temporalUiServer: { what: 'Temporal UI itself', variable: '(no setting)', needed: embedsUi },
  mongo: { what: 'MongoDB', variable: 'MONGODB_PORT', needed: ({ mongodbUri }) => mongodbUri === undefined },
  apiMetrics: { what: 'the metrics of the api', variable: 'API_METRICS_PORT', needed: () => true },
  workerMetrics: { what: 'the metrics of the worker', variable: 'WORKER_METRICS_PORT', needed: () => true },
};

/**
 * The ports of a stack: the given ones, each tried, and free ones for the rest. A port that is not needed is 0.
 *
 * @throws PortError with a sentence for every port that cannot be used
 */
export async function choosePorts(options: PortOptions): Promise<Record<PortName, number>> {
  const faults: string[] = [];
  const ports: Record<PortName, number> = {
    app: 0,
    sandbox: 0,
    smtp: 0,
    temporal: 0,
    temporalUi: 0,
    temporalUiServer: 0,
    mongo: 0,
    apiMetrics: 0,
    workerMetrics: 0,
  };
  const names = Object.keys(ports) as PortName[];
  const given = Object.values(options.ports ?? {});
  for (const name of names) {
    const { what, variable, needed } = portUses[name];
    if (!needed(options)) continue;
    const wanted = options.ports?.[name] || undefined;
    const other = names.find((each) => ports[each] === wanted);
    if (other !== undefined) {
      faults.push(`${variable} must differ from ${portUses[other].variable} (both are ${wanted}).`);
    } else if (wanted !== undefined && !(await isFree(wanted))) {
      faults.push(
        `Port ${wanted}, wanted for ${what}, is already in use or not allowed: end what uses it or set ${variable}.`,
      );
    }
    ports[name] = wanted ?? (await freePort([...given, ...Object.values(ports)]));
  }
  if (faults.length > 0) throw new PortError(faults.join('\n'));
  return ports;
}
