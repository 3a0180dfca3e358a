/**
 * `npm run soak`: one chat of 20,000 messages on a development server, with Zoom and MongoDB replaced by lists, and
 * what became of it.
 *
 *   npm run soak -- --messages 20000 --continue-after 1000
 *
 * Without `--continue-after` its runs change when Temporal suggests it. Fails when a message is missing, repeated or
 * out of order.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { devServer } from '../../test/workflows/harness.ts';
import { runLongChat, type LongChat } from '../../test/workflows/long-chat.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    'continue-after': { type: 'string' },
  },
});
const messages = Number(values.messages);
const continueAfter = values['continue-after'];

function faults({ written, arrived, fake }: LongChat): string[] {
  const seqs = fake.seen.recorded.map(({ seq }) => seq).sort((a, b) => a - b);
  return [
    ...(isDeepStrictEqual(arrived.visitor, written.visitor) ? [] : ['visitor → Zoom is not what was written']),
    ...(isDeepStrictEqual(arrived.agent, written.agent) ? [] : ['Zoom → visitor is not what was written']),
    ...(seqs.every((seq, n) => seq === n + 1) ? [] : ['the transcript has a gap or a repeat']),
  ];
}

function report(long: LongChat): void {
  const { runs, seconds, repeatsAcrossRuns, fake, arrived } = long;
  const events = runs.reduce((sum, run) => sum + run.events, 0);
  const handed = runs.flatMap(({ handedOver }) => (handedOver ? [handedOver.bytes] : []));
  const lines: [string, string][] = [
    ['messages, both ways', `${arrived.visitor.length + arrived.agent.length}`],
    ['until the last one was there', `${seconds} s (${Math.round(messages / seconds)}/s)`],
    ['runs', `${runs.length}, of at most ${Math.max(...runs.map((run) => run.events))} events`],
    ['events per message', (events / messages).toFixed(2)],
    ['handed over from run to run', `at most ${Math.max(0, ...handed)} B`],
    ['repeats recognised in a later run', `${repeatsAcrossRuns}`],
    ['posts into the chat channel', `${fake.seen.posts.length}`],
    ['tasks that began again at a change of runs', `${runs.reduce((sum, run) => sum + run.failedTasks, 0)}`],
  ];
  for (const [label, value] of lines) console.log(`${label.padEnd(38)}${value}`);
}

const env = await devServer();
try {
  const long = await runLongChat(env, {
    messages,
    ...(continueAfter === undefined ? {} : { continueAfterEvents: Number(continueAfter) }),
    report: (line) => console.log(line),
  });
  report(long);
  for (const fault of faults(long)) {
    console.error(`FAULT: ${fault}`);
    process.exitCode = 1;
  }
} finally {
  await env.teardown();
}
