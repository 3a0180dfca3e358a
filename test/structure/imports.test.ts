import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const notOurs = ['node_modules', 'dist', 'coverage'];

/** Each source file of ours → the files of ours that it imports, for values or for types. */
async function importGraph(): Promise<Map<string, string[]>> {
  const folders = (await readdir('.', { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !notOurs.includes(entry.name))
    .map(({ name }) => name);
  const names = await Promise.all(
    folders.map(async (folder) => (await readdir(folder, { recursive: true })).map((name) => join(folder, name))),
  );
  const files = names
    .flat()
    .filter((name) => /\.(tsx?|mjs)$/.test(name) && !name.includes('node_modules'))
    .sort();
  const known = new Set(files);
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const { importedFiles } = ts.preProcessFile(await readFile(file, 'utf8'));
    const imports = importedFiles.map(({ fileName }) => normalize(join(dirname(file), fileName)));
    graph.set(
      file,
      imports.filter((target) => known.has(target)),
    );
  }
  return graph;
}

/** Circles of imports, each as its files in order. Empty when there are none; not every one when there are many. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const found: string[] = [];
  const visit = (file: string): void => {
    const begun = path.indexOf(file);
    if (begun !== -1) found.push([...path.slice(begun), file].join(' → '));
    if (begun !== -1 || done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

test('a circle of imports is found', () => {
  const graph = new Map([
    ['a', ['b', 'd']],
    ['b', ['c']],
    ['c', ['a']],
    ['d', []],
  ]);
  expect(circles(graph)).toEqual(['a → b → c → a']);
});

test('no file imports itself through others, types included', async () => {
  const graph = await importGraph();
  expect(graph.size).toBeGreaterThan(200);
  expect(circles(graph)).toEqual([]);
});
