import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

let bundle: Promise<string> | undefined;

async function make(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('./client/main.tsx', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
  return result.outputFiles[0]?.text ?? '';
}

/** The script of the Team Chat page, bundled in memory once per process. */
export function clientBundle(): Promise<string> {
  bundle ??= make();
  return bundle;
}
