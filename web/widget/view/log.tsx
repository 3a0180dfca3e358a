import type { JSX } from 'preact';
import { asksForEmail, noticeOf } from '../state.ts';
import type { Texts } from '../text.ts';
import { EmailForm } from './email-form.tsx';
import { Icon } from './icons.tsx';
import { conversationLines } from './lines.ts';
import type { Line } from './lines.ts';
import { Message } from './message.tsx';
import type { ViewProps } from './view-props.ts';

/** The conversation, as a live region for screen readers. */
export function Log({ app, state, locale }: ViewProps): JSX.Element {
  const { texts } = locale;
  const { token, settings, fatal } = state;
  const notice = noticeOf(state);
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
        const text = noteText(line, texts);
        return (
          text && (
            <p key={key} class="note">
              {text}
            </p>
          )
        );
      })}
      {notice && (
        // Another one is another element: that is what a screen reader announces.
        <p key={notice} class="note card">
          {texts.notice[notice]}
        </p>
      )}
      {asksForEmail(state) && <EmailForm key="email" {...{ app, state, locale }} />}
    </div>
  );
}

/** What a line says that nobody has written; nothing where it is said of where the chat stands, or not known. */
function noteText(line: Line, texts: Texts): string | undefined {
  switch (line.kind) {
    case 'agentJoined':
      return texts.agentJoined.replace('#', () => line.name);
    case 'agentLeft':
      return texts[line.isLast ? 'lastAgentLeft' : 'agentLeft'].replace('#', () => line.name);
    case 'ended':
      return texts.ended[line.by];
    case 'reopened': {
      const { name } = line;
      return name === undefined ? texts.reopened : texts.reopenedBy.replace('#', () => name);
    }
    case 'emailGiven':
      return texts.emailGiven.replace('#', () => line.email);
    default:
      return undefined;
  }
}
