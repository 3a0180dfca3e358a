import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';

// No compiled parsers: making code from text has no place in a workflow.
z.config({ jitless: true });

/**
 * Parse what an operator typed.
 * @param update the update's name, for the sentence.
 * @param example input that would do, as it is typed.
 * @throws {ApplicationFailure} saying what is wrong with which field and what would do.
 */
export function parseInput<T>(schema: z.ZodType<T>, update: string, example: string, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message, code, ...issue }) => {
    if (code === 'unrecognized_keys' && 'keys' in issue) return `it has no field ${words(issue.keys)}`;
    return `${path.length === 0 ? 'the input' : words(path)}: ${message}`;
  });
  return refuse(`${update} takes ${example}. ${faults.join('; ')}.`);
}

const words = (names: unknown) => (Array.isArray(names) ? names.map((name) => `“${String(name)}”`).join(', ') : '');

/**
 * Refuse an operator's Update, in a sentence that Temporal UI shows. It is stored as plain text (codec/failure-converter.cjs):
 * our own words only, never a name, an address or what somebody wrote.
 */
export function refuse(sentence: string): never {
  throw ApplicationFailure.nonRetryable(sentence, 'OperatorRefused');
}
