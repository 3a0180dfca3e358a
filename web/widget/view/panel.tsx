import type { JSX } from 'preact';
import { canEnd, isOver } from '../state.ts';
import type { Session } from '../state.ts';
import type { Locale } from '../text.ts';
import { Composer } from './composer.tsx';
import { Icon } from './icons.tsx';
import { Log } from './log.tsx';
import type { ViewProps } from './view-props.ts';

/** The open chat. `covers`: it fills the screen, and the page beneath cannot be reached. */
export function Panel(props: ViewProps): JSX.Element {
  const { app, state, locale, covers } = props;
  const { texts } = locale;
  const { connection, confirming, failures, fatal, hold, outbox, settings } = state;
  const title = settings?.teamName ?? texts.title;
  const confirm = (wanted: boolean) => () => app.dispatch('confirm', wanted);
  const lost = !fatal && (connection === 'down' || connection === 'connecting');
  return (
    <div class="panel" role="dialog" aria-modal={covers} aria-labelledby="title" tabIndex={-1}>
      <header>
        <div class="avatar" aria-hidden="true">
          {Array.from(title)[0]?.toUpperCase()}
        </div>
        <div class="heading">
          <h2 id="title">{title}</h2>
          <div class={`small presence ${connection}`}>{presence(state, locale)}</div>
        </div>
        {canEnd(state) && (
          <button class="quiet" aria-expanded={confirming} onClick={confirm(!confirming)}>
            {texts.endChat}
          </button>
        )}
        {covers && (
          <button class="quiet" aria-label={texts.closeChat} onClick={() => app.dispatch('close')}>
            <Icon name="close" />
          </button>
        )}
      </header>
      {confirming && (
        <div class="confirm" role="group" aria-labelledby="question">
          <p id="question">{texts.endQuestion}</p>
          <button class="quiet" onClick={confirm(false)}>
            {texts.endCancel}
          </button>
          <button class="primary" onClick={app.endChat}>
            {texts.endConfirm}
          </button>
        </div>
      )}
      <div class="banner" role="status">
        {lost && failures > 1 ? <p>{texts.offlineBanner}</p> : hold && outbox.length > 0 && <p>{texts.hold[hold]}</p>}
      </div>
      <Log {...props} />
      <Footer {...props} />
    </div>
  );
}

/** The textbox, or why there is none. */
function Footer(props: ViewProps): JSX.Element {
  const { app, state, locale } = props;
  const { fatal, newChat } = locale.texts;
  if (state.fatal) {
    return (
      <div class="notice" role="status">
        <p>{fatal[state.fatal]}</p>
      </div>
    );
  }
  return (
    <div>
      {state.status === 'ended' && (
        <div class="notice">
          <button class="primary" onClick={() => app.dispatch('newChat')}>
            {newChat}
          </button>
        </div>
      )}
      {!isOver(state) && <Composer {...props} />}
    </div>
  );
}

/** Who is there, with the one dot that there is; a connection needs a word only where it is lost. */
function presence(state: Session, { texts, list }: Locale): JSX.Element | string {
  const { connection, fatal, endId, settings, failures, agents } = state;
  if (fatal) return texts.disconnected;
  if (endId !== null) return texts.ending;
  if (connection !== 'online') return settings === null && !failures ? texts.connecting : texts.reconnecting;
  return agents.length ? <span class="here">{list(texts.here, agents)}</span> : '';
}
