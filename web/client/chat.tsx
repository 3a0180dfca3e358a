import { useEffect, useState } from 'preact/hooks';
import type { OpenedChat } from '../../domain/dashboard.ts';
import { ChatPage, type ChatPageProps } from '../pages/chat.tsx';
import { text } from '../text/index.ts';
import type { LiveChat } from '../widget/index.tsx';
import { browserStore, createChatStorage } from '../widget/storage.ts';
import { request, type Failure } from './http.ts';
import { takeOver } from './take-over.ts';

declare global {
  interface Window {
    /** The widget's, once it is ready. */
    LiveChat?: LiveChat;
  }
}

/** The widget that this tab has opened a chat of: after a reload it goes on with that. */
const widgetKey = 'chat-page:widget';
/** What this page keeps ends with the tab: the link may have been opened on somebody else's device. */
const tabStore = () => browserStore(() => sessionStorage);

/** How long after a failure that may pass it is tried again, ms. */
const tryAgainMs = 5_000;

const failure = (message: string): Failure => ({ kind: 'problem', message });

/** The fragment of the address, unless it is the name of a part of the page. */
const linkInAddress = () => /^#([\w-]{40,})$/.exec(location.hash)?.[1];

/** Has the chat of the link in the address put where the widget looks for it. @returns the widget's id */
async function openLink(): Promise<string | Failure> {
  const link = linkInAddress();
  if (link === undefined) {
    const widget = tabStore()[widgetKey];
    return typeof widget === 'string' ? widget : failure(text.chat.noLink);
  }
  const answer = await request<OpenedChat>('POST', '/api/chat-link', { link });
  if (!answer.ok) return answer.failure;
  const { widget, token } = answer.data;
  const store = tabStore();
  createChatStorage(store, widget).saveToken(token);
  store[widgetKey] = widget;
  if (tabStore()[widgetKey] !== widget) return failure(text.chat.noStorage);
  // Nobody who looks at the screen, or at the history, has the link by that.
  history.replaceState(null, '', location.pathname);
  return widget;
}

/** Loads the widget and opens it. */
function loadWidget(widget: string): Promise<void> {
  return new Promise((resolve, reject) => {
    document.addEventListener(
      'livechat:ready',
      () => {
        window.LiveChat?.open();
        resolve();
      },
      { once: true },
    );
    const script = document.createElement('script');
    Object.assign(script.dataset, { widget, storage: 'tab' });
    script.addEventListener('error', () => {
      script.remove();
      reject(new Error('The widget could not be loaded.'));
    });
    script.src = '/widget.js';
    document.head.append(script);
  });
}

type PageState = NonNullable<ChatPageProps['state']>;

async function open(): Promise<PageState> {
  const opened = await openLink();
  if (typeof opened !== 'string') return opened;
  return loadWidget(opened).then(
    () => 'open' as const,
    () => ({ kind: 'unreachable', message: text.common.unreachable }),
  );
}

function Page() {
  const [state, setState] = useState<PageState>('opening');
  useEffect(() => {
    const isAway = typeof state === 'object' && state.kind !== 'problem';
    if (state !== 'opening' && !isAway) return;
    const timer = setTimeout(() => void open().then(setState), isAway ? tryAgainMs : 0);
    return () => clearTimeout(timer);
  }, [state]);
  return <ChatPage state={state} onShow={() => window.LiveChat?.open()} />;
}

// Another link, opened in this tab.
window.addEventListener('hashchange', () => {
  if (linkInAddress() !== undefined) location.reload();
});
takeOver(<Page />);
