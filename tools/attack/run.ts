import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack, type Stack } from '../embedded/supervisor.ts';
import { attempt, type Attack, type Outcome } from './attack.ts';
import { Inputs } from './inputs.ts';
import { Target } from './target.ts';

/** All attacks together take no longer than this: what hangs is ended, ms. */
const longestMs = 15 * 60_000;

/** As in production, behind one proxy, with the product's own limits whatever development takes. */
const production = { NODE_ENV: 'production' };
const productionApi = {
  ...production,
  TRUST_PROXY: '1',
  TEMPORAL_UI_PORT: '',
  NEW_CHATS_PER_ADDRESS: '5',
  NEW_CHATS_PER_WIDGET: '30',
  NEW_CHATS_PER_ACCOUNT: '60',
};

export interface RunSurroundings {
  seed: number;
  keep: boolean;
  signal: AbortSignal;
  report: (line: string) => void;
  /** Called with each outcome as soon as it is there. */
  tried: (outcome: Outcome) => void;
}

/**
 * Starts a system of its own, tries the attacks one after the other, and stops it.
 *
 * @returns the outcomes, and the folder with the logs if it was kept
 */
export async function run(
  attacks: readonly Attack[],
  { seed, keep, signal: stopped, report, tried }: RunSurroundings,
): Promise<{ outcomes: Outcome[]; dataDir: string | undefined }> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(longestMs)]);
  const dataDir = await mkdtemp(join(tmpdir(), 'live-chat-attack-'));
  let keepFolder = true;
  let stack: Stack | undefined;
  let target: Target | undefined;
  try {
    stack = await startStack({
      dataDir,
      autoRestart: false,
      signal,
      programEnv: { api: productionApi, worker: production },
      report,
    });
    target = await Target.prepare(stack, new Inputs(seed), signal);
    const outcomes: Outcome[] = [];
    for (const attack of attacks) {
      target.inputs = Inputs.of(seed, attack.name);
      const outcome = await attempt(attack, target);
      outcomes.push(outcome);
      tried(outcome);
    }
    keepFolder = keep || outcomes.some(({ verdict }) => verdict !== 'held');
    return { outcomes, dataDir: keepFolder ? dataDir : undefined };
  } catch (error) {
    keepFolder = keep || !stopped.aborted;
    if (keepFolder) report(`The logs are in ${dataDir}/logs.`);
    throw error;
  } finally {
    await target?.close();
    await stack?.stop();
    if (!keepFolder) await rm(dataDir, { recursive: true, force: true });
  }
}
