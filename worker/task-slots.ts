import type { CustomSlotSupplier, SlotPermit, SlotReserveContext, WorkflowSlotInfo } from '@temporalio/worker';

type Reservation = Pick<SlotReserveContext, 'isSticky'>;

/**
 * How many workflow tasks a worker does at once. Those of chats that it has in memory wait for Zoom and cost little: there are as
 * many as there are such chats, one each. Those of chats that it leads through their history first are work for the processor, and
 * after a restart all are. Taken up together they would all run into the time limit of a task, and be given out again, from
 * the start; so of these there are only a few at once, pollers that wait for one included.
 */
export class TaskSlots implements CustomSlotSupplier<WorkflowSlotInfo> {
  readonly type = 'custom';
  readonly #mostReplays: number;
  readonly #permits = new Set<SlotPermit>();
  readonly #waiting = new Set<() => void>();
  readonly #inMemory: SlotPermit = {};

  constructor(mostReplays: number) {
    this.#mostReplays = mostReplays;
  }

  tryReserveSlot({ isSticky }: Reservation): SlotPermit | null {
    if (isSticky) return this.#inMemory;
    if (this.#permits.size >= this.#mostReplays) return null;
    const permit = {};
    this.#permits.add(permit);
    return permit;
  }

  async reserveSlot(reservation: Reservation, aborted: AbortSignal): Promise<SlotPermit> {
    for (;;) {
      const permit = this.tryReserveSlot(reservation);
      if (permit !== null) return permit;
      await this.#released(aborted);
    }
  }

  /** A slot counts from its reservation on: whoever polls may be given a task at any moment. */
  markSlotUsed(): void {}

  releaseSlot({ permit }: { permit: SlotPermit }): void {
    if (!this.#permits.delete(permit)) return;
    const [next] = this.#waiting;
    next?.();
  }

  /** Resolves when somebody else may try. @throws the signal's reason when it is no longer needed. */
  #released(aborted: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      aborted.throwIfAborted();
      const over = (): void => {
        this.#waiting.delete(tryAgain);
        aborted.removeEventListener('abort', giveUp);
      };
      const tryAgain = (): void => {
        over();
        resolve();
      };
      const giveUp = (): void => {
        over();
        reject(aborted.reason as Error);
      };
      this.#waiting.add(tryAgain);
      aborted.addEventListener('abort', giveUp);
    });
  }
}
