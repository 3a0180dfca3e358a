import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { clientNames, manifestSchema, type ClientName, type Manifest, type StyleName } from './assets.ts';
import { bundleWidget } from './widget/bundle.ts';

const webDir = import.meta.dirname;
const assetsAddress = '/assets';

/** Scripts that must not be deferred, so they cannot be modules. */
const classicScripts: readonly ClientName[] = ['preview'];
const sources: Record<ClientName, string> = {
  onboarding: 'client/onboarding.tsx',
  dashboard: 'client/dashboard.tsx',
  settings: 'client/settings.tsx',
  'connection-check': 'client/connection-check.tsx',
  chat: 'client/chat.tsx',
  preview: 'client/preview.ts',
};
const styleSources: Record<StyleName, string> = { app: 'design/app.css', preview: 'pages/preview.css' };

export interface BuildWebOptions {
  /** Folder for `assets/`, `widget.js` and `manifest.json`. Earlier assets in it are removed. */
  outDir: string;
  minify?: boolean;
}

export interface BuiltWeb {
  manifest: Manifest;
  /** Size of the widget as browsers load it. */
  widgetGzipBytes: number;
}

/** Build everything that browsers load: the pages' scripts and styles under hashed names, and the widget. */
export async function buildWeb({ outDir, minify = true }: BuildWebOptions): Promise<BuiltWeb> {
  const assetsDir = path.join(outDir, 'assets');
  await rm(assetsDir, { recursive: true, force: true });
  await mkdir(assetsDir, { recursive: true });

  const common = {
    absWorkingDir: webDir,
    bundle: true,
    minify,
    outdir: assetsDir,
    entryNames: '[name]-[hash]',
    chunkNames: 'shared-[hash]',
    metafile: true,
    target: ['es2022', 'chrome107', 'firefox104', 'safari16'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'silent',
  } as const satisfies BuildOptions;
  const isClassic = (name: ClientName) => classicScripts.includes(name);
  const entries = (names: readonly ClientName[]) => Object.fromEntries(names.map((name) => [name, sources[name]]));

  const [modules, classics, styles, favicon, widget] = await Promise.all([
    build({
      ...common,
      entryPoints: entries(clientNames.filter((name) => !isClassic(name))),
      format: 'esm',
      splitting: true,
    }),
    build({ ...common, entryPoints: entries(clientNames.filter(isClassic)), format: 'iife' }),
    build({ ...common, entryPoints: styleSources }),
    copyHashed(path.join(webDir, 'design/favicon.svg'), assetsDir),
    bundleWidget({ minify }),
  ]);

  const scripts = [...addresses(modules.metafile, sources), ...addresses(classics.metafile, sources)];
  const styleAddresses = addresses(styles.metafile, styleSources).map(([name, { src }]) => [name, src]);
  const manifest = manifestSchema.parse({
    scripts: Object.fromEntries(scripts),
    styles: Object.fromEntries(styleAddresses) as unknown,
    favicon,
  });
  await writeFile(path.join(outDir, 'widget.js'), widget.code);
  // Last, so that a manifest never names files that are not there.
  await writeFile(path.join(outDir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return { manifest, widgetGzipBytes: widget.gzipBytes };
}

/** Where the output of each entry point is served, and the shared files that it imports. */
function addresses<Name extends string>(metafile: Metafile, entries: Record<Name, string>) {
  const names = new Map(Object.entries<string>(entries).map(([name, source]) => [source, name]));
  const served = (file: string) => `${assetsAddress}/${path.basename(file)}`;
  return Object.entries(metafile.outputs).flatMap(([file, { entryPoint, imports }]) => {
    const name = entryPoint === undefined ? undefined : names.get(entryPoint);
    if (name === undefined) return [];
    const shared = imports.filter(({ kind }) => kind === 'import-statement').map((used) => served(used.path));
    return [[name, { src: served(file), imports: shared }] as const];
  });
}

async function copyHashed(source: string, outDir: string): Promise<string> {
  const content = await readFile(source);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase();
  const { name, ext } = path.parse(source);
  const file = `${name}-${hash}${ext}`;
  await writeFile(path.join(outDir, file), content);
  return `${assetsAddress}/${file}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist/web' } } });
  const outDir = path.resolve(values.out);
  const start = performance.now();
  const { widgetGzipBytes } = await buildWeb({ outDir });
  const ms = Math.round(performance.now() - start);
  process.stdout.write(
    `Built the web pages into ${outDir} in ${ms} ms; the widget has ${widgetGzipBytes} bytes gzipped.\n`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
