import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { attempt, line, type Attack } from '../../../tools/attack/attack.ts';
import { attacks } from '../../../tools/attack/attacks.ts';
import { Inputs } from '../../../tools/attack/inputs.ts';
import { readOptions, UsageError } from '../../../tools/attack/options.ts';
import type { Target } from '../../../tools/attack/target.ts';

const names = attacks.map(({ name }) => name);
const target = { signal: new AbortController().signal } as Target;

test('docs/security.md has every attack in its tables, and no other', async () => {
  const rows = (await readFile('docs/security.md', 'utf8')).split('\n').filter((row) => row.startsWith('|'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[3] ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => name),
  );
  expect(new Set(named)).toEqual(new Set(names));
  expect(new Set(names).size).toBe(names.length);
});

test('an attack holds only if nothing was wrong; one that breaks off is not tried, and no success', async () => {
  const outcome = async (run: Attack['run']) => attempt({ name: 'x', title: '', run }, target);
  const held = await outcome(async (_target, seen) => {
    seen.expect(true, 'wrong');
    seen.note('as it should be');
  });
  expect(held).toMatchObject({ verdict: 'held', saw: 'as it should be' });
  const wrong = await outcome(async (_target, seen) => {
    seen.expectAll('were refused', [{ input: 'a\u202eb', ok: false, saw: '200' }]);
    throw new Error('and then it broke');
  });
  expect(wrong).toMatchObject({ verdict: 'did not hold', saw: 'were refused: a\\u{202e}b → 200; and then it broke' });
  expect(line(wrong)).toMatch(/^DID NOT HOLD {2}x /);
  const broken = await outcome(async () => {
    throw new Error('no answer');
  });
  expect(broken).toMatchObject({ verdict: 'not tried', saw: 'no answer' });
});

test('a seed gives an attack the same inputs whichever others are tried, and another seed others', () => {
  const of = (seed: number, attack: string) => {
    const inputs = Inputs.of(seed, attack);
    return [inputs.word(), inputs.ipv4(), inputs.ipv6(inputs.ipv6Network())].join();
  };
  expect(of(1, 'a')).toBe(of(1, 'a'));
  expect(new Set([of(1, 'a'), of(2, 'a'), of(1, 'b')]).size).toBe(3);
});

test('options that are wrong are told', () => {
  expect(readOptions(['--seed', '7', '--only', 'paths, copied'], names)).toMatchObject({
    seed: 7,
    only: ['paths', 'copied'],
  });
  for (const args of [
    ['--only', 'nothing'],
    ['--seed', '-1'],
    ['--seed', 'x'],
    ['--target', 'elsewhere'],
  ]) {
    expect(() => readOptions(args, names)).toThrow(UsageError);
  }
});
