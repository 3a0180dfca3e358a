import { wordsOfType } from '../failures.ts';
import { time } from '../time.ts';
import type { ChatSnapshot } from './messages.ts';
import type { ChatOutlook } from './state.ts';
import type { Wait } from './waits.ts';

/** What Temporal UI shows as the chat's current details: where it stands, for an operator. Markdown, no visitor's words. */
export function chatDetails(chat: ChatSnapshot, outlook: ChatOutlook): string {
  const { waits = [] } = chat;
  const lines = [
    `**${statusWords[chat.status]}** · started ${time(outlook.startedAt)}`,
    ...waits.flatMap(waitLines),
    '',
    `- Agents: ${chat.agents.map((agent) => agent.name || agent.id).join(', ') || 'none'}`,
    ...outlook.takenOff.map(
      ({ id, name, still }) => `- Taken off by an operator: ${name || id}${still === undefined ? '' : ` (${still})`}`,
    ),
    `- Chat channel: ${chat.channel?.name ?? 'none yet'}`,
    `- Transcript: ${chat.lastSeq} entries, ${chat.recordedSeq} recorded, with Zoom up to ${chat.deliveredSeq}`,
    `- Visitor messages that Zoom has not taken: ${chat.waitingForZoom}`,
    `- Visitor: ${visitorWords(chat.openSockets)}`,
    `- Last written: ${time(outlook.lastActivityAt)}`,
    `- Next by itself: ${outlook.next === undefined ? 'nothing' : `${nextWords[outlook.next.what]} ${time(outlook.next.at)}`}`,
  ];
  return lines.join('\n');
}

/** Why it waits; nothing as long as the first tries go on. */
function waitLines({ what, since, why, nextTryAt }: Wait): string[] {
  if (why === undefined) return [];
  const { why: reason, helps } = wordsOfType(why.type);
  const next = nextTryAt === undefined ? 'under way, see Pending Activities' : time(nextTryAt);
  return [
    '',
    `**Waits for ${what}** since ${time(since)}`,
    '',
    `- ${reason} (${why.type}): ${why.message}`,
    `- Next try: ${next}; at once by the update retryNow`,
    `- What helps: ${helps}`,
    '',
    // Two lists in a row would be shown as one.
    '**The chat**',
  ];
}

const statusWords: Record<ChatSnapshot['status'], string> = {
  waiting: 'Waiting for an agent',
  missed: 'Missed: nobody joined in time, still joinable',
  joining: 'An agent is joining',
  active: 'In conversation',
  ended: 'Ended',
};

const nextWords: Record<NonNullable<ChatOutlook['next']>['what'], string> = {
  missed: 'counts as missed at',
  readBack: 'the channel is read back for lost webhooks at',
  idle: 'ends for silence at',
};

function visitorWords(sockets: number): string {
  if (sockets === 0) return 'not connected';
  return sockets === 1 ? 'connected' : `connected, ${sockets} tabs`;
}
