import { z } from 'zod';

/** The mail server that takes our mails. */
export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the start (smtps). */
  secure: boolean;
  /** Nothing is sent before STARTTLS. */
  requireTls: boolean;
  /** STARTTLS is not used even where it is offered. */
  ignoreTls: boolean;
  auth?: { user: string; pass: string };
}

/** Who our mails are from. */
export interface MailFrom {
  /** Absent: the team's name as visitors see it. */
  name?: string;
  address: string;
}

const form = 'must be smtp://user:password@host:587, or smtps:// for port 465';
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const switches = ['requireTLS', 'ignoreTLS'];

/** A mail server as `SMTP_URL` names it. No fault says what was given: there may be a password in it. */
export const smtpUrl = z.string().transform((value, context): SmtpServer => {
  const fault = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (!URL.canParse(value)) return fault(form);
  const { protocol, hostname, port, pathname, username, password, searchParams, hash } = new URL(value);
  const secure = protocol === 'smtps:';
  if ((!secure && protocol !== 'smtp:') || hostname === '' || !/^\/?$/.test(pathname) || hash !== '')
    return fault(form);
  if ((username === '') !== (password === '')) return fault('must have both a user and a password, or neither');
  for (const [name, on] of searchParams) {
    if (!switches.includes(name) || on !== 'true')
      return fault('must end in ?requireTLS=true, ?ignoreTLS=true or neither');
  }
  const [user, pass] = [decoded(username), decoded(password)];
  if (user === undefined || pass === undefined) return fault('must have a user and a password with % written as %25');
  const auth = username === '' ? undefined : { user, pass };
  const [requireTls, ignoreTls] = switches.map((name) => searchParams.has(name));
  // On another machine a password goes over TLS, or not at all.
  if (ignoreTls && (requireTls || (auth && !loopback.test(hostname)))) {
    return fault('must not have ?ignoreTLS=true with a password or with requireTLS');
  }
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTls: requireTls === true || (auth !== undefined && !secure && !loopback.test(hostname)),
    ignoreTls: ignoreTls === true,
    ...(auth ? { auth } : {}),
  };
});

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** An address, or a name and an address. */
export const mailFrom = z.string().transform((value, context): MailFrom => {
  const [, quoted, plain, inBrackets, bare] =
    /^(?:(?:"([^"\\\r\n]{1,80})"|([^"<>@\r\n]{0,80}?))\s*<([^<>\s]+)>|([^<>\s]+))$/.exec(value.trim()) ?? [];
  const address = z
    .email()
    .max(254)
    .safeParse(inBrackets ?? bare);
  if (!address.success) {
    context.addIssue({ code: 'custom', message: 'must be chat@example.com, or Live Chat <chat@example.com>' });
    return z.NEVER;
  }
  const name = (quoted ?? plain ?? '').trim();
  return { ...(name === '' ? {} : { name }), address: address.data };
});
