import { fileURLToPath } from 'node:url';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import type { Plugin } from 'esbuild';

/** The bundle with Preact and styles stays under this, in bytes after gzip. A test holds it. */
export const maxGzipBytes = 18_000;

export interface WidgetBundle {
  code: string;
  gzipBytes: number;
}

const inThisFolder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const minifiedCss: Plugin = {
  name: 'minified-css-text',
  setup(builder) {
    builder.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), {
        loader: 'css',
        minify: true,
        target: 'es2022',
      });
      // The one space that the minifier leaves: custom properties keep theirs by the letter of the standard.
      return { contents: code.replace(/(--[\w-]+): /g, '$1:'), loader: 'text' };
    });
  },
};

/** Builds the visitor widget as one script that runs in any page. */
export async function bundleWidget({ minify }: { minify: boolean }): Promise<WidgetBundle> {
  const result = await build({
    entryPoints: [inThisFolder('index.tsx')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify,
    // The classic transform makes smaller code than the automatic one that type checking and tests use.
    jsxFactory: 'h',
    inject: [inThisFolder('jsx.ts')],
    tsconfigRaw: { compilerOptions: { jsx: 'react' } },
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    banner: { js: '/*! Live chat widget. Includes Preact (MIT). */' },
    plugins: [minifiedCss],
  });
  const code = result.outputFiles[0]?.text ?? '';
  return { code, gzipBytes: gzipSync(code, { level: 9 }).length };
}
