import type { JSX } from 'preact';
import { shownContent } from './content.tsx';
import { Icon } from './icons.tsx';
import type { Line } from './lines.ts';
import type { ViewProps } from './view-props.ts';

type MessageLine = Extract<Line, { kind: 'visitorMessage' | 'agentMessage' }>;

/** One message. Whose side it is on its kind says. */
export function Message({ app, locale, line }: Pick<ViewProps, 'app' | 'locale'> & { line: MessageLine }): JSX.Element {
  const { texts, time } = locale;
  const { key, kind, first, last, status, reason, deleted, edited, at, attachments, text, content = [text] } = line;
  const isTheirs = kind === 'agentMessage';
  const button = (type: 'retry' | 'remove'): JSX.Element => (
    <button class="text" onClick={() => app.dispatch(type, key)}>
      {texts[type]}
    </button>
  );
  return (
    <div class={`message ${isTheirs ? 'theirs' : 'mine'} ${first ? 'first' : ''}`}>
      <div class={isTheirs && first ? 'small' : 'hidden'}>{isTheirs ? line.name : texts.you}</div>
      <div class={`bubble ${deleted ? 'deleted' : ''}`} dir="auto">
        {deleted ? texts.deleted : shownContent(content)}
        {!deleted && attachments && (
          <ul class="files" aria-label={texts.attachments}>
            {attachments.map(({ name }) => (
              <li>
                <span aria-hidden="true">📎 </span>
                {name}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div class={last || edited || reason ? 'small row' : 'hidden'}>
        {edited && !deleted && texts.edited}
        <span>{time(at)}</span>
        {status && (
          // In words, too: not everybody knows what one tick and two ticks say.
          <span class={`row ${status}`}>
            {texts.status[status]}
            <Icon name={status} />
          </span>
        )}
      </div>
      {reason && (
        <div class="small row failed">
          {texts.failure[reason]}
          {reason === 'refused' && button('retry')}
          {reason !== 'ended' && button('remove')}
        </div>
      )}
    </div>
  );
}
