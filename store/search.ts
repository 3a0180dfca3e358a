/** A regular expression for texts that begin with these words, as MongoDB takes it: one that an index serves. */
export function startOf(words: string): string {
  return `^${words.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&')}`;
}

/** The same for texts in which any word begins with these words: one that reads every text. */
export function startOfWord(words: string): string {
  return startOf(words).replace('^', '(^|\\s)');
}
