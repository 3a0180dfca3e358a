import { folded } from '../../domain/visitor.ts';
import type { ChatRecord, Member } from '../../store/index.ts';
import type { Found } from '../../web/server.tsx';
import type { ApiStore } from '../dependencies.ts';
import { queries, type TemporalUi } from './queries.ts';

/** Most results of each kind. */
const most = 20;

/**
 * What an operator knows somebody or something by, looked up: an id of any kind, the name of a visitor, an agent, an
 * account or a chat channel from any of its words on, an e-mail address. Names are in MongoDB only, so this leads from
 * them to ids, and from those to Temporal UI.
 */
export async function findForOperator(
  { store, ui }: { store: Pick<ApiStore, 'accounts' | 'members' | 'chats' | 'chatChannels'>; ui: TemporalUi },
  given: string,
): Promise<Found> {
  // A workflow's id, as it is copied from Temporal UI.
  const words = given.trim().replace(/^(chat|install|grant|account)\//, '');
  const [id = ''] = words.split('/');
  const [byId, channel, named, memberById, membersByName, accountById, accountsByName] = await Promise.all([
    store.chats.get(id),
    store.chatChannels.get(words),
    store.chats.named(words, most),
    store.members.get(id),
    store.members.named(words, most),
    store.accounts.get(id),
    store.accounts.named(words, most),
  ]);
  const ofChannel = channel ? await store.chats.get(channel.chatId) : null;
  const chats = distinct([byId, ofChannel, ...named]);
  const agents = new Map<string, string>();
  const isMeant = ({ name }: { name: string }) => ` ${folded(name)}`.includes(` ${folded(words)}`);
  for (const { id, name } of named.flatMap((chat) => chat.answeredBy).filter(isMeant)) agents.set(id, name);
  const members = distinct([memberById, ...membersByName]);
  for (const { _id, name } of members) agents.set(_id, name);
  return {
    words: given,
    chats: chats.map((chat) => foundChat(chat, ui)),
    people: [...agents].map(([zoomUserId, name]) => {
      const member = members.find(({ _id }) => _id === zoomUserId);
      return {
        zoomUserId,
        name,
        chats: ui.list(queries.agent(zoomUserId)),
        ...(member === undefined ? {} : memberLinks(member, ui)),
      };
    }),
    accounts: distinct([accountById, ...accountsByName]).map(({ _id, name }) => ({
      accountId: _id,
      name,
      everything: ui.list(queries.account(_id)),
      waiting: ui.list(queries.accountList('waiting', _id)),
      active: ui.list(queries.accountList('active', _id)),
    })),
    // An agent who has not added the app and is named by an id is known to Temporal alone.
    ...(/^[\w-]{8,64}$/.test(id) ? { asAgent: ui.list(queries.agent(id)) } : {}),
  };
}

function foundChat(chat: ChatRecord, ui: TemporalUi): Found['chats'][number] {
  return {
    chatId: chat._id,
    visitorName: chat.visitor.name,
    status: chat.status,
    startedAt: chat.createdAt.toISOString(),
    agents: chat.answeredBy.map(({ name }) => name),
    href: ui.chat(chat._id),
  };
}

function memberLinks({ _id, email, grantStatus }: Member, ui: TemporalUi) {
  return { email, grantStatus, install: ui.install(_id), grant: ui.grant(_id) };
}

function distinct<T extends { _id: string }>(records: readonly (T | null)[]): T[] {
  return [...new Map(records.flatMap((record) => (record ? [[record._id, record]] : []))).values()];
}
