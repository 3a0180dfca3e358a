/**
 * Input that nobody sealed for the workflow which gets it: sent by hand (an operator in Temporal UI or with Temporal's
 * command line), or by somebody who has no payload keys. The workers' codec hands it to workflow code in this form,
 * and `workflows/sealed-input.ts` decides.
 */
export interface Unsealed {
  readonly [mark]: true;
  /** What was sent; nothing when it could not be read, or was sealed for another workflow. */
  readonly value?: unknown;
}

/** The name of a field that nothing of ours has. */
const mark = 'live-chat/unsealed';

export function unsealed(value?: unknown): Unsealed {
  return { [mark]: true, value };
}

export function isUnsealed(value: unknown): value is Unsealed {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, mark);
}
