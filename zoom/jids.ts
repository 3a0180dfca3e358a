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

/**
 * JID of a user from their id. Prefer the `jid` that Zoom itself gives; this form (lower case) is seen, not promised.
 */
export function userJid(userId: string): string {
  return `${userId.toLowerCase()}@${USER_DOMAIN}`;
}

/** Link that opens a channel in Zoom, as Zoom itself builds `channel_url`: base64 of `{"sid":"<JID>"}`. */
export function channelUrl(jid: string): string {
  return CHANNEL_LINK + Buffer.from(JSON.stringify({ sid: jid }), 'utf8').toString('base64');
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

/**
 * Whether one of these identities is a bot's, of whatever app: `v1` and an id. A user's JID has the user's id alone,
 * which is shorter.
 */
export function isAnyBot(identities: readonly (string | undefined)[]): boolean {
  return identities.some((identity) => identity !== undefined && /^v1[\w-]{21,}$/.test(localPart(identity)));
}

function localPart(jid: string): string {
  const whole = jid.replace(/^.*\/robot_/, '').replace(/^robot_/, '');
  return (whole.split('@')[0] ?? '').toLowerCase();
}
