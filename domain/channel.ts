/** A Zoom channel as we keep it: what names it to Zoom, to people, and opens it. */
export interface ChannelRef {
  id: string;
  jid: string;
  name: string;
  /** Opens the channel in Zoom. */
  url: string;
}

/** What is kept of a channel. */
export function channelRef({ id, jid, name, url }: ChannelRef): ChannelRef {
  return { id, jid, name, url };
}

/** A card that the bot has posted in a channel. */
export interface CardRef {
  messageId: string;
  channelId: string;
  channelJid: string;
}
