// A stand-in for sandbox and api: answers /healthz, /readyz and /env, logs a line of each kind, ends on SIGTERM.
import { createServer } from 'node:http';
import { appendFileSync } from 'node:fs';

const [name] = process.argv.slice(2);
if (process.env.FAIL_AT_START === name) {
  console.error(`${name} cannot start: the moon is full`);
  process.exit(3);
}
const port = Number(name === 'sandbox' ? process.env.SANDBOX_PORT : process.env.PORT);
const note = (event) => {
  if (process.env.EVENTS !== undefined) appendFileSync(process.env.EVENTS, `${name} ${event}\n`);
};
const log = (level, msg) => console.log(JSON.stringify({ level, time: Date.now(), name, msg }));

const server = createServer((request, response) => {
  if (request.url === '/env') response.end(JSON.stringify(process.env));
  else if (request.url === '/warn') {
    log(40, 'something is odd');
    response.end();
  } else if (request.url === '/healthz' || request.url === '/readyz') response.end('ok');
  else response.writeHead(404).end();
});
server.listen(port, () => {
  log(30, `listening on ${port}`);
  note('up');
});
// A terminal's Ctrl-C must not reach it: that would be noted.
process.on('SIGINT', () => note('SIGINT'));
process.on('SIGTERM', () => {
  if (process.env.IGNORE_TERM === name) return;
  note('down');
  process.exit(0);
});
