// Lets the Temporal SDK download a server into a folder. A process of its own: the download cannot be cancelled from
// within, but a process can be ended. The SDK downloads on start, so the server runs for a moment too.
//
// Usage: node temporal.mjs <cli|test-server> <version> <folder>
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [kind, version, downloadDir] = process.argv.slice(2);
const executable = { type: 'cached-download', version, downloadDir };
try {
  const environment =
    kind === 'cli'
      ? await TestWorkflowEnvironment.createLocal({ server: { executable, log: { format: 'pretty', level: 'error' } } })
      : await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  await environment.teardown();
} catch (error) {
  // The SDK repeats itself at length: the last part is the reason.
  const message = error instanceof Error ? error.message : String(error);
  console.error(`Error: ${message.split(': ').slice(-2).join(': ')}`);
  process.exit(1);
}
