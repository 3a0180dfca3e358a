import { proxyActivities, sleep } from '@temporalio/workflow';

interface Activities {
  call(account: string): Promise<void>;
}

/**
 * Calls to Zoom of one account: all at once, or one after the other with pauses.
 * @returns how long each took, ms.
 */
export async function calls(input: {
  account: string;
  taskQueue: string;
  calls: number;
  pauseMs: number;
}): Promise<number[]> {
  const { call } = proxyActivities<Activities>({ taskQueue: input.taskQueue, startToCloseTimeout: '10 seconds' });
  const timed = async () => {
    const began = Date.now();
    await call(input.account);
    return Date.now() - began;
  };
  const numbers = Array.from({ length: input.calls });
  if (input.pauseMs === 0) return Promise.all(numbers.map(timed));
  const took: number[] = [];
  for (const _ of numbers) {
    await sleep(input.pauseMs);
    took.push(await timed());
  }
  return took;
}
