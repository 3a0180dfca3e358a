import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { failureTypes } from '../../domain/failures.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { sections } from '../../tools/bench/sections.ts';
import { faultKinds } from '../../tools/chaos/options.ts';
import { noAnswer } from '../../workflows/failures.ts';
import * as chatMessages from '../../workflows/chat/messages.ts';
import * as grantMessages from '../../workflows/grant/messages.ts';
import * as installMessages from '../../workflows/install/messages.ts';
import { EVENT_NEEDS, OLDER_MESSAGE_EVENTS, SCOPE_NEEDS } from '../../zoom/scopes.ts';
import { readExample, variablesOf } from './environment.ts';

/** The pages of the project, the README included, with their texts. */
async function pages(): Promise<{ page: string; text: string }[]> {
  const found = await readdir('docs', { recursive: true });
  const names = ['README.md', ...found.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
  return Promise.all(names.map(async (page) => ({ page, text: await readFile(page, 'utf8') })));
}

/** Cells of a table's rows, with plain quotes and single blanks. */
const cells = (text: string) =>
  text.split('\n').map((row) =>
    row
      .replaceAll('’', "'")
      .split('|')
      .map((cell) => cell.trim().replaceAll(/\s+/g, ' ')),
  );

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages', () => {
  test('link to files and headings that are there', async () => {
    for (const { page, text } of await pages()) {
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        const [path = '', anchor] = target.split('#');
        // Pictures are made from a running system, see docs/images.
        if (/^[a-z]+:/.test(path) || path.endsWith('.png')) continue;
        const file = path === '' ? page : join(dirname(page), path);
        await expect(access(file), `${page} → ${target}`).resolves.toBeUndefined();
        if (anchor !== undefined)
          expect(anchors(await readFile(file, 'utf8')), `${page} → ${target}`).toContain(anchor);
      }
    }
  });

  test('name source files that are there', async () => {
    for (const { page, text } of await pages()) {
      for (const [, path = ''] of text.matchAll(/`([a-z][\w.-]*(?:\/[\w.-]+)+(?:\/|\.(?:ts|tsx|mjs|cjs|yml|sh)))`/g)) {
        if (path.startsWith('dist/')) continue;
        await expect(access(path), `${page} names ${path}`).resolves.toBeUndefined();
      }
    }
  });

  test('explain every scope of zoom/scopes.ts, in its words', async () => {
    const rows = cells(await readFile('docs/connect-zoom.md', 'utf8'));
    for (const need of SCOPE_NEEDS) {
      const [label, why, without] = [need.label, need.why, need.without].map((words) => words.replaceAll('’', "'"));
      const granular = need.granular.map((name) => `\`${name}\``).join(' ');
      const row = ['', label, `\`${need.classic}\``, granular, need.required ? 'yes' : 'no', why, without, ''];
      expect(rows).toContainEqual(row);
    }
    // Every scope of a table is in the list, too.
    const named = rows.flatMap((row) => (row.length === 8 ? [...(row[3] ?? '').matchAll(/`([\w:]+)`/g)] : []));
    expect(named.map((match) => match[1])).toEqual(SCOPE_NEEDS.flatMap((need) => need.granular));
    const summary = await readFile('README.md', 'utf8');
    for (const { classic } of SCOPE_NEEDS) expect(summary).toContain(`\`${classic}\``);
  });

  test('name every event with its scopes, and no other', async () => {
    const rows = cells(await readFile('docs/connect-zoom.md', 'utf8'));
    const code = (name?: string) => (name === undefined ? '–' : `\`${name}\``);
    const needs = [...EVENT_NEEDS, ...OLDER_MESSAGE_EVENTS];
    for (const { event, classic, granular, required, why } of needs) {
      expect(rows).toContainEqual(['', code(event), code(classic), code(granular), required ? 'yes' : 'no', why, '']);
    }
    const named = rows.flatMap(([, first = '']) => /^`([a-z_]+\.[a-z_]+|app_deauthorized)`$/.exec(first)?.[1] ?? []);
    expect(named).toEqual(needs.map(({ event }) => event));
  });

  test('list every decision', async () => {
    const list = await readFile('docs/decisions/README.md', 'utf8');
    for (const file of await readdir('docs/decisions')) {
      if (file !== 'README.md') expect(list).toContain(`](${file})`);
    }
  });

  test('say of every library what it is for', async () => {
    const manifest = z
      .object({ dependencies: z.record(z.string(), z.string()), devDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile('package.json', 'utf8')));
    const page = await readFile('docs/decisions/0001-libraries.md', 'utf8');
    const [taken = ''] = page.split('not taken');
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
      if (name.startsWith('@types/')) continue;
      const words = name.startsWith('@temporalio/') ? '@temporalio/' : name.replace('@opentelemetry/', '');
      expect(taken, name).toContain(words);
    }
  });

  test('name every folder of the layout', async () => {
    const summary = await readFile('README.md', 'utf8');
    const layers = /const layers = \{\n([\s\S]*?)\n\};/.exec(await readFile('eslint.config.js', 'utf8'))?.[1] ?? '';
    const folders = [...layers.matchAll(/^ {2}'?([\w/]+)'?: \{/gm)].map((match) => match[1] ?? '');
    expect(folders.length).toBeGreaterThan(10);
    for (const folder of folders) expect(summary).toContain(`| \`${folder}/\``);
  });

  test('name every setting of the programs in the README, and none that there is not', async () => {
    const summary = await readFile('README.md', 'utf8');
    const section = /## Configuration\n([\s\S]*?)\n## /.exec(summary)?.[1] ?? '';
    const named = [...section.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name = '']) => name);
    const known = (await readExample()).map(({ name }) => name);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
    expect((await variablesOf('config/env.ts')).filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  test('has a row for every update that an operator can send', async () => {
    const sent = cells(await readFile('docs/operations.md', 'utf8')).map(([, , update]) => update);
    const definitions = Object.values({ ...chatMessages, ...installMessages, ...grantMessages });
    const updates = definitions.flatMap((one) =>
      typeof one === 'object' && one.type === 'update' && one.name !== grantMessages.renewTokensUpdate.name
        ? [one.name]
        : [],
    );
    expect(updates.length).toBeGreaterThan(3);
    for (const name of updates) expect(sent).toContain(`\`${name}\``);
  });

  test('says for everything that a chat can wait for what helps', async () => {
    const rows = cells(await readFile('docs/operations.md', 'utf8')).map(([, first]) => first);
    for (const type of [...Object.values(failureTypes), noAnswer]) expect(rows).toContain(`\`${type}\``);
  });

  test('has every search attribute', async () => {
    const rows = cells(await readFile('docs/operations.md', 'utf8')).map(([, first]) => first);
    for (const { name } of Object.values(searchAttributes)) expect(rows).toContain(`\`${name}\``);
  });
});

describe('what the load runs do', () => {
  test('is in docs/promise.md: every fault of the chaos run', async () => {
    const rows = cells(await readFile('docs/promise.md', 'utf8')).map(([, first]) => first);
    for (const kind of faultKinds) expect(rows).toContain(`\`${kind}\``);
  });

  test('is in docs/performance.md: every section of the benchmark', async () => {
    const rows = cells(await readFile('docs/performance.md', 'utf8')).map(([, first]) => first);
    for (const { name } of sections) expect(rows).toContain(`\`${name}\``);
  });
});
