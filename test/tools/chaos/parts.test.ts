import { describe, expect, test } from 'vitest';
import { compare, emptyCheck, holds, type Expectation } from '../../../tools/chaos/compare.ts';
import {
  commandOf,
  defaultOptions,
  faultKinds,
  readOptions,
  UsageError,
  worldFaultKinds,
} from '../../../tools/chaos/options.ts';
import { plan } from '../../../tools/chaos/plan.ts';
import { table } from '../../../tools/chaos/table.ts';

const compared = (expectation: Omit<Expectation, 'where'>) => {
  const check = emptyCheck('check');
  compare(check, { where: 'here', ...expectation });
  return check;
};

describe('the comparison', () => {
  test('finds nothing where nothing is wrong', () => {
    const check = compared({ order: ['a', 'b', 'c'], seen: ['a', 'b', 'c'] });
    expect(check).toMatchObject({ expected: 3, seen: 3 });
    expect(holds(check)).toBe(true);
  });

  test.each([
    ['lost', ['a', 'c'], { lost: 1, seen: 2 }],
    ['duplicated', ['a', 'b', 'b', 'c'], { duplicated: 1, seen: 3 }],
    ['out of order', ['b', 'a', 'c'], { outOfOrder: 1, duplicated: 0 }],
    ['of another chat', ['a', 'b', 'x', 'c'], { wrong: 1, seen: 3 }],
  ])('finds what is %s', (_what, seen, found) => {
    const check = compared({ order: ['a', 'b', 'c'], seen });
    expect(check).toMatchObject(found);
    expect(holds(check)).toBe(false);
    expect(check.examples).toHaveLength(1);
  });

  test('takes what was never accepted as it comes, but not twice', () => {
    const required = new Set(['a', 'c']);
    expect(holds(compared({ order: ['a', 'b', 'c'], required, seen: ['a', 'c'] }))).toBe(true);
    expect(holds(compared({ order: ['a', 'b', 'c'], required, seen: ['a', 'b', 'c'] }))).toBe(true);
    expect(compared({ order: ['a', 'b', 'c'], required, seen: ['a', 'b', 'b', 'c'] }).duplicated).toBe(1);
  });

  test('lets a message be overtaken only where that is explained', () => {
    const mayOvertake = (_later: string, earlier: string) => earlier === 'a';
    expect(compared({ order: ['a', 'b', 'c'], seen: ['b', 'c', 'a'], mayOvertake })).toMatchObject({
      reordered: 1,
      outOfOrder: 0,
    });
    expect(compared({ order: ['a', 'b', 'c'], seen: ['c', 'a', 'b'], mayOvertake })).toMatchObject({
      reordered: 1,
      outOfOrder: 1,
    });
  });

  test('counts a repeat as unavoidable only where that is proven', () => {
    let proofs = 1;
    const check = compared({ order: ['a'], seen: ['a', 'a', 'a'], isUnavoidable: () => proofs-- > 0 });
    expect(check).toMatchObject({ unavoidable: 1, duplicated: 1 });
  });
});

describe('the plan', () => {
  const options = { ...defaultOptions, seed: 42, faults: faultKinds };

  test('is the same for the same seed and another for another', () => {
    expect(plan(options)).toEqual(plan(options));
    expect(plan({ ...options, seed: 43 })).not.toEqual(plan(options));
  });

  test('has every kind of fault and every kill in it, within the time', () => {
    const { happenings, chats } = plan({ ...options, seconds: 20 });
    const faults = new Set(happenings.flatMap((happening) => ('fault' in happening ? [happening.fault] : [])));
    expect([...faults].sort()).toEqual([...faultKinds].sort());
    const killed = new Set(happenings.flatMap((happening) => (happening.do === 'kill' ? happening.targets : [])));
    expect([...killed].sort()).toEqual([...options.kill].sort());
    for (const { at } of happenings) expect(at).toBeLessThan(20_000);
    const usual = plan({ ...options, seconds: 300, chats: 30 }).happenings;
    const changes = usual.flatMap((happening) => (happening.do === 'change' ? [happening.fault] : []));
    for (const kind of worldFaultKinds) expect(changes.filter((one) => one === kind).length, kind).toBe(2);
    expect(chats).toHaveLength(options.chats);
    for (const { visitorSays } of chats) expect(visitorSays.length).toBeGreaterThan(0);
  });
});

describe('the options', () => {
  test('have defaults, and a new seed for each run', () => {
    const { seed, ...others } = readOptions([]);
    expect(others).toEqual(defaultOptions);
    const seeds = Array.from({ length: 5 }, () => readOptions([]).seed);
    expect(new Set([seed, ...seeds]).size).toBeGreaterThan(1);
  });

  test('name the command that does the same run again', () => {
    const options = readOptions(['--faults', 'cut,app-removed', '--chats', '3']);
    const command = commandOf(options);
    expect(readOptions(command.split(' -- ')[1]?.split(' ') ?? [])).toEqual(options);
  });

  test('are read', () => {
    const args = ['--seconds', '5', '--kill', 'api,worker', '--faults', 'none', '--seed', '9', '--pace', '0.5'];
    expect(readOptions(args)).toMatchObject({ seconds: 5, kill: ['api', 'worker'], faults: [], seed: 9, pace: 0.5 });
  });

  test.each([[['--kill', 'sandbox']], [['--seconds', 'many']], [['--what']]])('refuse %j in words', (args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });
});

test('a table has its columns below each other', () => {
  expect(
    table([
      ['check', 'lost'],
      ['visitor → Zoom', 0],
    ]),
  ).toBe('check           lost\nvisitor → Zoom     0');
});
