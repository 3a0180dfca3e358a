import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection, { type SMTPEnvelope } from 'nodemailer/lib/smtp-connection';
import type { MailFrom, SmtpServer } from '../config/smtp.ts';

/** One mail to one person. */
export interface OutgoingMail {
  /** Who it is from, where the configuration names nobody. */
  fromName: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The same for every try: a mail that comes twice is known by it. Without brackets and host. */
  messageId: string;
  /** The id that all mails about one thing name, so that they are shown together. */
  threadId: string;
  date: Date;
  /** Takes the reader off by a POST, without a question (RFC 8058). */
  unsubscribeUrl: string;
}

/**
 * Why a mail was not sent. `refused`: the server will not take it, ever. `notNow`: it did not take it this time.
 * `unknown`: the connection ended before the answer, so that it may have been sent.
 */
export type MailErrorKind = 'refused' | 'notNow' | 'unknown';

/** A mail that was not sent, for sure or perhaps. The message names no address, since servers repeat them. */
export class MailError extends Error {
  override name = 'MailError';
  readonly kind: MailErrorKind;

  constructor(kind: MailErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Gives mails to a mail server. */
export interface MailTransport {
  /**
   * Resolves once the server has taken the mail.
   * @throws {MailError}
   */
  send: (mail: OutgoingMail) => Promise<void>;
}

export interface MailTransportOptions {
  smtp: SmtpServer;
  from: MailFrom;
  /** How long one mail may take, ms. */
  timeoutMs?: number;
}

/** A mail server has so long for everything, ms; for its answer to the connection, and for each step. */
const defaultTimeoutMs = 40_000;
const greetingMs = 10_000;
const stepMs = 20_000;

/**
 * Mails over SMTP, each on a connection of its own: chats send few. By nodemailer's connection and not its transport,
 * which does not tell whether a connection ended before the message or after it.
 */
export function createMailTransport({ smtp, from, timeoutMs = defaultTimeoutMs }: MailTransportOptions): MailTransport {
  return {
    async send(mail) {
      const message = await messageOf(mail, from);
      const session = new Session(smtp, timeoutMs);
      try {
        await session.open();
        await session.send({ from: from.address, to: mail.to, size: message.length }, message);
      } finally {
        session.close();
      }
    },
  };
}

function messageOf(mail: OutgoingMail, from: MailFrom): Promise<Buffer> {
  const host = from.address.slice(from.address.lastIndexOf('@') + 1);
  const root = new MailComposer({
    from: { name: from.name ?? mail.fromName, address: from.address },
    to: { name: '', address: mail.to },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    messageId: `<${mail.messageId}@${host}>`,
    references: `<${mail.threadId}@${host}>`,
    date: mail.date,
    headers: {
      'List-Unsubscribe': { prepared: true, value: `<${mail.unsubscribeUrl}>` },
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      // No out-of-office note is to answer it.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  return root.build();
}

/** One connection to the mail server. */
class Session {
  readonly #smtp: SmtpServer;
  readonly #connection: SMTPConnection;
  /** Rejects when the connection ends, whatever is under way. */
  readonly #broken: Promise<never>;
  readonly #timer: NodeJS.Timeout;

  constructor(smtp: SmtpServer, timeoutMs: number) {
    const { host, port, secure, requireTls, ignoreTls } = smtp;
    this.#smtp = smtp;
    this.#connection = new SMTPConnection({
      host,
      port,
      secure,
      requireTLS: requireTls,
      ignoreTLS: ignoreTls,
      connectionTimeout: greetingMs,
      greetingTimeout: greetingMs,
      dnsTimeout: greetingMs,
      socketTimeout: stepMs,
    });
    const { promise, reject } = Promise.withResolvers<never>();
    this.#broken = promise;
    promise.catch(() => undefined);
    this.#connection.on('error', reject);
    this.#connection.on('end', () => reject(new Error('The connection ended.')));
    this.#timer = setTimeout(() => reject(new Error(`It took longer than ${timeoutMs} ms.`)), timeoutMs);
  }

  /** Connect and sign in. @throws {MailError} */
  async open(): Promise<void> {
    try {
      await this.#step((done) => this.#connection.connect(done));
      const { auth } = this.#smtp;
      if (auth) await this.#step((done) => this.#connection.login({ ...auth, credentials: auth }, done));
    } catch (error) {
      // Nothing of the mail has been said.
      throw new MailError('notNow', `The mail server cannot be used: ${reasonOf(error)}.`);
    }
  }

  /** @throws {MailError} */
  async send(envelope: SMTPEnvelope, message: Buffer): Promise<void> {
    try {
      await this.#step((done) => this.#connection.send(envelope, message, done));
    } catch (error) {
      throw sendError(error);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#connection.close();
  }

  async #step(take: (done: (error?: Error | null) => void) => void): Promise<void> {
    const step = new Promise<void>((resolve, reject) => {
      take((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    await Promise.race([step, this.#broken]);
  }
}

/** What the server, or nodemailer, says of a failure. */
interface Answer {
  code?: string;
  command?: string;
  responseCode?: number;
  response?: string;
}

function sendError(error: unknown): MailError {
  const { code, command, responseCode } = error as Answer;
  const reason = reasonOf(error);
  if (responseCode === undefined) {
    // Refused by nodemailer itself, before the server heard of it.
    if (code === 'EENVELOPE' || code === 'EMESSAGE')
      return new MailError('refused', `The mail cannot be sent: ${reason}.`);
    return new MailError('unknown', `The mail server gave no answer: ${reason}.`);
  }
  // Of the recipient or the mail. Where it is the sender or the session that is refused, somebody has to repair that.
  const isOfThisMail = command === 'RCPT TO' || command === 'DATA';
  if (responseCode >= 500 && responseCode !== 503 && isOfThisMail) {
    return new MailError('refused', `The mail server refuses the mail: ${reason}.`);
  }
  return new MailError('notNow', `The mail server does not take the mail now: ${reason}.`);
}

/** The codes of the server's answer; its words may name the recipient. */
function reasonOf(error: unknown): string {
  const { code, command, responseCode, response } = error as Answer;
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1];
  const parts = [code, command && `at ${command}`, responseCode, enhanced].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(' ') : error instanceof Error ? error.message : String(error);
}
