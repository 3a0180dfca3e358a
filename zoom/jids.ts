/**
 * Zoom Team Chat's addresses (JIDs) and the links made from them.
 * Sources: developers.zoom.us/docs/api/team-chat/ (channel `jid` and `channel_url`) and /docs/api/chatbot/events/.
 */

const USER_DOMAIN = 'xmpp.zoom.us';
const CHANNEL_DOMAIN = 'conference.xmpp.zoom.us';
const CHANNEL_LINK = 'https://zoom.us/launch/chat/v2/';

/** JID of a channel from its id. */
export function channelJid(channelId: string): string {
  return `${channelId}@${CHANNEL_DOMAIN}`;
}

/** JID of a user from his id. Prefer the `jid` that Zoom itself gives; this form (lower case) is seen, not promised. */
export function userJid(userId: string): string {
  return `${userId.toLowerCase()}@${USER_DOMAIN}`;
}

/** Address of the one-to-one chat between a user and the bot, as `toJid` of the bot's events has it. */
export function botDmJid(userJid: string, botJid: string): string {
  return `${userJid}/robot_${botJid}`;
}

/** Id of the channel that a JID names; undefined for a user's or a bot's JID. */
export function channelIdFromJid(jid: string): string | undefined {
  const [local, domain] = split(jid);
  return local !== '' && domain.startsWith('conference.') ? local : undefined;
}

/**
 * Link that opens a channel in Zoom, as Zoom itself builds `channel_url`: base64 of `{"sid":"<JID>"}`.
 *
 * @param base replaced for a Zoom other than zoom.us, such as a simulator.
 */
export function channelUrl(jid: string, base = CHANNEL_LINK): string {
  return base + Buffer.from(JSON.stringify({ sid: jid }), 'utf8').toString('base64');
}

/**
 * Whether any of the given ids is the bot. Events show the bot's JID with its domain, without it, or as a resource of a
 * one-to-one chat (`…/robot_<jid>`), and in any case.
 *
 * @param identities operator id, member id, JID or e-mail of whoever acted; undefined and empty ones are passed over.
 */
export function isBot(identities: readonly (string | undefined)[], botJid: string): boolean {
  const bot = localPart(botJid);
  return bot !== '' && identities.some((identity) => identity !== undefined && localPart(identity) === bot);
}

function localPart(jid: string): string {
  const [local] = split(jid.replace(/^.*\/robot_/, '').replace(/^robot_/, ''));
  return local.toLowerCase();
}

function split(jid: string): [local: string, domain: string] {
  const at = jid.indexOf('@');
  return at < 0 ? [jid, ''] : [jid.slice(0, at), jid.slice(at + 1)];
}
