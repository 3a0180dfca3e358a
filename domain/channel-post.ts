import type { EndedBy } from './transcript.ts';

/** One post of ours into a chat channel: what Zoom takes as one message. */
export type ChannelPost =
  /** First post: who this is about and how to answer. */
  | { kind: 'greeting'; agentName: string; page?: { url: string; title?: string } }
  /**
   * What the visitor wrote: whole messages joined by line breaks, or one part of a message that is too long for one
   * post.
   */
  | { kind: 'visitorLines'; text: string; firstSeq: number; lastSeq: number; part?: { number: number; of: number } }
  /** Zoom refuses to show what the visitor wrote: the team is told that there is something. */
  | { kind: 'notShown'; firstSeq: number; lastSeq: number }
  | { kind: 'closing'; by: EndedBy };

/** Longest text of one post: below Zoom's 1,024 characters, with room for a visitor's name in front. */
export const postTextLength = 900;

/** Why a chat ended, for the team. */
export const endedWords: Record<EndedBy, string> = {
  visitor: 'The visitor ended this chat.',
  agent: 'This chat has been ended.',
  idle: 'This chat ended because nobody has written for a long time.',
  operator: 'An operator ended this chat.',
  system: 'This chat has ended.',
};

/**
 * What a post carries so that it is recognised in the channel's history: unique within the chat's channel, short,
 * since people see it. Zoom has no idempotency key, so this is how a repeat finds out that it was posted before.
 */
export function postMark(post: ChannelPost): string {
  switch (post.kind) {
    case 'greeting':
      return '#0';
    case 'visitorLines': {
      const range = post.firstSeq === post.lastSeq ? `#${post.firstSeq}` : `#${post.firstSeq}–${post.lastSeq}`;
      return post.part ? `${range} (${post.part.number}/${post.part.of})` : range;
    }
    case 'notShown':
      return `#${post.firstSeq}–${post.lastSeq} not shown`;
    case 'closing':
      return '#end';
  }
}

/**
 * A post as plain text, for when it has to appear as a user's own message: the visitor's words carry the visitor's
 * name, since Zoom shows them under the user's.
 */
export function postText(visitorName: string, post: ChannelPost, endCommand: string): string {
  switch (post.kind) {
    case 'greeting':
      return `Chat with ${visitorName}. What you write here is sent to the visitor; write ${endCommand} to end the chat.`;
    case 'visitorLines':
      return `${visitorName}: ${post.text}`;
    case 'notShown':
      return `${visitorName} wrote something that Zoom refuses to show here.`;
    case 'closing':
      return endedWords[post.by];
  }
}
