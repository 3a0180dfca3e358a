import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Actions, ConversationView, MessageView, UserView } from './api.ts';
import type { DialogName } from './dialog-name.ts';
import { Composer } from './composer.tsx';
import { Icon } from './icons.tsx';
import { Message } from './message.tsx';
import { isPlainClick, navigate, pathOf } from './route.ts';
import { dayName } from './text.tsx';

interface Props {
  view: UserView;
  conversation: ConversationView;
  loading: boolean;
  actions: Actions;
  attempt: (work: () => Promise<unknown>) => Promise<boolean>;
  onDialog: (name: DialogName) => void;
}

/** Messages in reading order: each reply under the message it answers. */
function threaded(messages: MessageView[]): MessageView[] {
  const known = new Set(messages.map((message) => message.id));
  const replies = new Map<string, MessageView[]>();
  for (const message of messages) {
    if (message.reply_to === undefined || !known.has(message.reply_to)) continue;
    replies.set(message.reply_to, [...(replies.get(message.reply_to) ?? []), message]);
  }
  return messages
    .filter((message) => message.reply_to === undefined || !known.has(message.reply_to))
    .flatMap((message) => [message, ...(replies.get(message.id) ?? [])]);
}

const groupMs = 5 * 60_000;

/** Whether a message goes on where the one before it stopped, so that its author need not be named again. */
function follows(message: MessageView, before: MessageView | undefined): boolean {
  return (
    before !== undefined &&
    before.from_id === message.from_id &&
    before.reply_to === message.reply_to &&
    message.timestamp - before.timestamp < groupMs
  );
}

function blockedBy(view: UserView, conversation: ConversationView): string | null {
  const channel = conversation.channel;
  if (channel?.archived === true) return 'This channel is archived. Nobody can post in it.';
  const role = channel?.members.find((member) => member.id === view.user.id)?.channel_role;
  if (channel?.posting_permissions === 2 && role === 'member')
    return 'Only the owner and admins can post in this channel.';
  if (conversation.kind === 'bot' && !view.app.installed_in_account) return 'The app was removed from this account.';
  return null;
}

function describe(conversation: ConversationView): string {
  if (conversation.kind === 'bot') return 'App';
  if (conversation.kind === 'dm') return conversation.with?.email ?? '';
  const type = conversation.channel?.type;
  return type === 3 || type === 5 ? 'Public channel' : type === 4 ? 'Group chat' : 'Private channel';
}

/** One conversation: head, messages, and the field to write in. */
export function Conversation({ view, conversation, loading, actions, attempt, onDialog }: Props) {
  const [replyTo, setReplyTo] = useState<MessageView | null>(null);
  const log = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const messages = useMemo(() => threaded(conversation.messages ?? []), [conversation.messages]);
  const channel = conversation.channel;
  const newest = conversation.messages?.at(-1)?.id;

  // Stay with the newest message, unless the reader has scrolled up to read.
  useLayoutEffect(() => {
    const element = log.current;
    if (element !== null && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [messages, loading]);

  useEffect(() => {
    if (loading || conversation.unread === 0) return undefined;
    const read = (): void => {
      if (document.visibilityState === 'visible') void actions.read(conversation.id).catch(() => undefined);
    };
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [loading, newest, conversation.unread, conversation.id, actions]);

  const send = async (text: string): Promise<boolean> => {
    const target =
      channel !== undefined
        ? { to_channel: channel.id }
        : conversation.with !== undefined
          ? { to_contact: conversation.with.id }
          : { to_bot: true };
    atEnd.current = true;
    const sent = await attempt(() => actions.send(target, text, replyTo?.id));
    if (sent) setReplyTo(null);
    return sent;
  };

  const names = {
    members: (channel?.members ?? view.people).map((person) => person.name),
    channels: view.channels.map((one) => one.name),
  };
  const back = pathOf(view.user.id, null);
  const blocked = blockedBy(view, conversation);
  return (
    <main class="pane" aria-label={conversation.name}>
      <header class="pane-head">
        <a
          class="icon-button back"
          href={back}
          aria-label="Back"
          onClick={(event) => {
            if (!isPlainClick(event)) return;
            event.preventDefault();
            navigate(back);
          }}
        >
          <Icon name="back" />
        </a>
        <div class="pane-title">
          <h1>{conversation.name}</h1>
          <p class="muted">{describe(conversation)}</p>
        </div>
        {channel !== undefined && (
          <div class="pane-tools">
            <button type="button" class="tool" title="Members" onClick={() => onDialog('members')}>
              <Icon name="people" />
              <span>
                <span class="hidden">Members </span>
                {channel.members.length}
              </span>
            </button>
            <button type="button" class="tool" title="Add people" onClick={() => onDialog('people')}>
              <Icon name="addPerson" />
              <span class="tool-text">Add people</span>
            </button>
            <button
              type="button"
              class="tool"
              aria-label="Channel settings"
              title="Channel settings"
              onClick={() => onDialog('channel')}
            >
              <Icon name="settings" />
            </button>
          </div>
        )}
      </header>
      <div
        class="log"
        role="log"
        aria-label={`Messages in ${conversation.name}`}
        aria-busy={loading}
        tabIndex={0}
        ref={log}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < 80;
        }}
      >
        <div class="log-inner">
          {loading && <p class="muted log-note">Loading messages…</p>}
          {!loading && messages.length === 0 && (
            <p class="muted log-note">
              {conversation.kind === 'channel'
                ? `This is the start of ${conversation.name}.`
                : 'No messages yet. Say hello.'}
            </p>
          )}
          {messages.map((message, index) => {
            const before = messages[index - 1];
            const newDay = before === undefined || dayName(before.timestamp, 0) !== dayName(message.timestamp, 0);
            return (
              <Message
                key={message.id}
                message={message}
                day={newDay && message.reply_to === undefined ? dayName(message.timestamp, Date.now()) : null}
                grouped={!newDay && follows(message, before)}
                mine={message.from_id === view.user.id}
                context={{
                  userId: view.user.id,
                  markdown: message.markdown,
                  names,
                  press: async (value) => {
                    await attempt(() => actions.press(message.id, value));
                  },
                }}
                onReply={blocked === null ? () => setReplyTo(message) : null}
                onEdit={(text) => attempt(() => actions.edit(message.id, text))}
                onDelete={() => attempt(() => actions.remove(message.id))}
              />
            );
          })}
        </div>
      </div>
      {blocked === null ? (
        <Composer name={conversation.name} replyTo={replyTo} onCancelReply={() => setReplyTo(null)} onSend={send} />
      ) : (
        <p class="composer-blocked">{blocked}</p>
      )}
    </main>
  );
}
