import type { TemporalConnection } from '../../config/temporal.ts';
import type { PortName } from './ports.ts';
import type { Settings } from './settings.ts';

/** What the supervisor knows of the stack when it starts a program. */
export interface ProgramContext {
  pid: number;
  urls: StackUrls;
  temporal: TemporalConnection;
  temporalNamespace: string;
}

/** One of the product's programs. */
export interface Program {
  /** Arguments to node, relative to the repository. */
  args: readonly string[];
  /** Resolves when the program is ready; called again and again until it does. */
  ready: (context: ProgramContext) => Promise<void>;
}

/** The product's programs; tests of the supervisor use small stand-ins. */
export interface Programs {
  /** Builds the web assets; runs to its end before the programs start. */
  build: readonly string[] | undefined;
  sandbox: Program;
  worker: Program;
  api: Program;
}

/** Addresses of a running stack. */
export interface StackUrls {
  /** The app as this machine reaches it. */
  app: string;
  /** The app as the world reaches it; the same as `app` unless PUBLIC_URL says otherwise. */
  public: string;
  /** The sandbox's Team Chat page; undefined with a real Zoom app. */
  sandbox: string | undefined;
  /** Temporal UI, without a sign-in, on this machine only; the app has it below `/temporal`, behind one. */
  temporalUi: string | undefined;
  /** host:port of Temporal's gRPC service. */
  temporal: string;
  /** With the database name. */
  mongodb: string;
  /** Prometheus metrics. */
  apiMetrics: string;
  workerMetrics: string;
}

/** What `npm start` reads from the environment, and what else tests and load runs choose. */
export interface StackOptions extends Partial<Omit<Settings, 'dataDir' | 'ports'>> {
  /** Keeps everything: databases, secrets, logs. Made if missing. */
  dataDir: string;
  /** 0, or a port left out, picks a free one. */
  ports?: Partial<Record<PortName, number>>;
  /** Starts Temporal's UI. Default true; without it a stack is up a little sooner. */
  temporalUi?: boolean;
  /** More environment for all programs, or for one; wins over what the supervisor sets. */
  env?: Readonly<Record<string, string>>;
  programEnv?: Partial<Record<'sandbox' | 'worker' | 'api', Readonly<Record<string, string>>>>;
  programs?: Partial<Programs>;
  /** Starts a process again when it ends unasked. Default true; tests that kill processes set false. */
  autoRestart?: boolean;
  /** Skips the build of browser files and workflow code, when they are known to be there. Default false. */
  skipBuild?: boolean;
  /** Progress, one line at a time. Default: says nothing. */
  report?: (line: string) => void;
  /** Warnings and errors of the programs, readable. Default: says nothing; all of it is in the log files anyway. */
  console?: (line: string) => void;
  /** Gives up starting: what runs is stopped and the reason thrown. */
  signal?: AbortSignal;
}
