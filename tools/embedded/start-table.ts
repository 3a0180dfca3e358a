import type { Stack } from './supervisor.ts';

/**
 * What `npm start` prints when all is ready: addresses, what to do next, and how long it took.
 *
 * @param seconds time from start to ready
 * @param dataDir the data folder as the user would write it
 */
export function startTable(stack: Pick<Stack, 'urls' | 'env'>, seconds: number, dataDir: string): string {
  const { urls, env } = stack;
  const rows: [string, string, string][] = [];
  rows.push(['Live chat', urls.public, 'open it and press "Add to Zoom"']);
  if (urls.sandbox !== undefined) {
    rows.push(['Zoom sandbox', urls.sandbox, 'Team Chat, as any of several people']);
    rows.push(['Mailbox', `${urls.sandbox}/mailbox`, 'what visitors get by e-mail']);
  }
  if (urls.temporalUi !== undefined)
    rows.push(['Temporal UI', urls.temporalUi, 'every install and chat as a workflow; readable after the sign-in']);
  rows.push(['Operator', `${urls.public}/operator`, 'the sign-in, lists and search; password in secrets.json']);
  rows.push(['Temporal', urls.temporal, `namespace ${env['TEMPORAL_NAMESPACE'] ?? 'default'}`]);
  rows.push(['MongoDB', withoutPassword(urls.mongodb), '']);
  rows.push(['Metrics', urls.apiMetrics, 'of the api, for Prometheus']);
  rows.push(['', urls.workerMetrics, 'of the worker']);
  rows.push(['Data', dataDir, 'logs in logs/, passwords in secrets.json']);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map(([name, address, hint]) =>
    `  ${name.padEnd(widths[0] ?? 0)}  ${address.padEnd(widths[1] ?? 0)}  ${hint}`.trimEnd(),
  );
  const notice =
    urls.sandbox === undefined && urls.public === urls.app
      ? ['  Zoom cannot reach this address: set PUBLIC_URL to the https address that leads here.', '']
      : [];
  return ['', `Ready in ${seconds.toFixed(1)} s.`, '', ...lines, '', ...notice, '  Ctrl-C stops.', ''].join('\n');
}

/** A connection string can hold a password, which a terminal must not show. */
function withoutPassword(uri: string): string {
  return uri.replace(/^([a-z+]+:\/\/)[^@/]*@/, '$1***@');
}
