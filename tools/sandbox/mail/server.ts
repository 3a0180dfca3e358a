import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { newId } from '../ids.ts';
import type { Mail } from '../state.ts';
import type { World } from '../world.ts';

/** Largest mail, bytes. */
const largest = 1_000_000;
/** Mails that are kept; older ones go. */
const mostKept = 200;

/** A mail server that is up. */
export interface RunningMailServer {
  port: number;
  close(): Promise<void>;
}

/** An answer that refuses, as real mail servers word it. */
function refusal(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode });
}

/**
 * A real SMTP server on loopback that takes every mail into the sandbox's mailbox and passes none on.
 * @throws when the port is taken
 */
export async function startMailServer(world: World, port: number): Promise<RunningMailServer> {
  const take = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> => {
    const raw = await buffer(stream);
    if (stream.sizeExceeded) throw refusal(552, '5.3.4 The mail is too large.');
    const to = session.envelope.rcptTo.map(({ address }) => address);
    const faults = world.faults.forMail('data', to.join(' '));
    for (const { effect, delay_ms: ms } of faults) if (effect === 'delay') await delay(ms);
    await keep(world, raw, session);
    if (!faults.some(({ effect }) => effect === 'drop')) return;
    for (const connection of server.connections) if (connection.id === session.id) connection._socket.destroy();
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    size: largest,
    closeTimeout: 300,
    onRcptTo({ address }, _session, answer) {
      const [fault] = world.faults.forMail('recipient', address);
      if (fault?.effect === 'refuse')
        answer(refusal(550, `5.1.1 <${address}>: Recipient address rejected: User unknown`));
      else if (fault?.effect === 'defer') answer(refusal(451, `4.7.1 <${address}>: Please try again later`));
      else answer();
    },
    onData(stream, session, answer) {
      take(stream, session).then(() => answer(null, 'OK: taken into the mailbox'), answer);
    },
  });
  // What clients do to their connections is no error of the sandbox.
  server.on('error', () => undefined);
  const listening = once(server.server, 'listening');
  const failed = once(server.server, 'error').then(([error]) => Promise.reject(error as Error));
  server.listen(port, '127.0.0.1');
  await Promise.race([listening, failed]);
  failed.catch(() => undefined);
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function keep(world: World, raw: Buffer, { envelope }: SMTPServerSession): Promise<void> {
  const parsed = await simpleParser(raw, { skipTextToHtml: true });
  const { mailFrom, rcptTo } = envelope;
  const mail: Mail = {
    id: newId(),
    receivedAt: world.clock.now(),
    envelopeFrom: mailFrom === false ? '' : mailFrom.address,
    envelopeTo: rcptTo.map(({ address }) => address),
    from: parsed.from?.text ?? '',
    to: [parsed.to ?? []]
      .flat()
      .map(({ text }) => text)
      .join(', '),
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html === false ? '' : (parsed.html ?? ''),
    headers: parsed.headerLines.map(({ key, line }) => ({
      name: key,
      // Unfolded.
      value: line
        .slice(line.indexOf(':') + 1)
        .replace(/\r?\n(?=\s)/g, '')
        .trim(),
    })),
  };
  const { mails } = world.store;
  mails.put(mail);
  for (const old of mails.all().slice(0, -mostKept)) mails.delete(old.id);
  // What the server says it has taken is on disk.
  world.store.commit();
  world.feed.publish('mail.received', mail.receivedAt, { id: mail.id });
}
