import type { ComponentChildren } from 'preact';
import type { ConversationView, UserView } from './api.ts';
import type { DialogName } from './dialog-name.ts';
import { Icon } from './icons.tsx';
import { isPlainClick, navigate, pathOf } from './route.ts';
import { initials } from './text.tsx';

function Mark({ conversation }: { conversation: ConversationView }) {
  if (conversation.kind === 'channel') {
    const open = conversation.channel?.type === 3 || conversation.channel?.type === 5;
    return <Icon name={open ? 'hash' : 'lock'} />;
  }
  if (conversation.kind === 'bot') {
    return (
      <span class="avatar avatar-tiny avatar-bot" aria-hidden="true">
        LC
      </span>
    );
  }
  return (
    <span class={`avatar avatar-tiny tone-${(conversation.with?.id.charCodeAt(0) ?? 0) % 6}`} aria-hidden="true">
      {initials(conversation.name)}
    </span>
  );
}

function Entry({
  conversation,
  userId,
  current,
}: {
  conversation: ConversationView;
  userId: string;
  current: boolean;
}) {
  const path = pathOf(userId, conversation.id);
  const badge = `unread-${conversation.id}`;
  const unread = conversation.unread > 0 && !current;
  return (
    <li class="entry">
      <a
        href={path}
        class={unread ? 'entry-link entry-unread' : 'entry-link'}
        aria-current={current ? 'page' : undefined}
        aria-describedby={unread ? badge : undefined}
        onClick={(event) => {
          if (!isPlainClick(event)) return;
          event.preventDefault();
          navigate(path);
        }}
      >
        <Mark conversation={conversation} />
        <span class="entry-name">{conversation.name}</span>
      </a>
      {unread && (
        <span class="badge" id={badge}>
          {conversation.unread}
          <span class="hidden"> unread</span>
        </span>
      )}
      {conversation.channel?.archived === true && <span class="entry-note">Archived</span>}
    </li>
  );
}

function Group({
  title,
  children,
  action,
}: {
  title: string;
  children: ComponentChildren;
  action?: ComponentChildren;
}) {
  return (
    <section class="group" aria-label={title}>
      <div class="group-head">
        <h2 class="group-title">{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

/** The list of conversations: the app, channels, and people. */
export function Sidebar({
  view,
  current,
  onDialog,
}: {
  view: UserView;
  current: string | null;
  onDialog: (name: DialogName) => void;
}) {
  const entry = (conversation: ConversationView) => (
    <Entry
      key={conversation.id}
      conversation={conversation}
      userId={view.user.id}
      current={conversation.id === current}
    />
  );
  const recent = [...view.dms].sort((a, b) => b.last_at - a.last_at);
  return (
    <nav class="sidebar" aria-label="Conversations">
      <Group
        title="Apps"
        action={
          <button
            type="button"
            class="icon-button"
            aria-label="About the app"
            title="About the app"
            onClick={() => onDialog('app')}
          >
            <Icon name="settings" />
          </button>
        }
      >
        {view.bot === null ? <p class="hint">No app has been added in this account.</p> : <ul>{entry(view.bot)}</ul>}
      </Group>
      <Group
        title="Channels"
        action={
          <button
            type="button"
            class="icon-button"
            aria-label="Create channel"
            title="Create channel"
            onClick={() => onDialog('create')}
          >
            <Icon name="plus" />
          </button>
        }
      >
        {view.channels.length === 0 ? (
          <p class="hint">You are in no channel yet.</p>
        ) : (
          <ul>{view.channels.map(entry)}</ul>
        )}
        {view.joinable.length > 0 && (
          <button type="button" class="quiet-row" onClick={() => onDialog('join')}>
            Join a channel ({view.joinable.length})
          </button>
        )}
      </Group>
      <Group
        title="Direct messages"
        action={
          <button
            type="button"
            class="icon-button"
            aria-label="New direct message"
            title="New direct message"
            onClick={() => onDialog('write')}
          >
            <Icon name="plus" />
          </button>
        }
      >
        {recent.length === 0 ? <p class="hint">No direct messages yet.</p> : <ul>{recent.map(entry)}</ul>}
      </Group>
    </nav>
  );
}
