import { ChatChecks, unavoidableCopies } from './chat-checks.ts';
import { compare, emptyCheck, type Check } from './compare.ts';
import { chatsOf, endedUnseen, type ChatFacts, type Facts } from './facts.ts';
import { checkGrants } from './grant-log.ts';
import { refusedWord, words } from './words.ts';

/** Compares all sides. */
export function check(facts: Facts): Check[] {
  const chats = chatsOf(facts);
  const lateEffects = [...facts.lateEffects];
  const perChat = new ChatChecks(facts.deliveries, lateEffects);
  for (const chat of chats) perChat.add(chat);
  return [
    ...perChat.all,
    checkCards(chats, facts, lateEffects),
    checkWorkflows(facts),
    checkChannels(chats, facts),
    checkGrants(facts.grants),
  ];
}

/** Every chat has one workflow that goes on, or has come to its end; nothing in it waits. */
function checkWorkflows({ visitors, evidence }: Facts): Check {
  const result = emptyCheck('workflows');
  const chats = evidence.workflows.filter(({ id }) => id.startsWith('chat/'));
  compare(result, {
    where: 'chats',
    order: visitors.map(({ number }) => words.visitorName(number)),
    seen: evidence.chats.map(({ visitor }) => visitor.name),
    anyOrder: true,
  });
  compare(result, {
    where: 'workflows',
    order: evidence.chats.map(({ _id: chatId }) => `chat/${chatId}`),
    seen: chats.map(({ id }) => id),
    anyOrder: true,
  });
  const endedChats = new Set(
    evidence.chats.flatMap(({ _id: chatId, visitor }) =>
      visitors.some(({ number, ended }) => ended && words.visitorName(number) === visitor.name)
        ? [`chat/${chatId}`]
        : [],
    ),
  );
  for (const { id, status, pending, tries, stuckTask, chat, silent } of evidence.workflows) {
    const faults = [
      ...(status === 'RUNNING' || status === 'COMPLETED' ? [] : [`is ${status}`]),
      ...(endedChats.has(id) && status === 'RUNNING' ? ['has ended for its visitor and still runs'] : []),
      ...(id.startsWith('chat/') && !endedChats.has(id) && status === 'COMPLETED'
        ? ['is over, unknown to its visitor']
        : []),
      ...(stuckTask ? ['has a workflow task that cannot go on'] : []),
      ...(silent === undefined ? [] : [`does not say where it stands: ${silent}`]),
      ...(pending > 0 ? [`still has ${pending} activities under way (try ${tries})`] : []),
      ...(chat?.waits ?? []).map(({ what, why }) => `waits for ${what}: ${why.type} ${why.message}`),
      ...(chat && chat.waitingForZoom > 0 ? [`has ${chat.waitingForZoom} messages waiting for Zoom`] : []),
      ...(chat && chat.publishedSeq !== chat.lastSeq ? [`published ${chat.publishedSeq} of ${chat.lastSeq}`] : []),
    ];
    result.wrong += faults.length;
    result.examples.push(...faults.map((fault) => `${id} ${fault}`));
  }
  return result;
}

/** On a card whose words Zoom does not show, since one of them is what it refuses. */
const unshownWords = 'Zoom refuses to show here what the visitor wrote';

/**
 * Every chat has one card for the agents, which shows its first words. It may have another one for each channel that
 * it has lost, and for each card that went with a deleted inbound channel. It has none if its visitor ended it before.
 */
function checkCards(chats: readonly ChatFacts[], { deleted }: Facts, lateEffects: number[]): Check {
  const result = emptyCheck('inbound cards');
  const gone = new Set(deleted.flatMap(({ messages }) => messages.map(({ id }) => id)));
  for (const chat of chats) {
    const { visitor, name: where, cards, lost } = chat;
    if (endedUnseen(chat)) {
      result.unavoidable += 1;
      continue;
    }
    const more = lost.length + cards.filter(({ id }) => gone.has(id)).length;
    const unavoidable = unavoidableCopies(cards, lateEffects).size > 0 ? 1 : 0;
    const surplus = Math.max(0, cards.length - 1 - more - unavoidable);
    const first = words.visitor(visitor.number, 1);
    const mayBeUnshown = visitor.said.some(({ text }) => text.includes(refusedWord));
    const isThere = cards.some((card) => {
      const content = JSON.stringify(card.content);
      return content.includes(first) || (mayBeUnshown && content.includes(unshownWords));
    });
    compare(result, { where, order: [`card of ${first}`], seen: isThere ? [`card of ${first}`] : [] });
    result.duplicated += surplus;
    result.unavoidable += unavoidable;
    if (surplus > 0) result.examples.push(`${where}: card of ${first} is there ${cards.length} times`);
  }
  return result;
}

/** Every chat has one channel, unless it has ended and lost it; and no channel is without its chat. */
function checkChannels(chats: readonly ChatFacts[], facts: Facts): Check {
  const result = emptyCheck('chat channels');
  const lost = new Set(chats.flatMap((chat) => chat.lost.map(({ channelId }) => channelId)));
  const made = facts.evidence.zoom.channels.filter(
    ({ id }) => !facts.ownChannels.has(id) && !facts.inbound.has(id) && !lost.has(id),
  );
  const holders = new Map(facts.evidence.chats.map((chat) => [chat.channel?.id, chat.visitor.name]));
  const needNone = chats.filter(({ visitor, lost }) => visitor.endsEarly || (visitor.ended && lost.length > 0));
  const names = chats.map(({ name }) => name);
  const spared = new Set(needNone.map(({ name }) => name));
  compare(result, {
    where: 'channels',
    order: names,
    required: new Set(names.filter((name) => !spared.has(name))),
    // An orphan is made for a chat that does not know it.
    seen: made.map(({ id, name }) => holders.get(id) ?? `${name} (no chat holds it)`),
    anyOrder: true,
  });
  return result;
}
