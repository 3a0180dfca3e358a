import { reasonOf, wordsOfType } from '../failures.ts';
import { time } from '../time.ts';
import type { Chat } from './chat.ts';
import { nextDeadline, type Deadline } from './deadlines.ts';
import type { ChatSnapshot, Wait } from './messages.ts';
import { snapshot } from './views.ts';

/**
 * What Temporal UI shows as the chat's current details: where it stands, for an operator. Markdown, and part of an
 * address within Temporal UI: ids and states, nothing that people have written and no names.
 */
export function chatDetails(chat: Chat): string {
  const state = snapshot(chat);
  const next = nextDeadline(chat);
  const { startedAt, lastActivityAt } = chat.lifecycle.state;
  const lines = [
    `**${statusWords[state.status]}** · started ${time(startedAt)}`,
    ...(state.waits ?? []).flatMap(waitLines),
    '',
    `- Agents: ${state.agents.map(({ id }) => `\`${id}\``).join(', ') || 'none'}`,
    ...chat.agents.state.removed.map(
      ({ id, still }) => `- Taken off by an operator: \`${id}\`${still === undefined ? '' : ` (${still})`}`,
    ),
    `- Chat channel: ${state.channel ? `\`${state.channel.id}\`` : 'none yet'}`,
    `- Transcript: ${state.lastSeq} entries, ${state.publishedSeq} published, with Zoom up to ${state.deliveredSeq}`,
    `- Visitor messages that are not in the chat channel: ${state.waitingForZoom}`,
    `- Visitor: ${visitorWords(state.openSockets)}`,
    `- E-mail: ${mailWords(chat)}`,
    `- Last written: ${time(lastActivityAt)}`,
    `- Next by itself: ${next === undefined ? 'nothing' : `${deadlineWords[next.what]} ${time(next.at)}`}`,
  ];
  return lines.join('\n');
}

/** Why it waits. */
function waitLines({ what, since, why, tries, nextTryAt }: Wait): string[] {
  const { helps } = wordsOfType(why.type);
  return [
    '',
    `**Waits for ${what}** since ${time(since)}`,
    '',
    `- ${reasonOf(why.type, why.message)}`,
    `- Tried ${tries} times; again at ${time(nextTryAt)}, or at once by the update retryNow`,
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

const deadlineWords: Record<Deadline['what'], string> = {
  missed: 'counts as missed at',
  page: 'the card says where the visitor is at',
  readBack: 'the channel is read back for lost webhooks at',
  idle: 'ends for silence at',
  push: 'pushes to the visitor again at',
  remind: 'reminds the team at',
  slowJoin: 'says that somebody is joining at',
  close: 'is over for good, and its channel archived, at',
  askSlot: 'asks once more for its turn in the inbound channel at',
  giveUp: 'gives up what Zoom has not taken at',
};

function visitorWords(sockets: number): string {
  if (sockets === 0) return 'not connected';
  return sockets === 1 ? 'connected' : `connected at ${sockets} api instances`;
}

function mailWords({ mail, mailDueAt }: Chat): string {
  const { address, isStopped, isRefused, last, failures } = mail.state;
  if (isStopped) return 'the visitor wants none';
  if (isRefused) return 'the mail server refuses the visitor’s address';
  const before = last && `last ${time(last.at)}${last.isConfirmed ? '' : ', without an answer of the mail server'}`;
  const tries = failures === 0 ? '' : `, tried ${failures} times`;
  const next = mailDueAt === undefined ? undefined : `next ${time(mailDueAt)}${tries}`;
  const none = address === undefined ? 'no address' : 'nothing sent';
  return [before, next].filter((part) => part !== undefined).join('; ') || none;
}
