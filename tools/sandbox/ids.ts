import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';

/** A user, account or app id: 22 characters of base64url. The same seed gives the same id. */
export function stableId(seed: string): string {
  return createHash('sha256').update(seed).digest('base64url').slice(0, 22);
}

/** A new random id of 22 characters. */
export function newId(): string {
  return randomBytes(17).toString('base64url').slice(0, 22);
}

/** A channel id: 32 hexadecimal digits. */
export function newChannelId(): string {
  return randomBytes(16).toString('hex');
}

/** A channel id that is the same after each reset. */
export function stableChannelId(seed: string): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, 32);
}

/** A message id as user posts have it. */
export function newMessageId(): string {
  return randomUUID();
}

/** A message id as chatbot posts have it: upper case. */
export function newBotMessageId(): string {
  return randomUUID().toUpperCase();
}

/** `{channelId}@conference.xmpp.zoom.us` */
export function channelJid(channelId: string): string {
  return `${channelId}@conference.xmpp.zoom.us`;
}

/** `{userId in lower case}@xmpp.zoom.us` */
export function userJid(userId: string): string {
  return `${userId.toLowerCase()}@xmpp.zoom.us`;
}

/** The part of a JID before the `@`. */
export function localPart(jid: string): string {
  return jid.split('@', 1)[0] ?? jid;
}

/** A random token that looks like a JWT, as Zoom's do; nobody is meant to read it. */
export function newToken(kind: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = part({ sv: '000002', alg: 'HS512', v: '2.0', kid: randomUUID() });
  const body = part({ ver: 10, auid: newId(), type: kind, jti: randomUUID() });
  const signature = createHmac('sha512', randomBytes(16)).update(`${head}.${body}`).digest('base64url');
  return `${head}.${body}.${signature}`;
}
