import type { ComponentChildren } from 'preact';
import type { ChatStatus } from '../../domain/transcript.ts';
import { Badge, type BadgeTone } from '../design/badge.tsx';
import { Button, ButtonLink } from '../design/button.tsx';
import { Card } from '../design/card.tsx';
import { describeField, Field } from '../design/field.tsx';
import { safeHref } from '../design/links.tsx';
import { formatDateTime, formatList, formatNumber } from '../text/format.ts';
import { text } from '../text/index.ts';

const words = text.operator.home;

type ListName = keyof typeof words.lists;

/** What was found for an operator's words. Every `href` and link leads into Temporal UI. */
export interface Found {
  words: string;
  chats: {
    chatId: string;
    visitorName: string;
    status: ChatStatus;
    startedAt: string;
    agents: string[];
    href: string;
  }[];
  people: {
    zoomUserId: string;
    name: string;
    chats: string;
    /** Only of people who have added the app. */
    email?: string;
    grantStatus?: 'connected' | 'needsReconnect' | 'removed';
    install?: string;
    grant?: string;
  }[];
  accounts: { accountId: string; name: string; everything: string; waiting: string; active: string }[];
  /** The words could be the id of an agent who is known to Temporal alone. */
  asAgent?: string;
}

export interface OperatorHomeProps {
  /** Address of Temporal UI. */
  temporalUi: string;
  /** Ready-made lists there; `count` is null where Temporal did not answer. */
  lists: { name: ListName; href: string; count: number | null }[];
  found?: Found;
  /** What is wrong with what was to be found. */
  error?: string;
}

const groups: { id: keyof typeof words.groups; lists: ListName[] }[] = [
  { id: 'chats', lists: ['waiting', 'missed', 'active', 'waitingForZoom', 'failedChats'] },
  { id: 'installs', lists: ['openInstalls', 'failedInstalls'] },
  { id: 'grants', lists: ['lostGrants'] },
];
/** Lists that should be empty: what is in them needs somebody. */
const troubles: ReadonlySet<ListName> = new Set([
  'missed',
  'waitingForZoom',
  'failedChats',
  'failedInstalls',
  'lostGrants',
]);

/** The operators' start page. Plain links and forms: it works without JavaScript. */
export function OperatorHome({ temporalUi, lists, found, error }: OperatorHomeProps) {
  const searched = found !== undefined || error !== undefined;
  return (
    <div class="wrap operator">
      <div class="page-head">
        <h1>{words.heading}</h1>
        <p class="soft">{words.lead}</p>
        <div>
          <ButtonLink href={safeHref(temporalUi)}>{words.openUi}</ButtonLink>
        </div>
      </div>
      {found === undefined ? null : <Results found={found} />}
      {searched ? <Find words={found?.words} error={error} /> : null}
      <div class="operator-lists">
        {groups.map(({ id, lists: names }) => (
          <Card key={id} id={id} heading={words.groups[id]}>
            <ul class="operator-list">
              {lists
                .filter(({ name }) => names.includes(name))
                .map((list) => (
                  <li key={list.name}>
                    <a href={safeHref(list.href)}>{words.lists[list.name]}</a>
                    <Count {...list} />
                  </li>
                ))}
            </ul>
          </Card>
        ))}
      </div>
      {searched ? null : <Find />}
    </div>
  );
}

function Find({ words: given, error }: { words?: string | undefined; error?: string | undefined }) {
  return (
    <Card id="find" heading={words.findHeading}>
      <form class="operator-find" method="post" action="/operator/find">
        <Field id="words" label={words.findLabel} hint={words.findHint} error={error}>
          <input
            id="words"
            name="words"
            type="search"
            class="input"
            autocomplete="off"
            maxLength={254}
            required
            value={given}
            {...describeField('words', { hint: true, error: error !== undefined })}
          />
        </Field>
        <div>
          <Button type="submit" kind="secondary">
            {words.find}
          </Button>
        </div>
      </form>
    </Card>
  );
}

/** "Sign out" of the operators: a form, so that no link or prefetch can sign somebody out. */
export function OperatorNav() {
  return (
    <form method="post" action="/operator/signout">
      <button type="submit" class="button button-quiet">
        {text.common.signOut}
      </button>
    </form>
  );
}

function Count({ name, count }: OperatorHomeProps['lists'][number]) {
  if (count === null) {
    return (
      <span class="soft">
        <span aria-hidden="true">–</span>
        <span class="visually-hidden">{words.unknownCount}</span>
      </span>
    );
  }
  return <Badge tone={count === 0 ? 'idle' : troubles.has(name) ? 'danger' : 'team'}>{formatNumber(count)}</Badge>;
}

const tones: Record<ChatStatus, BadgeTone> = {
  waiting: 'visitor',
  missed: 'danger',
  joining: 'team',
  active: 'team',
  ended: 'idle',
};

function Results({ found }: { found: Found }) {
  const { chats, people, accounts, asAgent } = found;
  const nothing = chats.length + people.length + accounts.length === 0;
  return (
    <Card id="found" heading={words.foundHeading(found.words)}>
      {nothing ? <p class="soft">{words.nothing}</p> : null}
      <ul class="operator-found">
        {chats.map((chat) => (
          <Result
            key={chat.chatId}
            name={<a href={safeHref(chat.href)}>{chat.visitorName}</a>}
            badge={<Badge tone={tones[chat.status]}>{text.dashboard.statuses[chat.status]}</Badge>}
            id={`chat/${chat.chatId}`}
          >
            {chat.agents.length === 0 ? words.noAgents : formatList(chat.agents)}, {words.started}{' '}
            {formatDateTime(chat.startedAt)}
          </Result>
        ))}
        {people.map((person) => (
          <Result
            key={person.zoomUserId}
            name={person.name}
            badge={
              person.grantStatus === undefined ? null : (
                <Badge tone={person.grantStatus === 'connected' ? 'team' : 'danger'}>
                  {words.grants[person.grantStatus]}
                </Badge>
              )
            }
            id={person.zoomUserId}
          >
            {person.email === undefined ? null : <span>{person.email} · </span>}
            <Links of={person.name} links={[person.chats, person.install, person.grant]} labels={personLabels} />
          </Result>
        ))}
        {accounts.map((account) => (
          <Result key={account.accountId} name={account.name} badge={null} id={account.accountId}>
            <Links
              of={account.name}
              links={[account.everything, account.waiting, account.active]}
              labels={accountLabels}
            />
          </Result>
        ))}
      </ul>
      {asAgent === undefined || people.length > 0 ? null : (
        <p>
          <a href={safeHref(asAgent)}>{words.asAgent}</a>
        </p>
      )}
    </Card>
  );
}

const personLabels = [words.person.chats, words.person.install, words.person.grant];
const accountLabels = [words.account.everything, words.account.waiting, words.account.active];

function Links({ of, links, labels }: { of: string; links: (string | undefined)[]; labels: string[] }) {
  return (
    <span class="operator-links">
      {links.map((href, n) =>
        href === undefined ? null : (
          <a key={href} href={safeHref(href)}>
            {labels[n]}
            <span class="visually-hidden">{words.of(of)}</span>
          </a>
        ),
      )}
    </span>
  );
}

interface ResultProps {
  name: ComponentChildren;
  badge: ComponentChildren;
  id: string;
  children: ComponentChildren;
}

function Result({ name, badge, id, children }: ResultProps) {
  return (
    <li class="operator-result">
      <span class="operator-name">
        {name} {badge}
      </span>
      <span class="soft small">{children}</span>
      <code class="operator-id small">{id}</code>
    </li>
  );
}
