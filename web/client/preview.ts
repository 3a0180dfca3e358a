import type { LiveChat } from '../widget/index.tsx';

declare global {
  interface Window {
    /** The widget's, once it is ready. */
    LiveChat?: LiveChat;
  }
}

/** This script holds up the page, so its texts come with its own element instead of with the whole catalogue. */
const { sampleMessage, unavailable } = document.currentScript?.dataset ?? {};

// Loaded before the widget's script and not deferred, so that this event cannot be missed.
document.addEventListener(
  'livechat:ready',
  () => {
    const chat = window.LiveChat;
    if (chat === undefined) return;
    chat.open();
    // A reload goes on with the chat that is there.
    if (!chat.hasChat && sampleMessage !== undefined) chat.sendMessage(sampleMessage);
  },
  { once: true },
);

document.addEventListener('click', (event) => {
  if (event.target instanceof Element && event.target.closest('[data-open-chat]')) window.LiveChat?.open();
});

// Errors of a script element do not bubble, hence the capture.
document.addEventListener(
  'error',
  (event) => {
    if (!(event.target instanceof HTMLScriptElement) || event.target.dataset['widget'] === undefined) return;
    const show = () => {
      const trouble = document.getElementById('preview-trouble');
      if (trouble !== null) trouble.textContent = unavailable ?? '';
    };
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', show);
    else show();
  },
  true,
);
