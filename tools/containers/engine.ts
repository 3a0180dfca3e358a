import { execa, type Options } from 'execa';

/** Says in words what is going on, one line at a time. */
export type Report = (line: string) => void;

/** Why there is nothing to run on, in words; undefined when a Docker engine answers. */
export async function whyNoEngine(): Promise<string | undefined> {
  const version = await execa('docker', ['version', '--format', '{{.Server.Version}}'], { reject: false });
  if (!version.failed && version.stdout.trim() !== '') return undefined;
  if (version.code === 'ENOENT') return 'no Docker engine here: the command "docker" is not installed';
  return `no Docker engine here: ${version.stderr.trim().split('\n').at(-1) ?? 'it does not answer'}`;
}

/** How a command is run: its environment beside our own, and what ends it. */
export interface RunOptions {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  signal?: AbortSignal | undefined;
}

/** Runs a command to its end. @returns what it printed. @throws with what it said, when it fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { signal, input, ...where } = options;
  const settings: Options = {
    ...where,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    maxBuffer: 64 * 1024 * 1024,
  };
  const { stdout } = await execa(command, args, settings);
  return String(stdout);
}

/** A compose project: its files, its settings and its name. */
export class Project {
  readonly #env: Record<string, string>;
  readonly #signal: AbortSignal | undefined;

  /** @param env beside that of this process: COMPOSE_FILE, COMPOSE_ENV_FILES, COMPOSE_PROJECT_NAME … */
  constructor(env: Record<string, string>, signal?: AbortSignal) {
    this.#env = env;
    this.#signal = signal;
  }

  /** `docker compose …` */
  compose(...args: string[]): Promise<string> {
    return run('docker', ['compose', '--ansi', 'never', ...args], { env: this.#env, signal: this.#signal });
  }

  /** A script of `deploy/`, which finds this project by its environment. */
  script(name: string, ...args: string[]): Promise<string> {
    return run('sh', [`deploy/${name}`, ...args], { env: this.#env, signal: this.#signal });
  }

  /** Another tag of the app's image from now on. */
  setVersion(version: string): void {
    this.#env['LIVE_CHAT_VERSION'] = version;
  }

  /** Ids of the running containers of a service. */
  async containers(service: string): Promise<string[]> {
    return lines(await this.compose('ps', '--quiet', '--status', 'running', service));
  }

  /** Remove containers, networks and volumes. Also where the run was stopped. */
  async remove(): Promise<void> {
    const everything = ['down', '--volumes', '--remove-orphans', '--timeout', '10'];
    await run('docker', ['compose', '--ansi', 'never', ...everything], { env: this.#env });
  }
}

export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
