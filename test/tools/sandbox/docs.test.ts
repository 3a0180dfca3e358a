import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { people } from '../../../tools/sandbox/seed.ts';
import { presets, switchesSchema } from '../../../tools/sandbox/switches.ts';

const page = readFileSync(new URL('../../../docs/sandbox.md', import.meta.url), 'utf8');
const [, section = ''] = page.split('\n## Switches\n');

interface Row {
  value: string | undefined;
  strict: string | undefined;
  isMilder: boolean;
}

/** What the table says of each switch; two that belong together share a row. */
function switchesOfDocs(): Map<string, Row> {
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return new Map(
    rows.flatMap((row) => {
      const [named = '', standard = '', strict = ''] = row.split(' | ');
      const codes = (cell: string) => [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);
      const values = codes(standard);
      return codes(named).map((name, at) => [
        name,
        { value: values[at] ?? values[0], strict: codes(strict)[0], isMilder: standard.includes('_milder_') },
      ]);
    }),
  );
}

it('lists the switches that there are, with their defaults, and those that the preset turns', () => {
  const strict: Record<string, string | string[] | number | boolean | null | undefined> = presets.strict;
  const wanted = Object.entries(switchesSchema.parse({})).map(([name, value]) => {
    const turned = strict[name];
    const row: Row = {
      value: String(value),
      strict: turned === undefined ? undefined : String(turned),
      isMilder: turned !== undefined,
    };
    return [name, row];
  });
  expect(Object.fromEntries(switchesOfDocs())).toEqual(Object.fromEntries(wanted));
});

it('lists the people that there are', () => {
  for (const { email, role, status } of people) {
    const [row = ''] = page.split('\n').filter((line) => line.startsWith('|') && line.includes(`\`${email}\``));
    expect(row).toContain(status === 'active' ? ` ${role} ` : ' deactivated ');
  }
});
