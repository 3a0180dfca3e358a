import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { InstallProgress } from '../../domain/dashboard.ts';
import type { InstallStep } from '../../domain/install-steps.ts';
import { request, type Failure } from './http.ts';

/**
 * The steps in their order. Not imported from the domain, whose module would bring the schema library to the browser.
 */
export const installStepOrder = [
  'fetchUser',
  'provisionAccount',
  'inboundChannel',
  'welcomeCard',
  'welcomeMessage',
] as const satisfies readonly InstallStep[];

/** What is shown before the first answer. */
export const unknownProgress: InstallProgress = {
  status: 'running',
  steps: installStepOrder.map((id) => ({ id, state: 'pending' })),
};

const fastestMs = 400;
const slowestMs = 2_000;
/** So long "no install yet" is taken for one that is just being started. */
const startGraceMs = 4_000;

/** How long to wait before the next question: short again whenever something has moved. */
export function nextDelay(delayMs: number, moved: boolean): number {
  return moved ? fastestMs : Math.min(slowestMs, Math.round(delayMs * 1.5));
}

/**
 * Progress of the install, asked for until it is ready. A failed one is asked for as well: it may be retried in another
 * tab.
 */
export function useInstallProgress() {
  const [progress, setProgress] = useState<InstallProgress>(unknownProgress);
  const [trouble, setTrouble] = useState<Failure | undefined>(undefined);
  const [retrying, setRetrying] = useState(false);
  const [retryFailure, setRetryFailure] = useState<Failure | undefined>(undefined);
  const watch = useRef<{ stop: () => void } | undefined>(undefined);

  const start = useCallback((first: InstallProgress | undefined) => {
    watch.current?.stop();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    let delay = fastestMs;
    let last = JSON.stringify(first);
    const since = Date.now();

    const ask = async () => {
      const answer = await request<InstallProgress>('GET', '/api/install');
      if (stopped) return;
      if (answer.ok) {
        setTrouble(undefined);
        const { status } = answer.data;
        if (status !== 'notStarted' || Date.now() - since > startGraceMs) setProgress(answer.data);
        if (status === 'ready' || status === 'done') return;
      } else {
        setTrouble(answer.failure);
        if (answer.failure.kind === 'signedOut') return;
      }
      const now = answer.ok ? JSON.stringify(answer.data) : last;
      delay = nextDelay(delay, now !== last);
      last = now;
      timer = setTimeout(() => void ask(), delay);
    };
    watch.current = {
      stop: () => {
        stopped = true;
        clearTimeout(timer);
      },
    };
    if (first === undefined) void ask();
    else timer = setTimeout(() => void ask(), delay);
  }, []);

  useEffect(() => {
    start(undefined);
    const again = () => start(undefined);
    window.addEventListener('online', again);
    return () => {
      watch.current?.stop();
      window.removeEventListener('online', again);
    };
  }, [start]);

  const retry = useCallback(async () => {
    setRetrying(true);
    setRetryFailure(undefined);
    // Answers under way are of the run that failed.
    watch.current?.stop();
    const answer = await request<InstallProgress>('POST', '/api/install/retry');
    setRetrying(false);
    if (answer.ok) {
      setTrouble(undefined);
      setProgress(answer.data);
      start(answer.data);
    } else {
      // Apart from `trouble`, which goes as soon as the next question is answered.
      setRetryFailure(answer.failure);
      start(undefined);
    }
  }, [start]);

  return { progress, trouble, retrying, retryFailure, retry };
}
