// A stand-in for the worker: writes its environment to ENV_FILE, and runs until SIGTERM.
import { appendFileSync, writeFileSync } from 'node:fs';

const note = (event) => {
  if (process.env.EVENTS !== undefined) appendFileSync(process.env.EVENTS, `worker ${event}\n`);
};
if (process.env.FAIL_AT_START === 'worker') {
  console.error('worker cannot start: the moon is full');
  process.exit(3);
}
if (process.env.ENV_FILE !== undefined) writeFileSync(process.env.ENV_FILE, JSON.stringify(process.env));
note('up');
process.on('SIGINT', () => note('SIGINT'));
process.on('SIGTERM', () => {
  note('down');
  process.exit(0);
});
setInterval(() => undefined, 1_000);
