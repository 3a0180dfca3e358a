import type { JSX } from 'preact';
import { splitText } from '../links.ts';
import { Icon } from './icons.tsx';
import type { Line } from './lines.ts';
import type { ViewProps } from './view-props.ts';

type MessageLine = Extract<Line, { kind: 'visitorMessage' | 'agentMessage' }>;

/** One message: text as text nodes only, whatever it holds. */
export function Message({ app, locale, line }: Pick<ViewProps, 'app' | 'locale'> & { line: MessageLine }): JSX.Element {
  const { texts, time } = locale;
  const { key, first, last, status, reason, deleted, edited, at, attachments } = line;
  const name = line.kind === 'agentMessage' && line.name;
  const button = (type: 'retry' | 'remove'): JSX.Element => (
    <button class="text" onClick={() => app.dispatch(type, key)}>
      {texts[type]}
    </button>
  );
  return (
    <div class={`message ${name ? 'theirs' : 'mine'} ${first ? 'first' : ''}`}>
      <div class={name && first ? 'small' : 'hidden'}>{name || texts.you}</div>
      <div class={`bubble ${deleted ? 'deleted' : ''}`} dir="auto">
        {deleted
          ? texts.deleted
          : splitText(line.text, line.links).map(([text, href]) =>
              href ? (
                <a href={href} target="_blank" rel="noopener noreferrer nofollow">
                  {text}
                </a>
              ) : (
                text
              ),
            )}
        {!deleted && attachments && (
          <ul aria-label={texts.attachments}>
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
