/** Somebody who wants a part of a whole. */
export interface Contender {
  /** Settles who gets what does not divide evenly; different for each. */
  readonly place: number;
  readonly wants: number;
}

/**
 * What `me` gets of `total` when it is shared fairly: who wants less than an equal part gets what he wants, and the rest is
 * shared equally by the others. Whole numbers; all who reckon with the same contenders come to parts that fit together.
 */
export function fairShare(total: number, me: Contender, others: readonly Contender[]): number {
  const inOrder = [me, ...others].sort((a, b) => a.wants - b.wants || a.place - b.place);
  let left = total;
  for (const [index, contender] of inOrder.entries()) {
    const waiting = inOrder.length - index;
    // Rounded up for the last in line, who come to what is left over.
    const part = Math.min(contender.wants, Math.floor(left / waiting));
    if (contender === me) return part;
    left -= part;
  }
  return 0;
}
