import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** `npm test` prints the line itself, as the very last thing, and asks for it in this file. */
export const summaryFileVariable = 'LIVE_CHAT_SUMMARY_FILE';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Ends a run with one line for people and scripts: `N passed, N failed`, and `, N skipped` if there are any. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') failedTests += 1;
        else counts.skipped += 1;
      }
      // A file that cannot be loaded, or a hook that fails, has no failed test to count but is a failure.
      counts.failed += failedTests === 0 && module.state() === 'failed' ? 1 : failedTests;
    }
    const line = summaryLine(counts);
    const file = process.env[summaryFileVariable];
    if (file === undefined) console.log(line);
    else writeFileSync(file, line);
  }
}

export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}
