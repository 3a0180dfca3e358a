import type { PushOutcome, PushTarget, PushToVisitor } from '../domain/push.ts';
import { isZoomError, ZoomError } from '../zoom/index.ts';

/**
 * Post something of ours that also shows what a visitor gave (a name, a page); if Zoom does not accept its content,
 * without that. Words of ours alone are not refused for what is in them: then something else is wrong, and a person
 * has to see it.
 */
export async function orWithoutVisitorWords<T>(post: (withVisitorWords: boolean) => Promise<T>): Promise<T> {
  try {
    return await post(true);
  } catch (error) {
    if (!isZoomError(error, 'contentRefused')) throw error;
  }
  try {
    return await post(false);
  } catch (error) {
    if (!isZoomError(error, 'contentRefused')) throw error;
    const { operation, status, code, trackingId, ambiguous } = error;
    throw new ZoomError({ kind: 'invalidRequest', operation, status, code, trackingId, ambiguous });
  }
}

/** Zoom has taken all visitor messages up to `deliveredSeq`: the visitor sees ✓✓. */
export async function pushDelivered(
  push: PushToVisitor,
  { chatId, deliveredSeq, targets }: { chatId: string; deliveredSeq: number; targets: PushTarget[] },
): Promise<PushOutcome[]> {
  return targets.length === 0 ? [] : push(targets, { chatId, entries: [], lastSeq: 0, deliveredSeq });
}
