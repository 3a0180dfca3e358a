import { useEffect, useRef, useState } from 'preact/hooks';
import type { MessageView } from './api.ts';
import { Card, type CardContext } from './card.tsx';
import { Icon } from './icons.tsx';
import { clockTime, initials, LinkedText } from './text.tsx';

interface Props {
  message: MessageView;
  /** Heading for the first message of a day. */
  day: string | null;
  /** The author was named just before. */
  grouped: boolean;
  mine: boolean;
  context: CardContext;
  onReply: (() => void) | null;
  onEdit: (text: string) => Promise<boolean>;
  onDelete: () => Promise<boolean>;
}

function Editor({
  text,
  onSave,
  onCancel,
}: {
  text: string;
  onSave: (text: string) => Promise<boolean>;
  onCancel: () => void;
}) {
  const [draft, setDraft] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const save = async (): Promise<void> => {
    if (draft.trim() === '') return;
    if (await onSave(draft.trim())) onCancel();
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        ref={field}
        aria-label="Edit message"
        maxLength={4096}
        rows={2}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onCancel();
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void save();
        }}
      />
      <div class="row">
        <button type="submit" class="button button-primary">
          Save
        </button>
        <button type="button" class="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function Body({ message, context }: { message: MessageView; context: CardContext }) {
  if (message.deleted) return <p class="gone">This message was deleted.</p>;
  return (
    <>
      {message.content === undefined ? (
        message.text !== '' && (
          <p class="words">
            <LinkedText text={message.text} />
            {message.edited && <span class="muted"> (edited)</span>}
          </p>
        )
      ) : (
        <Card content={message.content} context={context} />
      )}
      {message.files?.map((file) => (
        <p key={file.id} class="card-file">
          <Icon name="file" />
          <span>
            {file.name} <span class="muted">{Math.max(1, Math.round(file.size / 1024))} KB</span>
          </span>
        </p>
      ))}
    </>
  );
}

/** One message with what can be done about it. */
export function Message({ message, day, grouped, mine, context, onReply, onEdit, onDelete }: Props) {
  const [editing, setEditing] = useState(false);
  const reply = message.reply_to !== undefined;
  const time = clockTime(message.timestamp);
  const classes = ['message', grouped ? 'message-grouped' : '', reply ? 'message-reply' : ''].join(' ').trim();
  return (
    <>
      {day !== null && (
        <p class="day">
          <span>{day}</span>
        </p>
      )}
      <article class={classes} data-message-id={message.id} aria-label={`${message.from}, ${time}`}>
        <span
          class={message.bot ? 'avatar avatar-bot' : `avatar tone-${message.from_id.charCodeAt(0) % 6}`}
          aria-hidden="true"
        >
          {initials(message.from)}
        </span>
        <div class="message-main">
          <p class="message-head">
            <strong>{message.from}</strong>
            {message.bot && <span class="tag">App</span>}
            <time dateTime={message.date_time}>{time}</time>
            {message.visible_to !== undefined && <span class="muted">Only you can see this</span>}
          </p>
          {editing ? (
            <Editor text={message.text} onSave={onEdit} onCancel={() => setEditing(false)} />
          ) : (
            <Body message={message} context={context} />
          )}
        </div>
        {!message.deleted && !editing && (
          <div class="message-tools">
            {onReply !== null && !reply && (
              <button
                type="button"
                class="icon-button"
                aria-label={`Reply to ${message.from}`}
                title="Reply"
                onClick={onReply}
              >
                <Icon name="reply" />
              </button>
            )}
            {mine && (
              <>
                <button
                  type="button"
                  class="icon-button"
                  aria-label="Edit message"
                  title="Edit"
                  onClick={() => setEditing(true)}
                >
                  <Icon name="edit" />
                </button>
                <button
                  type="button"
                  class="icon-button"
                  aria-label="Delete message"
                  title="Delete"
                  onClick={() => void onDelete()}
                >
                  <Icon name="trash" />
                </button>
              </>
            )}
          </div>
        )}
      </article>
    </>
  );
}
