import { EventEmitter, once } from 'node:events';
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
  /** Tells of each slot that comes free; as many wait as there are pollers. */
  readonly #released = new EventEmitter().setMaxListeners(0);
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

  async reserveSlot(reservation: Reservation, signal: AbortSignal): Promise<SlotPermit> {
    for (;;) {
      const permit = this.tryReserveSlot(reservation);
      if (permit !== null) return permit;
      // The SDK wants its own reason back.
      await once(this.#released, 'slot', { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** A slot counts from its reservation on: whoever polls may be given a task at any moment. */
  markSlotUsed(): void {}

  releaseSlot({ permit }: { permit: SlotPermit }): void {
    if (this.#permits.delete(permit)) this.#released.emit('slot');
  }
}
