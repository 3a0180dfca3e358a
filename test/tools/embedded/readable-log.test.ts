import { expect, test } from 'vitest';
import { readableLine } from '../../../tools/embedded/readable-log.ts';

test.each([
  [30, 'info', false],
  [40, 'WARN', true],
  [50, 'ERROR', true],
  [60, 'FATAL', true],
])('a JSON line of level %d reads %s; important: %s', (level, word, important) => {
  const line = readableLine('stdout', JSON.stringify({ level, msg: 'it happened', err: { message: 'because' } }));
  expect(line).toEqual({ text: `${word} it happened (because)`, important });
});

test.each([
  ['stdout', 'plain words', false],
  ['stderr', 'TypeError: no', true],
  ['stderr', '2026-01-01 [INFO] Worker state changed', false],
  ['stderr', '', false],
  ['stderr', '{ not json', true],
] as const)('a plain line on %s, "%s": important %s', (stream, text, important) => {
  expect(readableLine(stream, text)).toEqual({ text, important });
});
