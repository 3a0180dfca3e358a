import type { TestProject } from 'vitest/node';
import { startBroker } from '../../tools/embedded/test-server-broker.ts';
import '../../tools/embedded/test-servers.ts';

/**
 * Offers the servers that test files share for the length of a run; each is started when a test first asks for it, and
 * all are stopped at the end, however the run ends.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await startBroker((line) => {
    console.log(line);
  });
  project.provide('testServers', broker.url);
  return () => broker.close();
}
