import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SCOPE_NEEDS } from '../../zoom/scopes.ts';

/** The pages of the project, the README included. */
async function pages(): Promise<string[]> {
  const found = await readdir('docs', { recursive: true });
  return ['README.md', ...found.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
}

/** Cells of a table's rows, with plain quotes and single blanks. */
const cells = (text: string) =>
  text.split('\n').map((line) =>
    line
      .replaceAll('’', "'")
      .split('|')
      .map((cell) => cell.trim().replaceAll(/\s+/g, ' ')),
  );

describe('the pages', () => {
  test('link to files that are there', async () => {
    for (const page of await pages()) {
      const text = await readFile(page, 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        const [path = ''] = target.split('#');
        // Pictures are made from a running system, see docs/images.
        if (path === '' || /^[a-z]+:/.test(path) || path.endsWith('.png')) continue;
        await expect(access(join(dirname(page), path)), `${page} → ${target}`).resolves.toBeUndefined();
      }
    }
  });

  test('explain every scope of zoom/scopes.ts, in its words', async () => {
    const rows = cells(await readFile('docs/connect-zoom.md', 'utf8'));
    for (const need of SCOPE_NEEDS) {
      const [label, why] = [need.label, need.why].map((words) => words.replaceAll('’', "'"));
      const granular = need.granular.map((name) => `\`${name}\``).join(' ');
      const row = ['', label, `\`${need.classic}\``, granular, need.required ? 'yes' : 'no', why, ''];
      expect(rows).toContainEqual(row);
    }
    const summary = await readFile('README.md', 'utf8');
    for (const { classic } of SCOPE_NEEDS) expect(summary).toContain(`\`${classic}\``);
  });

  test('list every decision', async () => {
    const list = await readFile('docs/decisions/README.md', 'utf8');
    for (const file of await readdir('docs/decisions')) {
      if (file !== 'README.md') expect(list).toContain(`](${file})`);
    }
  });

  test('name every folder of the layout', async () => {
    const summary = await readFile('README.md', 'utf8');
    const layers = /const layers = \{\n([\s\S]*?)\n\};/.exec(await readFile('eslint.config.js', 'utf8'))?.[1] ?? '';
    const folders = [...layers.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1] ?? '');
    expect(folders.length).toBeGreaterThan(10);
    for (const folder of folders) expect(summary).toContain(`| \`${folder}/\``);
  });
});
