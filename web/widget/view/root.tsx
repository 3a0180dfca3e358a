import type { JSX } from 'preact';
import { unreadCount } from '../state.ts';
import { Icon } from './icons.tsx';
import { Panel } from './panel.tsx';
import type { ViewProps } from './view-props.ts';

/** The launcher and, when open, the panel. */
export function Root(props: ViewProps): JSX.Element {
  const { app, state, locale, position, covers } = props;
  const { texts, count } = locale;
  const { open, outbox } = state;
  const unread = open ? 0 : unreadCount(state);
  const failure = outbox.find(({ reason }) => reason)?.reason;
  return (
    <section class={`root ${position}`} aria-label={texts.widget} lang={texts.lang} dir={texts.dir}>
      {!(open && covers) && (
        <button
          class="launcher"
          aria-label={open ? texts.closeChat : texts.openChat}
          aria-expanded={open}
          aria-describedby="news"
          onClick={() => app.dispatch(open ? 'close' : 'open')}
        >
          <Icon name={open ? 'close' : 'chat'} />
          {unread > 0 && (
            <span class="unread" aria-hidden="true">
              {unread}
            </span>
          )}
        </button>
      )}
      <div id="news" class="hidden" role="status">
        {unread > 0 ? count(texts.unread, unread) : open && failure && texts.failure[failure]}
      </div>
      {open && <Panel {...props} />}
    </section>
  );
}
