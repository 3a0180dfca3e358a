import type { JSX } from 'preact';
import { Icon } from './icons.tsx';
import { conversationLines } from './lines.ts';
import { Message } from './message.tsx';
import type { ViewProps } from './view-props.ts';

/** The conversation, as a live region for screen readers. */
export function Log({ app, state, locale }: ViewProps): JSX.Element {
  const { texts } = locale;
  const { token, settings, fatal, status } = state;
  const lines = conversationLines(state);
  const loading = token !== null && settings === null && !fatal;
  return (
    <div class="log" role="log" aria-live="polite" aria-relevant="additions" aria-label={texts.messages} tabIndex={0}>
      {!lines.length && (
        <div class="beginning">
          <div class="avatar">
            <Icon name="chat" />
          </div>
          {!loading && <h2>{texts.greetingTitle}</h2>}
          <p>{loading ? texts.loading : texts.greeting}</p>
        </div>
      )}
      {lines.map((line) => {
        const { key, kind } = line;
        if (kind === 'visitorMessage' || kind === 'agentMessage') {
          return <Message key={key} app={app} locale={locale} line={line} />;
        }
        return kind === 'missed' ? (
          <p key={key} class="note card">
            {texts.missed}
          </p>
        ) : (
          <p key={key} class="note">
            {texts[kind].replace('#', () => line.name)}
          </p>
        );
      })}
      {(status === 'waiting' || status === 'joining') && <p class="note card">{texts.waiting}</p>}
    </div>
  );
}
