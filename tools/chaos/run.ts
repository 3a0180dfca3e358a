import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anyNumberOfChats } from '../embedded/stack-env.ts';
import { startStack, type Stack } from '../embedded/supervisor.ts';
import { ZoomSide } from '../../test/support/driver.ts';
import { ChaosRun, extraTimeMs } from './chaos-run.ts';
import { Witness } from './evidence.ts';
import type { ChaosOptions } from './options.ts';
import { plan } from './plan.ts';
import { Proxy } from './proxy.ts';
import { kept, type Result } from './report.ts';
import { longestSettleMs } from './settle.ts';
import { prepareSite } from './site.ts';

/** Nothing of a run takes longer than this beyond its own times: what hangs is ended, ms. */
const graceMs = 300_000;

export interface RunSurroundings {
  signal: AbortSignal;
  report: (line: string) => void;
  /** The web assets are built already. */
  skipBuild?: boolean;
}

/**
 * One chaos run: a whole system of its own, chats both ways, everything that can go wrong, and in the end the
 * comparison.
 *
 * @returns the result, and the folder with the logs if it was kept
 */
export async function run(
  options: ChaosOptions,
  surroundings: RunSurroundings,
): Promise<Result & { dataDir?: string }> {
  const { report, skipBuild = false } = surroundings;
  const longestMs = options.seconds * 1_000 + longestSettleMs(options) + extraTimeMs + graceMs;
  const tooLong = AbortSignal.timeout(longestMs);
  const signal = AbortSignal.any([surroundings.signal, tooLong]);
  const planned = plan(options);
  const dataDir = await mkdtemp(join(tmpdir(), 'live-chat-chaos-'));
  let keepFolder = true;
  let stack: Stack | undefined;
  try {
    const { eventFamily } = planned;
    const switches = {
      retryScale: options.retryScale,
      retryAfter: 'seconds',
      outsiderChatMessages: true,
      eventFamily,
    };
    stack = await startStack({
      dataDir,
      skipBuild,
      autoRestart: false,
      temporalUi: false,
      signal,
      // Each visitor has an address of their own, as behind a proxy.
      programEnv: {
        sandbox: { SANDBOX_SWITCHES: JSON.stringify(switches) },
        // A chat that has ended is over, so that its workflow must be.
        api: { TRUST_PROXY: '1', REOPEN_HOURS: '0', ...anyNumberOfChats },
      },
    });
    report(`The system runs, data in ${dataDir}. Zoom sends events of ${eventFamily}.`);
    const zoom = new ZoomSide(stack.urls.sandbox ?? '');
    const site = await prepareSite(stack, zoom, signal);
    await zoom.faults({ seed: options.seed });
    const proxy = await Proxy.open(stack.ports.app);
    const witness = await Witness.open(stack, zoom);
    const parts = { options, planned, stack, zoom, site, proxy, witness, signal, report };
    const result = await new ChaosRun(parts).run().finally(async () => {
      await proxy.close();
      await witness.close();
    });
    keepFolder = options.keep || !kept(result);
    return keepFolder ? { ...result, dataDir } : result;
  } catch (error) {
    // Stopped on request: there is nothing to look into.
    keepFolder = options.keep || !surroundings.signal.aborted;
    if (keepFolder) report(`The logs are in ${dataDir}/logs.`);
    if (tooLong.aborted) throw new Error(`The run was ended: it took longer than ${longestMs / 1_000} s.`);
    throw error;
  } finally {
    await stack?.stop();
    if (!keepFolder) await rm(dataDir, { recursive: true, force: true });
  }
}
