import { useEffect, useMemo, useState } from 'preact/hooks';
import { actionsOf, Refused, type ConversationView, type UserView } from './api.ts';
import { Conversation } from './conversation.tsx';
import {
  AddPeopleDialog,
  AppDialog,
  ChannelDialog,
  CreateChannelDialog,
  JoinDialog,
  MembersDialog,
  WriteToDialog,
} from './dialogs.tsx';
import type { DialogName } from './dialog-name.ts';
import { rememberPerson } from './launch.ts';
import { useLive } from './live.ts';
import { navigate, pathOf, useRoute } from './route.ts';
import { Sidebar } from './sidebar.tsx';
import { initials } from './text.tsx';

/** All conversations of a view in one list. */
function conversationsOf(view: UserView): ConversationView[] {
  return [...(view.bot === null ? [] : [view.bot]), ...view.channels, ...view.dms];
}

/** A conversation with somebody to whom nothing was written yet. */
function newDm(view: UserView, id: string): ConversationView | undefined {
  const [kind, a, b] = id.split(':');
  const other = view.people.find((person) => person.id === (a === view.user.id ? b : a));
  if (kind !== 'd' || other === undefined || ![a, b].includes(view.user.id)) return undefined;
  return {
    id: `d:${a ?? ''}:${b ?? ''}`,
    kind: 'dm',
    name: other.name,
    unread: 0,
    last_text: '',
    last_at: 0,
    with: other,
    messages: [],
  };
}

/** Team Chat of one person. */
export function App() {
  const route = useRoute();
  const actions = useMemo(() => actionsOf(route.userId), [route.userId]);
  const { view, shown, connected, refresh } = useLive(actions, route.userId, route.conversation);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const remember = (): void => rememberPerson(route.userId);
    remember();
    // With several people in several tabs, the one whose tab was used last is the one to open links as.
    addEventListener('focus', remember);
    addEventListener('pointerdown', remember);
    return () => {
      removeEventListener('focus', remember);
      removeEventListener('pointerdown', remember);
    };
  }, [route.userId]);
  useEffect(() => setDialog(null), [route.conversation]);

  const open = useMemo(() => {
    if (view === null || route.conversation === null) return undefined;
    return conversationsOf(view).find((one) => one.id === route.conversation) ?? newDm(view, route.conversation);
  }, [view, route.conversation]);

  const unread = view === null ? 0 : conversationsOf(view).reduce((sum, one) => sum + one.unread, 0);
  useEffect(() => {
    const where = open?.name ?? view?.user.name;
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${where === undefined ? '' : `${where} – `}Sandbox Team Chat`;
  }, [unread, open?.name, view?.user.name]);

  /** Does something and shows a refusal in words. Resolves to whether it worked. */
  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      setProblem(null);
      await refresh();
      return true;
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : 'That did not work.');
      return false;
    }
  };
  const close = (): void => setDialog(null);
  const goTo = (id: string | null): void => navigate(pathOf(route.userId, id));

  if (view === null) {
    return (
      <p class="boot" role="status">
        {connected ? 'Opening Team Chat…' : 'The sandbox cannot be reached. Trying again…'}
      </p>
    );
  }

  const context = { view, actions, attempt, close, goTo };
  return (
    <div class={route.conversation === null ? 'chat chat-list' : 'chat chat-open'}>
      <header class="topbar">
        <p class="mark">
          <strong class="mark-pill">Sandbox</strong>
          <span class="mark-note">Team Chat simulation, not Zoom</span>
        </p>
        <a class="me" href="/" title="Switch person">
          <span class={`avatar avatar-small tone-${view.user.id.charCodeAt(0) % 6}`} aria-hidden="true">
            {initials(view.user.name)}
          </span>
          <span class="me-text">
            <span class="me-name">{view.user.name}</span>
            <span class="me-note">
              {view.user.account_name}
              <span class="me-switch">Switch person</span>
            </span>
          </span>
        </a>
      </header>
      {!connected && (
        <p class="offline" role="status">
          Connection lost. Reconnecting…
        </p>
      )}
      <Sidebar view={view} current={route.conversation} onDialog={setDialog} />
      {route.conversation === null ? (
        <main class="pane pane-empty pane-hello">
          <div class="empty">
            <h1>Hello, {view.user.name.split(' ')[0]}</h1>
            <p>Choose a conversation from the list, or start a new one.</p>
            <button type="button" class="button button-primary" onClick={() => setDialog('create')}>
              Create a channel
            </button>
          </div>
        </main>
      ) : open === undefined ? (
        <main class="pane pane-empty">
          <div class="empty">
            <h1>You are not in this conversation</h1>
            <p>{view.user.name} is not a member, or it is gone. Somebody who is in it can add people.</p>
            <a class="button" href={pathOf(route.userId, null)}>
              Back to the list
            </a>
          </div>
        </main>
      ) : (
        <Conversation
          key={open.id}
          view={view}
          conversation={open}
          loading={shown !== open.id}
          actions={actions}
          attempt={attempt}
          onDialog={setDialog}
        />
      )}
      {dialog === 'create' && <CreateChannelDialog {...context} />}
      {dialog === 'join' && <JoinDialog {...context} />}
      {dialog === 'write' && <WriteToDialog {...context} />}
      {dialog === 'people' && open?.channel !== undefined && <AddPeopleDialog {...context} channel={open.channel} />}
      {dialog === 'members' && open?.channel !== undefined && <MembersDialog {...context} channel={open.channel} />}
      {dialog === 'channel' && open?.channel !== undefined && <ChannelDialog {...context} channel={open.channel} />}
      {dialog === 'app' && <AppDialog {...context} />}
      {problem !== null && (
        <div class="toast" role="alert">
          <p>{problem}</p>
          <button type="button" class="button button-quiet" onClick={() => setProblem(null)}>
            Dismiss
          </button>
        </div>
      )}
    </div>
  );
}
