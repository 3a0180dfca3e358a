import type { Attack } from '../attack.ts';
import { Line } from '../wire.ts';

/** Node looks at its times every 5 s: 15 s for a whole request, 10 s for its head, and a margin. */
const slowestMs = 25_000;

export const refusedSockets: Attack = {
  name: 'refused-sockets',
  title: 'use up the files of an api by upgrades that are refused, and never close',
  async run(target, seen) {
    const { inputs, apis } = target;
    const lines = await Promise.all(Array.from({ length: 60 }, () => Line.open(apis[0])));
    for (const line of lines) {
      const path = inputs.pick(['/', '/nothing', '/temporal/', `/${inputs.word()}`, '/visitor/', '/visitors']);
      line.write(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${inputs.bytes(16).toString('base64')}\r\n\r\n`,
      );
    }
    const ended = await Promise.all(lines.map((line) => line.endsWithin(10_000)));
    const letGo = await Promise.all(lines.map((line) => line.isLetGo()));
    for (const line of lines) line.drop();
    const kept = letGo.filter((isGone, n) => !(isGone && ended[n] === true)).length;
    seen.note(`${lines.length} refused upgrades whose clients never closed were let go`);
    seen.expect(kept === 0, `${kept} of ${lines.length} refused upgrades still hold their socket`);
  },
};

export const slowClients: Attack = {
  name: 'slow-clients',
  title: 'hold connections by requests that never end, and sockets that never say hello',
  async run(target, seen) {
    const { inputs, apis } = target;
    const kinds: Record<string, string> = {
      'saying nothing': '',
      'half a head': `GET /${inputs.word()} HTTP/1.1\r\nHost: localhost\r\nX-Slow: `,
      'half a body': 'POST /webhooks/zoom/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n{"event":',
      'half a chunk': 'POST /api/settings HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf',
    };
    const guest = target.guest();
    await guest.open();
    const tried = await Promise.all(
      Object.entries(kinds).flatMap(([kind, text]) =>
        Array.from({ length: 15 }, async () => {
          const line = await Line.open(apis[0]);
          line.write(text);
          const ended = await line.endsWithin(slowestMs);
          line.drop();
          return { input: kind, ok: ended, saw: `still open after ${slowestMs / 1_000} s` };
        }),
      ),
    );
    seen.expectAll('slow connections were closed', tried);
    const code = await guest.closes(1_000);
    seen.note(`a socket without a hello was closed by ${code ?? 'nobody'}`);
    seen.expect(code === 4408, `a socket without a hello was closed by ${code ?? 'nobody'}`);
  },
};

export const controlFrames: Attack = {
  name: 'control-frames',
  title: 'keep an api busy with WebSocket control frames, which are no messages',
  async run(target, seen) {
    const guest = target.guest();
    await guest.come();
    for (let n = 0; n < 5_000 && guest.isOpen; n += 1) guest.socket.pong(target.inputs.word(4));
    const code = await guest.closes(5_000);
    seen.note(`thousands of pongs: the socket was cut (${code ?? 'still open'})`);
    seen.expect(code !== undefined, 'a socket that sent 5,000 pongs is still open');
  },
};
