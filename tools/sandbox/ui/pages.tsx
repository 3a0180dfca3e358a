/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { displayName } from '../events.ts';
import type { User } from '../state.ts';
import { botName, type World } from '../world.ts';

/*
 * Pages that are made on the server. All text goes through Preact, which escapes it.
 */

/** A whole page. */
export function document(title: string, body: ComponentChildren, options: { script?: string } = {}): string {
  const html = renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="stylesheet" href="/assets/app.css" />
        {options.script === undefined ? null : <script type="module" src={options.script} />}
      </head>
      <body>{body}</body>
    </html>,
  );
  return `<!doctype html>${html}`;
}

function SandboxMark() {
  return (
    <header class="mark">
      <strong class="mark-pill">Sandbox</strong>
      <span>A simulation for development. This is not Zoom.</span>
    </header>
  );
}

/** The one sheet of paper that most pages are. */
export function Sheet({ children, wide = false }: { children: ComponentChildren; wide?: boolean }) {
  return (
    <div class="sheet-page">
      <SandboxMark />
      <main class={wide ? 'sheet sheet-wide' : 'sheet'}>{children}</main>
    </div>
  );
}

/** Two letters for a person without a picture. */
function initials(user: User): string {
  return `${user.firstName.charAt(0)}${user.lastName.charAt(0)}`;
}

const roleWords = { owner: 'Owner', admin: 'Admin', member: 'Member' } as const;

/** Zoom's words on its own page (devforum.zoom.us/t/50993). */
export const needsAdminWords =
  'An account admin is required to install this type of app. Please contact your account admin or IT administrator to install this app.';

/** The page at `/`: who do you want to be? */
export function chooserPage(world: World, next: string | undefined): string {
  const accounts = world.store.accounts.all();
  const target = (user: User): string =>
    next === undefined ? `/u/${user.id}` : `${next}${next.includes('?') ? '&' : '?'}as=${user.id}`;
  return document(
    'Choose a person – Sandbox Team Chat',
    <Sheet wide>
      <h1>Who do you want to be?</h1>
      <p class="lead">
        {next === undefined
          ? 'Open Team Chat as any of these people. Give each person a tab of their own to play both sides of a conversation.'
          : 'The link leads to a conversation. Choose as whom you want to open it.'}
      </p>
      {accounts.map((account) => (
        <section key={account.id} aria-labelledby={`account-${account.number}`}>
          <h2 id={`account-${account.number}`} class="group-title">
            {account.name}
          </h2>
          <ul class="people">
            {world.store.users
              .all()
              .filter((user) => user.accountId === account.id && user.status !== 'deleted')
              .map((user) => (
                <li key={user.id} class={user.status === 'active' ? 'person' : 'person person-off'}>
                  <span class={`avatar tone-${user.id.charCodeAt(0) % 6}`} aria-hidden="true">
                    {initials(user)}
                  </span>
                  <span class="person-text">
                    {user.status === 'active' ? (
                      <a class="person-link" href={target(user)}>
                        {displayName(user)}
                      </a>
                    ) : (
                      <span class="person-name">{displayName(user)}</span>
                    )}
                    <span class="person-mail">{user.email}</span>
                  </span>
                  <span class="person-role">{user.status === 'active' ? roleWords[user.role] : 'Deactivated'}</span>
                </li>
              ))}
          </ul>
        </section>
      ))}
      <p>
        <a href="/mailbox">Mailbox: what the app has sent by e-mail</a>
      </p>
    </Sheet>,
  );
}

/** Who could answer on the consent page, and what keeps them from it. */
export interface ConsentChoice {
  user: User;
  obstacle: 'needs_admin' | 'needs_approval' | null;
}

/**
 * The consent page: what the app asks for, and as whom to answer. While somebody is chosen who may not allow it, the
 * page says so in place of the Allow button.
 */
export function consentPage(
  world: World,
  query: Record<string, string | undefined>,
  scopes: string[],
  choices: ConsentChoice[],
): string {
  const first = choices.find(({ obstacle }) => obstacle === null)?.user ?? choices[0]?.user;
  return document(
    `Add ${botName} – Sandbox`,
    <Sheet>
      <form method="post" action="/oauth/authorize" class="consent">
        <header class="consent-head">
          <span class="app-icon" aria-hidden="true">
            LC
          </span>
          <div>
            <h1>Add {botName} to Team Chat</h1>
            <p class="lead">The app asks for access to your account.</p>
          </div>
        </header>
        {Object.entries(query).map(([name, value]) =>
          value === undefined ? null : <input key={name} type="hidden" name={name} value={value} />,
        )}
        <section aria-labelledby="scopes">
          <h2 id="scopes" class="group-title">
            {botName} will be able to
          </h2>
          <ul class="scopes">
            {scopes.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </section>
        <fieldset class="choice">
          <legend class="group-title">You are</legend>
          {choices.map(({ user, obstacle }) => (
            <label key={user.id} class="choice-row">
              <input
                type="radio"
                name="user_id"
                value={user.id}
                checked={user === first}
                {...(obstacle === 'needs_admin' ? { class: 'needs-admin', 'aria-describedby': 'needs-admin' } : {})}
              />
              <span class={`avatar avatar-small tone-${user.id.charCodeAt(0) % 6}`} aria-hidden="true">
                {initials(user)}
              </span>
              <span class="choice-name">{displayName(user)}</span>
              <span class="choice-note">
                {roleWords[user.role]}, {world.store.accounts.get(user.accountId)?.name}
              </span>
            </label>
          ))}
        </fieldset>
        <p id="needs-admin" class="refusal" role="status">
          {needsAdminWords}
        </p>
        <div class="consent-actions">
          <button type="submit" name="decision" value="cancel" class="button">
            Cancel
          </button>
          <button type="submit" name="decision" value="allow" class="button button-primary">
            Allow
          </button>
        </div>
      </form>
    </Sheet>,
  );
}

/** Shown instead of a redirect when an authorize request is wrong. */
export function consentProblemPage(_world: World, code: number, message: string): string {
  return document(
    'This link does not work – Sandbox',
    <Sheet>
      <h1>This link does not work</h1>
      <p class="lead">{message}</p>
      <p class="muted">Error code {code}. Nothing was changed; the app that sent you here has to correct its link.</p>
    </Sheet>,
  );
}

/** Shown to a member who cannot add an app that administrators have to add; nothing is sent to the app. */
export function needsAdminPage(): string {
  return document(
    'An account admin is required – Sandbox',
    <Sheet>
      <h1>{botName} was not added</h1>
      <p class="lead">{needsAdminWords}</p>
      <p>
        <a href="/">Back to the people of the sandbox</a>
      </p>
    </Sheet>,
  );
}

/** Shown to people whose account wants an admin to approve apps first. */
export function waitForApprovalPage(_world: World, user: User): string {
  return document(
    'Approval needed – Sandbox',
    <Sheet>
      <h1>An admin has to approve this app</h1>
      <p class="lead">
        {displayName(user)}, your account only takes apps that an admin has approved. Your request to add {botName} was
        noted; try again once an admin has added it.
      </p>
      <p>
        <a href="/">Back to the people of the sandbox</a>
      </p>
    </Sheet>,
  );
}

/** A page for addresses that lead nowhere. */
export function notFoundPage(message: string): string {
  return document(
    'Not found – Sandbox',
    <Sheet>
      <h1>Nothing here</h1>
      <p class="lead">{message}</p>
      <p>
        <a href="/">Choose a person</a>
      </p>
    </Sheet>,
  );
}

/** The frame of the Team Chat page, which its script fills. */
export function chatShell(version: string): string {
  return document(
    'Sandbox Team Chat',
    <>
      <div id="app">
        <p class="boot" role="status">
          Opening Team Chat…
        </p>
      </div>
      <noscript>
        <p class="boot">Team Chat needs JavaScript.</p>
      </noscript>
    </>,
    { script: `/assets/app.js?v=${version}` },
  );
}
