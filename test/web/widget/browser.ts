import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

/** CHROMIUM_PATH, or the first Chromium or Chrome on PATH. */
export function findChromium(): string | null {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const onPath = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .flatMap((folder) => names.map((name) => path.join(folder, name)));
  return [process.env['CHROMIUM_PATH'] ?? '', ...onPath].find((file) => file !== '' && existsSync(file)) ?? null;
}

/** Starts the browser without anything that it would do on its own. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds wrong on the page, shadow trees included. */
export async function axeViolations(page: Page): Promise<string[]> {
  // An opening panel is translucent for a moment, and has no contrast to speak of yet.
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState === 'finished'));
  await page.evaluate(() =>
    Promise.all(
      document
        .querySelector('live-chat-widget')
        ?.shadowRoot?.getAnimations()
        .map((a) => a.finished) ?? [],
    ),
  );
  if (!(await page.evaluate(() => 'axe' in window))) await page.addScriptTag({ path: axePath });
  return page.evaluate(async () => {
    interface Axe {
      run(): Promise<{
        violations: { id: string; help: string; nodes: { target: unknown; failureSummary?: string }[] }[];
      }>;
    }
    const { violations } = await (window as unknown as { axe: Axe }).axe.run();
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map((node) => `${JSON.stringify(node.target)} ${node.failureSummary}`).join('; ')}`,
    );
  });
}
