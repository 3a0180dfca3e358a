import type { JSX } from 'preact';
import { visitorMessageLength } from '../limits.ts';
import { Icon } from './icons.tsx';
import type { ViewProps } from './view-props.ts';

/** From here on the visitor sees how many characters are left. */
const counterFrom = 200;

/** Textbox and Send. Works in every state of the connection: what cannot go now is queued. */
export function Composer({ app, state, locale }: ViewProps): JSX.Element {
  const { texts, count } = locale;
  const text = state.draft.trim();
  const left = visitorMessageLength - text.length;
  const sendable = text && left >= 0;

  const send = (event: Event): void => {
    event.preventDefault();
    if (!sendable) return;
    app.submit(text);
    app.dispatch('draft', '');
  };

  return (
    <form class="composer" onSubmit={send}>
      <textarea
        rows={1}
        enterkeyhint="send"
        aria-label={texts.message}
        aria-describedby="counter"
        aria-invalid={left < 0}
        placeholder={state.status === 'ended' ? texts.placeholderEnded : texts.placeholder}
        value={state.draft}
        onInput={(event) => app.dispatch('draft', event.currentTarget.value)}
        onKeyDown={(event) => {
          // While an input method is open, Enter chooses a candidate; 229 is how some browsers say so.
          // eslint-disable-next-line @typescript-eslint/no-deprecated
          if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send(event);
        }}
      />
      <button class="send" aria-label={texts.send} aria-disabled={!sendable}>
        <Icon name="send" />
      </button>
      <div id="counter" class={`small ${left < 0 ? 'failed' : ''}`} role="status">
        {left < 0 ? count(texts.charactersOver, -left) : left < counterFrom && count(texts.charactersLeft, left)}
      </div>
    </form>
  );
}
