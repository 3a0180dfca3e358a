import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

/** The one activity of the floor: the process notes that it ran. */
export interface FloorActivities {
  acknowledge: (mark: string) => Promise<void>;
}

export const floorSignal = defineSignal<[string]>('floor');

const { acknowledge } = proxyActivities<FloorActivities>({
  startToCloseTimeout: '30 seconds',
  // An ordinary one, over its task queue: what the relay gains by eager dispatch is the relay's.
  allowEagerDispatch: false,
});

/** The least that a durable relay can do: each signal is kept, and runs one activity, one after the other. */
export async function floor(): Promise<void> {
  const waiting: string[] = [];
  setHandler(floorSignal, (mark) => {
    waiting.push(mark);
  });
  for (;;) {
    await condition(() => waiting.length > 0);
    await acknowledge(waiting.shift() ?? '');
  }
}
