/** What the app writes into a chat channel. */
export type ChannelPost =
  /** First post: who this is about and how to answer. */
  | { kind: 'greeting'; agentName: string; page?: { url: string; title?: string } }
  /** What the visitor wrote: one or several messages, joined by line breaks. `lastSeq` is the last one's. */
  | {
      kind: 'visitorLines';
      text: string;
      lastSeq: number;
      /**
       * Where the messages end within `text`, if there are several. Some may be in the channel already, by an attempt that was
       * cut off: each post of such an attempt held one or several whole messages.
       */
      ends?: number[];
    }
  | { kind: 'closing'; by: EndedBy };

export type EndedBy = 'visitor' | 'agent' | 'idle' | 'operator' | 'system';

/** Words an agent can write to end a chat where there is no button to press. */
export const endCommand = '!end';

/** Why a chat ended, for the team. */
export const endedWords: Record<EndedBy, string> = {
  visitor: 'The visitor ended this chat.',
  agent: 'This chat has been ended.',
  idle: 'This chat ended because nobody has written for a long time.',
  operator: 'An operator ended this chat.',
  system: 'This chat has ended.',
};

/**
 * A post as plain text, for when it has to appear as a user's own message: the visitor's words carry the visitor's
 * name, since Zoom shows them under the user's.
 */
export function postText(visitorName: string, post: ChannelPost): string {
  switch (post.kind) {
    case 'greeting':
      return `Chat with ${visitorName}. What you write here is sent to the visitor; write ${endCommand} to end the chat.`;
    case 'visitorLines':
      return `${visitorName}: ${post.text}`;
    case 'closing':
      return endedWords[post.by];
  }
}
