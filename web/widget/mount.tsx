import { render } from 'preact';
import { readAccent } from './accent.ts';
import type { App } from './app.ts';
import { keepFocus, trapFocus } from './focus.ts';
import type { WidgetOptions } from './options.ts';
import { createLocale } from './text.ts';
import { Root } from './view/root.tsx';
import css from './view/widget.css';

/** As in widget.css: here the panel covers the page. */
const fullScreen = '(max-width: 480px), (max-height: 440px)';
/** Nearer to its end than this, the conversation follows new messages. */
const nearEndPx = 80;

/** Puts the widget on the page, inside a shadow tree whose styles and the page's do not meet. */
export function mount(app: App, options: WidgetOptions): void {
  const host = document.createElement('live-chat-widget');
  const shadow = host.attachShadow({ mode: 'open' });
  const container = document.createElement('div');
  addStyles(shadow);
  shadow.append(container);
  document.body.append(host);

  const setProperty = (name: string, value: string): void => container.style.setProperty(name, value);
  const accent = readAccent(options.accent, document.createElement('canvas').getContext('2d'));
  if (accent) {
    setProperty('--chosen-accent', accent[0]);
    setProperty('--chosen-on-accent', accent[1]);
  }

  const locale = createLocale([options.lang, document.documentElement.lang, navigator.language]);
  const covering = matchMedia(fullScreen);
  let shown = app.getState();

  function show(): void {
    const state = app.getState();
    const { position } = options;
    const ownMessage = state.outbox.length > shown.outbox.length;
    followEnd(shadow, ownMessage, () =>
      keepFocus(shadow, shown, state, () =>
        render(<Root {...{ app, state, locale, position, covers: covering.matches }} />, container),
      ),
    );
    shown = state;
  }

  app.subscribe(show);
  covering.addEventListener('change', show);
  for (const type of ['keydown', 'keypress', 'keyup']) {
    // A page's shortcuts must not fire on what is typed here: seen from outside it goes into no field at all.
    shadow.addEventListener(type, (event) => event.stopPropagation());
  }
  container.addEventListener('keydown', (event) => {
    const { open, confirming } = app.getState();
    if (!open) return;
    if (event.key === 'Tab' && covering.matches) trapFocus(shadow, event);
    if (event.key !== 'Escape' || event.isComposing) return;
    if (confirming) app.dispatch('confirm', false);
    else app.dispatch('close');
  });
  const { visualViewport: area } = window;
  const followArea = (): void => {
    // Zoomed in by the visitor's fingers: following would shrink the panel under them.
    if (!area || area.scale > 1.01) return;
    followEnd(shadow, false, () => {
      // A phone's keyboard covers part of the page without making it smaller. Used where the panel fills the screen.
      setProperty('--visible-height', `${area.height}px`);
      setProperty('--visible-top', `${area.offsetTop}px`);
    });
  };
  area?.addEventListener('resize', followArea);
  area?.addEventListener('scroll', followArea);
  followArea();
  show();
}

/** A constructed style sheet needs no permission from the page's content security policy; a style element may. */
function addStyles(shadow: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
  } catch {
    const style = document.createElement('style');
    style.textContent = css;
    shadow.append(style);
  }
}

/**
 * Renders, and keeps the end of the conversation in view unless the visitor has scrolled back to read. What the
 * visitor has just written is always brought into view.
 */
function followEnd(shadow: ShadowRoot, always: boolean, render: () => void): void {
  const log = shadow.querySelector('.log');
  const follow = always || !log || log.scrollHeight - log.scrollTop - log.clientHeight < nearEndPx;
  render();
  const textbox = shadow.querySelector('textarea');
  if (textbox) {
    // Up to the height at which the style sheet lets it scroll; the border is no part of the scroll height.
    textbox.style.height = 'auto';
    textbox.style.height = `${textbox.scrollHeight + 2}px`;
  }
  if (follow) shadow.querySelector('.log')?.scrollTo(0, 1e9);
}
