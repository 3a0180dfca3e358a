import type { Outgoing, StoredChat } from './state.ts';

/** `localStorage`, or an object that stands in for it. */
export type KeyValueStore = Record<string, unknown>;

/**
 * What one widget keeps in the browser. Every unsent message has a key of its own, so that tabs never overwrite
 * each other's.
 */
export interface ChatStorage {
  load: () => StoredChat;
  saveToken: (token: string) => void;
  /** What the browser is recognised by when its next chat begins. It outlives the chat's token. */
  saveVisitor: (token: string) => void;
  forgetVisitor: () => void;
  /** Removes the token, and what belongs to its chat, unless another tab has put its own there. */
  forgetToken: (token: string) => void;
  saveMessage: (message: Outgoing) => void;
  dropMessages: (ids: readonly string[]) => void;
  /**
   * `done`: the chat has ended and the visitor has seen it, so later pages need not connect for it, once it cannot be
   * gone on with.
   */
  saveRead: (seq: number, done: boolean, reopenUntil: number) => void;
}

/** The browser's storage if it can be written, else memory: then the chat lasts as long as the page. */
export function browserStore(open: () => Storage): KeyValueStore {
  try {
    const store = open();
    store.setItem('livechat', '');
    store.removeItem('livechat');
    return store;
  } catch {
    return {};
  }
}

/** The storage of the widget `widgetId`. */
export function createChatStorage(store: KeyValueStore, widgetId: string): ChatStorage {
  const prefix = `livechat:${widgetId}:`;
  const messagePrefix = `${prefix}message:`;

  const get = (name: string): unknown => store[prefix + name];
  const remove = (name: string): boolean => Reflect.deleteProperty(store, prefix + name);
  function set(name: string, value: string): void {
    try {
      store[prefix + name] = value;
    } catch {
      // Full: the message is still in memory and on its way.
    }
  }
  const text = (name: string): string | null => (get(name) as string | undefined) ?? null;
  const token = (): string | null => text('token');

  return {
    load: () => ({
      token: token(),
      visitorToken: text('visitor'),
      readSeq: Number(get('read')) || 0,
      doneAt: Number(get('done')) || 0,
      outbox: Object.keys(store)
        .filter((key) => key.startsWith(messagePrefix))
        .flatMap((key) => parseMessage(key.slice(messagePrefix.length), store[key]))
        .sort((a, b) => a.at - b.at),
    }),
    saveToken: (value) => set('token', value),
    saveVisitor: (value) => set('visitor', value),
    forgetVisitor: () => void remove('visitor'),
    forgetToken(value) {
      if (token() === value) ['token', 'read', 'done'].forEach(remove);
    },
    saveMessage: ({ id, text, at }) => set(`message:${id}`, JSON.stringify({ text, at })),
    dropMessages: (ids) => ids.forEach((id) => remove(`message:${id}`)),
    saveRead(seq, done, reopenUntil) {
      set('read', `${seq}`);
      if (done) set('done', `${Math.max(Date.now(), reopenUntil)}`);
      else remove('done');
    },
  };
}

function parseMessage(id: string, json: unknown): StoredChat['outbox'] {
  try {
    const { text, at } = JSON.parse(String(json)) as { text?: unknown; at?: unknown };
    return typeof text === 'string' && typeof at === 'number' ? [{ id, text, at }] : [];
  } catch {
    return [];
  }
}
