/** One line of the result. */
export interface Check {
  name: string;
  expected: number;
  seen: number;
  lost: number;
  duplicated: number;
  outOfOrder: number;
  /** Things that nobody wrote there, or that are wrong in another way. */
  wrong: number;
  /** Duplicates that Zoom's contract makes unavoidable, each proven to be one. */
  unavoidable: number;
  /** Out of Zoom's order because Zoom's webhooks came out of order. */
  reordered: number;
  /** Some of the differences, for people. */
  examples: string[];
}

export function emptyCheck(name: string): Check {
  return {
    name,
    expected: 0,
    seen: 0,
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    wrong: 0,
    unavoidable: 0,
    reordered: 0,
    examples: [],
  };
}

/** Whether a check found nothing that the promise forbids. */
export function holds(check: Check): boolean {
  return check.lost === 0 && check.duplicated === 0 && check.outOfOrder === 0 && check.wrong === 0;
}

export interface Expectation {
  /** For people: which chat this is. */
  where: string;
  /** Everything that may be there, in order. */
  order: readonly string[];
  /** What of it must be there. Default: all. */
  required?: ReadonlySet<string>;
  seen: readonly string[];
  /** There is no order to keep. */
  anyOrder?: boolean;
  /** Whether this surplus copy could not be avoided. */
  isUnavoidable?: (item: string) => boolean;
  /** Whether Zoom's own webhook of `later` came before that of `earlier`. */
  mayOvertake?: (later: string, earlier: string) => boolean;
}

/** Adds to a check how what is there differs from what should be there. */
export function compare(check: Check, expectation: Expectation): void {
  const { where, order, required = new Set(order), seen, anyOrder, isUnavoidable, mayOvertake } = expectation;
  const note = (text: string): void => {
    check.examples.push(`${where}: ${text}`);
  };
  const positions = new Map(order.map((item, index) => [item, index]));
  const first: string[] = [];
  const there = new Set<string>();
  for (const item of seen) {
    if (!positions.has(item)) {
      check.wrong += 1;
      note(`${item} was not expected here`);
    } else if (!there.has(item)) {
      there.add(item);
      first.push(item);
    } else if (isUnavoidable?.(item) === true) {
      check.unavoidable += 1;
    } else {
      check.duplicated += 1;
      note(`${item} is there twice`);
    }
  }
  check.expected += required.size;
  check.seen += first.length;
  for (const item of required) {
    if (there.has(item)) continue;
    check.lost += 1;
    note(`${item} is lost`);
  }

  if (anyOrder === true) return;
  const positionOf = (item: string): number => positions.get(item) ?? 0;
  // An item is out of order if something that should follow it stands before it.
  let furthest = -1;
  first.forEach((item, index) => {
    const inOrder = positionOf(item) > furthest;
    furthest = Math.max(furthest, positionOf(item));
    if (inOrder) return;
    const overtakers = first.slice(0, index).filter((other) => positionOf(other) > positionOf(item));
    const unexplained = overtakers.filter((other) => mayOvertake?.(other, item) !== true);
    if (unexplained.length === 0) {
      check.reordered += 1;
    } else {
      check.outOfOrder += 1;
      note(`${item} comes after ${unexplained.slice(0, 3).join(', ')}`);
    }
  });
}
