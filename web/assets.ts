import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** Names of the scripts that run in pages: `web/client/<name>.ts(x)`. */
export const clientNames = ['onboarding', 'dashboard', 'settings', 'connection-check', 'chat', 'preview'] as const;
export type ClientName = (typeof clientNames)[number];

/** Style sheets: the product's own, and that of the sample website. */
export const styleNames = ['app', 'preview'] as const;
export type StyleName = (typeof styleNames)[number];

const address = z.string().startsWith('/assets/');

/** `manifest.json` of a build: where each file is under its hashed name. */
export const manifestSchema = z.object({
  scripts: z.record(z.enum(clientNames), z.object({ src: address, imports: z.array(address) })),
  styles: z.record(z.enum(styleNames), address),
  favicon: address,
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The built files of the pages, as addresses on this site. */
export type WebAssets = Manifest;

/**
 * Read the manifest of the built pages.
 * @param distDir the build's folder, e.g. `dist/web`.
 * @throws {Error} saying how to build when there is no build, or one of an older shape.
 */
export function loadWebAssets(distDir: string): WebAssets {
  const file = path.join(distDir, 'manifest.json');
  const parsed = existsSync(file) ? manifestSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  if (parsed?.success === true) return parsed.data;
  const fault = parsed === undefined ? 'are not built' : 'were built by another version';
  throw new Error(`The web pages ${fault} (${file}): run "npm run build:web".`);
}
