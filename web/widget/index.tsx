import { createApp } from './app.ts';
import type { App } from './app.ts';
import { mount } from './mount.tsx';
import { readOptions } from './options.ts';
import { browserStore, createChatStorage } from './storage.ts';

/** What the host page can use as `window.LiveChat` from the event `livechat:ready` on. */
export interface LiveChat {
  open: () => void;
  close: () => void;
  /** Sends as if the visitor had typed it; opens nothing. */
  sendMessage: (text: string) => void;
  /** Listens to an event; the function returned stops listening. */
  on: App['on'];
  /** Forgets the chat on this device, as when the visitor signs out; the chat itself does not end. */
  forget: () => void;
  /** Whether this browser has a chat with the team, or messages waiting for one. */
  readonly hasChat: boolean;
}

function start(script: HTMLScriptElement): void {
  const options = readOptions(script.src, script.dataset);
  // A second copy of the script must not make a second widget.
  if (!options || 'LiveChat' in window) return;
  const store = browserStore(() => (options.forTab ? sessionStorage : localStorage));
  const app = createApp(options, createChatStorage(store, options.widget), {
    openSocket: () => new WebSocket(options.socketUrl),
    clock: {
      now: () => performance.now(),
      setTimeout: (fn, ms) => window.setTimeout(fn, ms),
      clearTimeout: (timer) => clearTimeout(timer),
      random: Math.random,
    },
    page: window,
    // Not `crypto.randomUUID`, which pages without https do not have.
    randomId: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
  });
  mount(app, options);

  const api: LiveChat = {
    open: () => app.dispatch('open'),
    close: () => app.dispatch('close'),
    sendMessage: app.submit,
    on: app.on,
    forget: app.forget,
    get hasChat() {
      return app.hasChat();
    },
  };
  Object.assign(window, { LiveChat: api });
  document.dispatchEvent(new CustomEvent('livechat:ready'));
}

// Known only while the script runs for the first time, hence read at once.
const script = document.currentScript ?? document.querySelector('script[data-widget][src]');
if (script instanceof HTMLScriptElement) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => start(script));
  else start(script);
}
