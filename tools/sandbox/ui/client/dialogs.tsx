import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Actions, ChannelView, PersonView, UserView } from './api.ts';
import { Icon } from './icons.tsx';
import { initials } from './text.tsx';

/** What every dialog needs. */
interface DialogContext {
  view: UserView;
  actions: Actions;
  attempt: (work: () => Promise<unknown>) => Promise<boolean>;
  close: () => void;
  goTo: (conversation: string | null) => void;
}

function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={id}
      onClose={close}
      onClick={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="dialog-inner">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

function Avatar({ person }: { person: PersonView }) {
  return (
    <span class={`avatar avatar-small tone-${person.id.charCodeAt(0) % 6}`} aria-hidden="true">
      {initials(person.name)}
    </span>
  );
}

function PeoplePicker({
  people,
  ownAccount,
  chosen,
  onChange,
}: {
  people: PersonView[];
  ownAccount: string;
  chosen: string[];
  onChange: (ids: string[]) => void;
}) {
  if (people.length === 0) return <p class="muted">Everybody is in this channel already.</p>;
  return (
    <fieldset class="choice">
      <legend class="group-title">People</legend>
      {people.map((person) => (
        <label key={person.id} class="choice-row">
          <input
            type="checkbox"
            checked={chosen.includes(person.id)}
            onChange={(event) =>
              onChange(event.currentTarget.checked ? [...chosen, person.id] : chosen.filter((id) => id !== person.id))
            }
          />
          <Avatar person={person} />
          <span class="choice-name">{person.name}</span>
          <span class="choice-note">
            {person.account_id === ownAccount ? person.email : `${person.account_name}, outside`}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Create a channel with people in it. */
export function CreateChannelDialog({ view, actions, attempt, close, goTo }: DialogContext) {
  const [name, setName] = useState('');
  const [type, setType] = useState(1);
  const [chosen, setChosen] = useState<string[]>([]);
  const people = view.people.filter((person) => type === 1 || person.account_id === view.user.account_id);
  const create = async (): Promise<void> => {
    const made: { id: string | null } = { id: null };
    const ids = chosen.filter((id) => people.some((person) => person.id === id));
    const done = await attempt(async () => {
      made.id = (await actions.createChannel(name.trim(), type, ids)).channel_id;
    });
    if (!done || made.id === null) return;
    close();
    goTo(`c:${made.id}`);
  };
  return (
    <Dialog title="Create channel" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <div class="dialog-body">
          <label class="field">
            <span>Channel name</span>
            <input
              type="text"
              required
              maxLength={256}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <fieldset class="choice choice-flat">
            <legend class="group-title">Who can find it</legend>
            {[
              { value: 1, text: 'Private: only people who are added' },
              { value: 3, text: `Public: everybody at ${view.user.account_name}` },
            ].map((option) => (
              <label key={option.value} class="choice-row">
                <input
                  type="radio"
                  name="type"
                  checked={type === option.value}
                  onChange={() => setType(option.value)}
                />
                <span class="choice-name">{option.text}</span>
              </label>
            ))}
          </fieldset>
          <PeoplePicker people={people} ownAccount={view.user.account_id} chosen={chosen} onChange={setChosen} />
        </div>
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button button-primary">
            Create
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Join a public channel, or accept an invitation. */
export function JoinDialog({ view, actions, attempt, close, goTo }: DialogContext) {
  const join = async (id: string): Promise<void> => {
    if (!(await attempt(() => actions.join(id)))) return;
    close();
    goTo(`c:${id}`);
  };
  return (
    <Dialog title="Join a channel" close={close}>
      <ul class="dialog-body rows">
        {view.joinable.map((channel) => (
          <li key={channel.id} class="choice-row">
            <Icon name={channel.type === 3 ? 'hash' : 'lock'} />
            <span class="choice-name">{channel.name}</span>
            <span class="choice-note">{channel.invited ? 'You are invited' : 'Public'}</span>
            <button
              type="button"
              class="button"
              aria-label={`Join ${channel.name}`}
              onClick={() => void join(channel.id)}
            >
              Join
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** Choose somebody to write to. */
export function WriteToDialog({ view, close, goTo }: DialogContext) {
  const start = (person: PersonView): void => {
    const [a, b] = [view.user.id, person.id].sort();
    close();
    goTo(`d:${a ?? ''}:${b ?? ''}`);
  };
  return (
    <Dialog title="New direct message" close={close}>
      <ul class="dialog-body rows">
        {view.people.map((person) => (
          <li key={person.id} class="choice-row">
            <Avatar person={person} />
            <span class="choice-name">{person.name}</span>
            <span class="choice-note">{person.account_name}</span>
            <button type="button" class="button" aria-label={`Write to ${person.name}`} onClick={() => start(person)}>
              Write
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** Add people to a channel. */
export function AddPeopleDialog({ view, actions, attempt, close, channel }: DialogContext & { channel: ChannelView }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const inside = new Set([...channel.members, ...channel.pending].map((person) => person.id));
  const people = view.people.filter(
    (person) => !inside.has(person.id) && (channel.type === 1 || person.account_id === channel.account_id),
  );
  const add = async (): Promise<void> => {
    if (chosen.length > 0 && (await attempt(() => actions.invite(channel.id, chosen)))) close();
  };
  return (
    <Dialog title={`Add people to ${channel.name}`} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <div class="dialog-body">
          <PeoplePicker people={people} ownAccount={view.user.account_id} chosen={chosen} onChange={setChosen} />
        </div>
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" disabled={chosen.length === 0}>
            Add
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Who is in a channel. */
export function MembersDialog({ view, actions, attempt, close, channel }: DialogContext & { channel: ChannelView }) {
  const myRole = channel.members.find((member) => member.id === view.user.id)?.channel_role ?? 'member';
  return (
    <Dialog title={`Members of ${channel.name}`} close={close}>
      <ul class="dialog-body rows" aria-label="Members">
        {channel.members.map((member) => (
          <li key={member.id} class="choice-row">
            <Avatar person={member} />
            <span class="choice-name">{member.name}</span>
            <span class="choice-note">
              {member.channel_role === 'member' ? '' : member.channel_role}
              {member.external ? `${member.account_name}, outside` : ''}
            </span>
            {myRole !== 'member' && member.channel_role !== 'owner' && member.id !== view.user.id && (
              <button
                type="button"
                class="button"
                aria-label={`Remove ${member.name}`}
                onClick={() => void attempt(() => actions.removeMember(channel.id, member.id))}
              >
                Remove
              </button>
            )}
          </li>
        ))}
        {channel.app_added && (
          <li class="choice-row">
            <span class="avatar avatar-small avatar-bot" aria-hidden="true">
              LC
            </span>
            <span class="choice-name">{view.app.name}</span>
            <span class="choice-note">App</span>
          </li>
        )}
        {channel.pending.map((person) => (
          <li key={person.id} class="choice-row">
            <Avatar person={person} />
            <span class="choice-name">{person.name}</span>
            <span class="choice-note">Invited, not accepted yet</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** Name, app, archive, leave and delete. */
export function ChannelDialog({
  view,
  actions,
  attempt,
  close,
  goTo,
  channel,
}: DialogContext & { channel: ChannelView }) {
  const [name, setName] = useState(channel.name);
  const [deleting, setDeleting] = useState(false);
  const mayManage = channel.members.find((member) => member.id === view.user.id)?.channel_role !== 'member';
  const change = (what: object) => () => void attempt(() => actions.updateChannel(channel.id, what));
  const away = async (work: () => Promise<unknown>): Promise<void> => {
    if (!(await attempt(work))) return;
    close();
    goTo(null);
  };
  return (
    <Dialog title="Channel settings" close={close}>
      <div class="dialog-body stack">
        {mayManage && (
          <form
            class="row"
            onSubmit={(event) => {
              event.preventDefault();
              void attempt(() => actions.updateChannel(channel.id, { name: name.trim() }));
            }}
          >
            <label class="field grow">
              <span>Channel name</span>
              <input
                type="text"
                required
                maxLength={256}
                value={name}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            </label>
            <button type="submit" class="button" disabled={name.trim() === channel.name}>
              Rename
            </button>
          </form>
        )}
        <div class="setting">
          <p>
            <strong>{view.app.name}</strong>
            <span class="muted">{channel.app_added ? ' is in this channel.' : ' is not in this channel.'}</span>
          </p>
          <button
            type="button"
            class="button"
            disabled={!view.app.installed_in_account}
            onClick={change({ app_added: !channel.app_added })}
          >
            {channel.app_added ? 'Remove app' : 'Add app'}
          </button>
        </div>
        {mayManage && (
          <div class="setting">
            <p>
              <strong>{channel.archived ? 'Archived' : 'Archive'}</strong>
              <span class="muted">
                {' '}
                {channel.archived ? 'Nobody can post here.' : 'Keeps the messages, stops new ones.'}
              </span>
            </p>
            <button type="button" class="button" onClick={change({ archived: !channel.archived })}>
              {channel.archived ? 'Unarchive' : 'Archive'}
            </button>
          </div>
        )}
        <div class="setting">
          <p>
            <strong>Leave</strong>
            <span class="muted"> You no longer see its messages.</span>
          </p>
          <button type="button" class="button" onClick={() => void away(() => actions.leave(channel.id))}>
            Leave channel
          </button>
        </div>
        {mayManage && (
          <div class="setting">
            <p>
              <strong>Delete</strong>
              <span class="muted"> For everybody, with all messages, for good.</span>
            </p>
            {deleting ? (
              <button
                type="button"
                class="button button-danger"
                onClick={() => void away(() => actions.deleteChannel(channel.id))}
              >
                Yes, delete it
              </button>
            ) : (
              <button type="button" class="button" onClick={() => setDeleting(true)}>
                Delete channel
              </button>
            )}
          </div>
        )}
      </div>
    </Dialog>
  );
}

/** About the app, and its removal. */
export function AppDialog({ view, actions, attempt, close }: DialogContext) {
  const [sure, setSure] = useState(false);
  const { name, installed_by_me: mine, installed_in_account: there } = view.app;
  return (
    <Dialog title={name} close={close}>
      <div class="dialog-body stack">
        <p>
          {mine
            ? `You have added ${name} to your Team Chat.`
            : there
              ? `${name} was added by somebody else in your account.`
              : `${name} is not added yet. Start at the app's own page to add it.`}
        </p>
        {mine && (
          <div class="setting">
            <p>
              <strong>Uninstall</strong>
              <span class="muted"> The app loses its access to your account.</span>
            </p>
            {sure ? (
              <button
                type="button"
                class="button button-danger"
                onClick={() =>
                  void attempt(() => actions.uninstall()).then((done) => {
                    if (done) close();
                  })
                }
              >
                Yes, uninstall
              </button>
            ) : (
              <button type="button" class="button" onClick={() => setSure(true)}>
                Uninstall app
              </button>
            )}
          </div>
        )}
      </div>
    </Dialog>
  );
}
