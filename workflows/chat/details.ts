import type { ChatSnapshot } from './messages.ts';

/** What Temporal UI shows as the chat's current details: where it stands, for an operator. Markdown, no one's words. */
export function chatDetails(chat: ChatSnapshot, startedAt: number): string {
  const agents = chat.agents.map((agent) => agent.name || agent.id).join(', ');
  return [
    `**${statusWords[chat.status]}** · started ${new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `- Agents: ${agents || 'none yet'}`,
    `- Chat channel: ${chat.channel?.name ?? 'none yet'}`,
    `- Timeline: ${chat.lastSeq} entries, ${chat.recordedSeq} recorded`,
    `- Waiting for Zoom: ${chat.waitingForZoom}`,
    `- Visitor: ${chat.openSockets > 0 ? 'connected' : 'not connected'}`,
  ].join('\n');
}

const statusWords: Record<ChatSnapshot['status'], string> = {
  waiting: 'Waiting for an agent',
  missed: 'Missed: nobody joined in time, still joinable',
  joining: 'An agent is joining',
  active: 'In conversation',
  ended: 'Ended',
};
