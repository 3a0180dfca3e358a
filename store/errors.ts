/** MongoDB's code for a write refused by a unique index. */
const duplicateKeyCode = 11_000;

/** Whether a write was refused because its key is there already: for our keyed writes, "this was done before". */
export function isDuplicateKey(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === duplicateKeyCode;
}

/** Run a keyed insert; false if the key was there already. */
export async function insertedNow(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert;
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}
