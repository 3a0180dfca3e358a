import type { InboundCardContent } from '../../domain/inbound-card.ts';
import type { ChatStanding } from '../../domain/transcript.ts';
import type { AboutVisitor } from '../../domain/visitor.ts';
import type { ChatParts } from './parts.ts';
import type { ChatSnapshot } from './messages.ts';

/** Where the chat stands, as its record says it. */
export function standing({ lifecycle, agents, outbox, waits, channel }: ChatParts): ChatStanding {
  const { status, endedAt } = lifecycle.state;
  const [wait] = waits.all;
  return {
    status,
    agents: [...agents.joined],
    ...(endedAt === undefined ? {} : { endedAt, deliveredSeq: outbox.state.deliveredSeq }),
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
  const { status, endedBy, waitingSince } = lifecycle.state;
  // The card need not flicker while the channel is being made.
  const beforeJoin = waitingSince === undefined ? 'missed' : 'waiting';
  return {
    number: card.state.number,
    visitorName: input.visitor.name,
    about: aboutVisitor(parts),
    words: card.state.words,
    status: status === 'joining' ? beforeJoin : status,
    agents: agents.joined.map(({ name }) => name),
    // With the agent who is in it, so that joining is one edit of the card.
    ...(channel.ref && channel.state.greeted && !channel.isGone ? { channelUrl: channel.ref.url } : {}),
    ...(endedBy === undefined ? {} : { endedBy }),
  };
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
