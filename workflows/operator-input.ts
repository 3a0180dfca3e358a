import { ApplicationFailure } from '@temporalio/workflow';

/*
 * Parsing by hand, in a code base that has zod for it: each open workflow has a copy of all code that it loads, and
 * zod was more than all of our own (docs/decisions/0002-toolchain.md).
 */

/** A field of what an operator types: what it takes, and that in words. */
export interface InputField {
  fits: (value: unknown) => boolean;
  words: string;
  required?: true;
}

/** Who it was. May be left out; it is there so that a history says it. */
const by: InputField = { fits: (value) => value === 'operator', words: 'is "operator", or left out' };
export interface ByOperator {
  by?: 'operator' | undefined;
}

/** Input that may be left out. */
export const nothingNeeded = { by };

/** A person, by what an operator knows of them. */
export const somebodyNeeded = {
  to: {
    fits: (value: unknown) => typeof value === 'string' && /^[^\s/]{1,254}$/.test(value),
    words: 'is a Zoom user id or an e-mail address of a member of the account',
    required: true,
  },
  by,
} as const satisfies Record<string, InputField>;

/**
 * See that what an operator typed is what the Update takes.
 * @param update the update's name, for the sentence.
 * @param example input that would do, as it is typed.
 * @throws {ApplicationFailure} saying what is wrong with which field and what would do.
 */
export function checkInput(
  fields: Readonly<Record<string, InputField>>,
  update: string,
  example: string,
  input: unknown,
): void {
  const faults = faultsOf(fields, input);
  if (faults.length > 0) refuse(`${update} takes ${example}. ${faults.join('; ')}.`);
}

function faultsOf(fields: Readonly<Record<string, InputField>>, input: unknown): string[] {
  const all = Object.entries(fields);
  if (input === undefined && !all.some(([, field]) => field.required)) return [];
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return ['the input: is an object'];
  const given = new Map<string, unknown>(Object.entries(input));
  const wrong = all.filter(([name, { fits, required }]) => {
    const value = given.get(name);
    return value === undefined ? required : !fits(value);
  });
  const unknown = [...given.keys()].filter((name) => !Object.hasOwn(fields, name));
  return [
    ...wrong.map(([name, { words }]) => `${quoted(name)}: ${words}`),
    ...(unknown.length === 0 ? [] : [`it has no field ${unknown.map(quoted).join(', ')}`]),
  ];
}

const quoted = (name: string) => `“${name}”`;

/**
 * Refuse an operator's Update, in a sentence that Temporal UI shows. It is stored as plain text
 * (codec/failure-converter.cjs): our own words only, never a name, an address or what somebody wrote.
 */
export function refuse(sentence: string): never {
  throw ApplicationFailure.nonRetryable(sentence, 'OperatorRefused');
}
