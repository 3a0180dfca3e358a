import type { ServerFrame } from '../../domain/visitor-protocol.ts';
import { solveChallenge } from './challenge.ts';
import { createConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { pageDetails, visitorDetails } from './options.ts';
import type { WidgetOptions } from './options.ts';
import { reduce } from './session.ts';
import type { HelloDetails, Outside, SessionEvent } from './session.ts';
import { initialSession, unreadCount } from './state.ts';
import type { Session } from './state.ts';
import type { ChatStorage } from './storage.ts';

/** What the host page can listen to with `LiveChat.on`. */
export interface LiveChatEvents {
  open: null;
  close: null;
  /** A message that is new to this page, from either side. */
  message: { from: 'visitor' | 'team'; name?: string; text: string };
  /** The number of unread messages has changed. */
  unread: number;
  /** The chat has ended. */
  ended: null;
}

/** The widget's behaviour without its looks. */
export interface App {
  getState: () => Session;
  dispatch: (...event: SessionEvent) => void;
  submit: (text: string) => void;
  endChat: () => void;
  /** Leaves an e-mail address to be answered at. */
  giveEmail: (email: string) => void;
  /** Forgets the chat on this device, unsent messages too. */
  forget: () => void;
  /** Calls `listener` after every change of the state. */
  subscribe: (listener: () => void) => void;
  on: <Name extends keyof LiveChatEvents>(name: Name, listener: (detail: LiveChatEvents[Name]) => void) => () => void;
  hasChat: () => boolean;
}

/** What the app needs of the page it is on. */
export interface Surroundings extends Pick<ConnectionOptions, 'openSocket' | 'clock'> {
  page: Window;
  randomId: () => string;
}

/**
 * So long after the visitor has seen the end of a chat, and could go on with it, it is forgotten: the next one at this
 * device is a stranger.
 */
export const forgetAfterMs = 4 * 3_600_000;

/** A page that changes its address tells it so much later, ms: it has its new title then, and may change it again. */
const pageSettlesMs = 2_000;

/** Shorter patience for a connection of which the browser itself says that the network has gone. */
const offlinePongTimeoutMs = 3_000;

/** Ties session, connection and storage together and listens to the page's life. */
export function createApp(options: WidgetOptions, storage: ChatStorage, surroundings: Surroundings): App {
  const { clock, page } = surroundings;
  const { document } = page;
  const { token: old, doneAt } = storage.load();
  if (old !== null && doneAt && Date.now() - doneAt > forgetAfterMs) storage.forgetToken(old);
  const stored = storage.load();
  /** As the last welcome gave it, and as storage had it last. */
  let { visitorToken } = stored;
  let keptVisitorToken = visitorToken;
  /** The page as this connection was told it last, as JSON. */
  let toldPage: string | undefined;
  let settling = false;
  const events = new EventTarget();
  const listeners: (() => void)[] = [];
  let state = initialSession(stored);
  let lastAt = 0;

  const connection = createConnection({
    ...surroundings,
    heartbeatMs: options.heartbeatMs,
    pongTimeoutMs: options.heartbeatMs / 2,
    onOpen() {
      const visitorPage = currentPage();
      toldPage = JSON.stringify(visitorPage);
      dispatch('socketOpen', {
        widget: options.widget,
        visitor: visitorDetails(options, page, storage.load().visitorToken),
        page: visitorPage,
      });
    },
    onFrame(received) {
      // The server is ours and speaks the protocol.
      const frame = received as ServerFrame;
      if (frame.type === 'welcome') ({ visitorToken } = frame);
      if (frame.type === 'pong') tellPage();
      dispatch('frame', frame, storage.load().token, Date.now());
    },
    onDown: (code, failures) => dispatch('socketDown', code, failures),
  });

  const outside: Outside = {
    ...connection,
    ...storage,
    saveToken(token) {
      storage.saveToken(token);
      if (visitorToken !== null) storage.saveVisitor((keptVisitorToken = visitorToken));
    },
    // On a page without https it cannot be done, and the message waits.
    solve(token, bits) {
      solveChallenge(token, bits).then(
        (found) => dispatch('solved', token, found),
        () => undefined,
      );
    },
    // Browsers take longer times for none at all.
    later: (ms, event) => void clock.setTimeout(() => dispatch(...event), Math.min(ms, 2 ** 31 - 1)),
  };

  /** Where the visitor is. A page in a tab behind another one is not. */
  function currentPage(): HelloDetails['page'] {
    return document.visibilityState === 'visible'
      ? pageDetails(page.location.href, document.title, options.pageQuery)
      : undefined;
  }

  function tellPage(): void {
    const visitorPage = currentPage();
    const asTold = JSON.stringify(visitorPage);
    if (state.connection !== 'online' || !visitorPage || asTold === toldPage) return;
    toldPage = asTold;
    connection.send({ type: 'page', ...visitorPage });
  }

  function dispatch(...event: SessionEvent): void {
    const before = state;
    const after = (state = reduce(before, event));
    for (const [name, ...details] of after.effects) (outside[name] as (...details: unknown[]) => void)(...details);
    announce(before, after);
    listeners.forEach((listener) => listener());
  }

  function emit<Name extends keyof LiveChatEvents>(name: Name, detail?: LiveChatEvents[Name]): void {
    // By way of the browser's events, whose listeners cannot break the chat with their mistakes.
    events.dispatchEvent(new CustomEvent(name, { detail }));
  }

  function announce(before: Session, after: Session): void {
    if (before.open !== after.open) emit(after.open ? 'open' : 'close');
    const known = Math.max(before.lastSeq, after.historySeq ?? 0);
    for (const item of after.items) {
      if (item.seq <= known) continue;
      if (item.kind === 'visitorMessage') emit('message', { from: 'visitor', text: item.text });
      if (item.kind === 'agentMessage') emit('message', { from: 'team', name: item.name, text: item.text });
    }
    const unread = unreadCount(after);
    if (unread !== unreadCount(before)) emit('unread', unread);
    if (after.status === 'ended' && before.status !== 'ended') emit('ended');
  }

  const shown = (): void => {
    const visible = document.visibilityState === 'visible';
    dispatch('visible', visible);
    tellPage();
    if (visible) connection.poke();
  };
  document.addEventListener('visibilitychange', shown);
  // Also fired for a page that the browser had kept for "back", whose connection is gone by then.
  page.addEventListener('pageshow', shown);
  page.addEventListener('online', () => connection.poke());
  page.addEventListener('offline', () => connection.poke(offlinePongTimeoutMs));
  page.addEventListener('storage', () => {
    const { token, readSeq, visitorToken: kept } = storage.load();
    const isForgotten = keptVisitorToken !== null && kept === null;
    keptVisitorToken = kept;
    if (isForgotten) dispatch('forget');
    else dispatch('storage', token, readSeq);
  });
  // Where a browser does not say it, the next heartbeat finds it out.
  (page as { navigation?: EventTarget }).navigation?.addEventListener('currententrychange', () => {
    if (settling) return;
    settling = true;
    clock.setTimeout(() => {
      settling = false;
      tellPage();
    }, pageSettlesMs);
  });

  shown();
  const isDone = stored.doneAt > 0 && stored.doneAt <= Date.now();
  if ((stored.token !== null && !isDone) || stored.outbox.length) dispatch('start');

  return {
    getState: () => state,
    dispatch,
    submit(text) {
      // Strictly rising, so that stored messages keep their order through a reload.
      lastAt = Math.max(Date.now(), lastAt + 1);
      tellPage();
      dispatch('submit', surroundings.randomId(), text, lastAt, storage.load().token);
    },
    giveEmail: (email) => dispatch('email', surroundings.randomId(), email),
    endChat: () => dispatch('end', surroundings.randomId()),
    forget() {
      visitorToken = keptVisitorToken = null;
      storage.forgetVisitor();
      dispatch('forget');
    },
    subscribe: (listener) => void listeners.push(listener),
    on(name, listener) {
      const heard = (event: Event): void => listener((event as CustomEvent<never>).detail);
      events.addEventListener(name, heard);
      return () => events.removeEventListener(name, heard);
    },
    hasChat: () => state.savedToken !== null || state.outbox.length > 0,
  };
}
