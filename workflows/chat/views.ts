import type { ChannelHead } from '../../domain/channel-post.ts';
import type { InboundCardContent } from '../../domain/inbound-card.ts';
import type { ChatStanding } from '../../domain/transcript.ts';
import type { AboutVisitor } from '../../domain/visitor.ts';
import type { ChatParts } from './parts.ts';
import type { ChatSnapshot } from './messages.ts';

/** Where the chat stands, as its record says it. */
export function standing({ lifecycle, agents, outbox, waits, channel }: ChatParts): ChatStanding {
  const { status, waitingSince, endedAt, reopenUntil } = lifecycle.state;
  const [wait] = waits.all;
  return {
    status,
    agents: [...agents.joined],
    answeredBy: [...agents.answered],
    waitingSince: waitingSince ?? null,
    reopenUntil: reopenUntil ?? null,
    endedAt: endedAt ?? null,
    ...(endedAt === undefined ? {} : { deliveredSeq: outbox.state.deliveredSeq }),
    waitsFor: wait?.why.type ?? null,
    isFull: outbox.isFull,
    channelIsGone: channel.isGone,
  };
}

/** What the card in the inbound channel, and the first one in the chat channel, say of the visitor. */
export function aboutVisitor({ input, lifecycle, card, earlier }: ChatParts): AboutVisitor {
  const { name: _name, id: _id, email, ...said } = input.visitor;
  const page = card.page ?? input.page;
  return {
    ...said,
    ...(email === undefined ? {} : { email: { address: email, origin: 'asTyped' } }),
    startedAt: lifecycle.state.startedAt,
    ...(page === undefined ? {} : { page }),
    ...(earlier === undefined ? {} : { earlier }),
  };
}

/** What the card in the inbound channel should say. */
export function cardContent(parts: ChatParts): InboundCardContent {
  const { input, lifecycle, agents, card, channel } = parts;
  const { status, endedBy } = lifecycle.state;
  return {
    number: card.state.number,
    visitorName: input.visitor.name,
    about: aboutVisitor(parts),
    words: card.state.words,
    // The card need not flicker while the channel is being made.
    status: status === 'joining' ? lifecycle.statusBeforeJoin : status,
    agents: agents.joined.map(({ name }) => name),
    wereIn: agents.answered.filter(({ id }) => !agents.has(id)).map(({ name }) => name),
    joining: agents.joiningSlowly,
    // With the agent who is in it, so that joining is one edit of the card.
    ...(channel.ref && channel.state.greeted && !channel.isGone ? { channelUrl: channel.ref.url } : {}),
    ...(endedBy === undefined ? {} : { endedBy }),
  };
}

/** Where the chat stands, as the first card in its channel says it. */
export function channelHead({ lifecycle, agents }: ChatParts): ChannelHead {
  const { endedBy } = lifecycle.state;
  return { agents: agents.joined.map(({ name }) => name), ...(endedBy === undefined ? {} : { endedBy }) };
}

/** All that the first card says of what may change, to compare. */
export function headOf(chat: ChatParts): string {
  return shownHead(chat, channelHead(chat));
}

/** The same for a card that says something else of where the chat stands. */
export function shownHead(chat: ChatParts, head: ChannelHead): string {
  return JSON.stringify({ ...head, about: aboutVisitor(chat) });
}

/** What the visitor has written does not get through to the team just now. */
export function isInTrouble({ outbox, card, waits }: ChatParts): boolean {
  const { deliveredSeq, waiting } = outbox.state;
  const lastSeq = waiting.at(-1)?.seq ?? 0;
  const isUnread = lastSeq > Math.max(deliveredSeq, card.ref ? card.state.coversSeq : 0);
  return isUnread && (waits.state.waits.card ?? waits.state.waits.channel) !== undefined;
}

/** Where the chat stands, for operators and tests. */
export function snapshot({
  input,
  lifecycle,
  transcript,
  outbox,
  presence,
  agents,
  channel,
  waits,
}: ChatParts): ChatSnapshot {
  const { lastSeq, publishedSeq } = transcript.state;
  const { ref } = channel;
  return {
    chatId: input.chatId,
    accountId: input.accountId,
    status: lifecycle.status,
    agents: [...agents.joined],
    ...(ref === undefined ? {} : { channel: { id: ref.id, name: ref.name } }),
    lastSeq,
    publishedSeq,
    deliveredSeq: outbox.state.deliveredSeq,
    waitingForZoom: outbox.state.waiting.length,
    openSockets: presence.state.connections.length,
    ...(waits.all.length === 0 ? {} : { waits: waits.all }),
  };
}
