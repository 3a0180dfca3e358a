import { useEffect, useRef, useState } from 'preact/hooks';
import type { MessageView } from './api.ts';
import { Icon } from './icons.tsx';

interface Props {
  name: string;
  replyTo: MessageView | null;
  onCancelReply: () => void;
  onSend: (text: string) => Promise<boolean>;
}

/** The field to write in. Enter sends, Shift and Enter begin a new line. */
export function Composer({ name, replyTo, onCancelReply, onSend }: Props) {
  const [text, setText] = useState('');
  const [sending, setSending] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (replyTo !== null) field.current?.focus();
  }, [replyTo]);

  // As tall as what is written, up to the limit that the style sets.
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const send = async (): Promise<void> => {
    if (text.trim() === '' || sending) return;
    setSending(true);
    const draft = text;
    setText('');
    if (!(await onSend(draft.trim()))) setText((now) => (now === '' ? draft : now));
    setSending(false);
    field.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {replyTo !== null && (
        <p class="composer-reply">
          <span>
            Replying to <strong>{replyTo.from}</strong>: {replyTo.text.slice(0, 80)}
          </span>
          <button type="button" class="icon-button" aria-label="Cancel reply" onClick={onCancelReply}>
            <Icon name="close" />
          </button>
        </p>
      )}
      <div class="composer-row">
        <textarea
          ref={field}
          rows={1}
          maxLength={4096}
          aria-label="Message"
          placeholder={`Message ${name}`}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && replyTo !== null) onCancelReply();
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        <button type="submit" class="button button-primary send" aria-disabled={text.trim() === ''}>
          <Icon name="send" />
          <span>Send</span>
        </button>
      </div>
    </form>
  );
}
