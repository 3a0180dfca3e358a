import type { DashboardData } from '../../domain/dashboard.ts';
import type { ChatStatus } from '../../domain/transcript.ts';
import { useResource } from '../client/use-resource.ts';
import { Badge, type BadgeTone } from '../design/badge.tsx';
import { ButtonLink } from '../design/button.tsx';
import { Card } from '../design/card.tsx';
import { NewTabLink, safeHref } from '../design/links.tsx';
import { Notice } from '../design/notice.tsx';
import { Skeleton } from '../design/skeleton.tsx';
import { formatAgo, formatDateTime, formatList, formatNumber, formatTime } from '../text/format.ts';
import { text } from '../text/index.ts';
import { FailureNotice } from './failure.tsx';
import { MissingScopes } from './missing-scopes.tsx';
import { Snippet } from './snippet.tsx';

const words = text.dashboard;
const refreshMs = 10_000;

/** The account at a glance: who is waiting, where chats go, and the code for the website. */
export function Dashboard() {
  const { resource, reload } = useResource<DashboardData>('/api/dashboard', { refreshMs });
  if (resource.state === 'failed') {
    return (
      <>
        <div class="page-head">
          <h1>{words.title}</h1>
        </div>
        <div class="narrow">
          <FailureNotice failure={resource.failure} title={words.errorHeading} onRetry={reload} />
        </div>
      </>
    );
  }
  const data = resource.state === 'ready' ? resource.data : undefined;
  return (
    <div aria-busy={data === undefined ? 'true' : undefined}>
      <p class="visually-hidden" role="status">
        {data === undefined ? words.loading : ''}
      </p>
      <Head data={data} />
      {resource.state === 'ready' && resource.stale !== undefined ? (
        <div class="dashboard-banner">
          <FailureNotice failure={resource.stale}>
            <p>{words.stale(formatTime(resource.at))}</p>
          </FailureNotice>
        </div>
      ) : null}
      {data?.needsReconnect === true ? (
        <div class="dashboard-banner">
          <Notice tone="warning" title={words.reconnectHeading}>
            <p>{words.reconnect}</p>
            <ButtonLink href="/install">{words.reconnectLink}</ButtonLink>
          </Notice>
        </div>
      ) : null}
      <MissingScopes missing={data?.missingScopes ?? []} needed />
      <div class="columns">
        <Chats data={data} />
        <div class={data === undefined ? 'stack dashboard-setup dashboard-later' : 'stack dashboard-setup'}>
          <Channel data={data} />
          <Website data={data} />
        </div>
      </div>
    </div>
  );
}

type Part = { data: DashboardData | undefined };

function Head({ data }: Part) {
  return (
    <div class="page-head">
      <h1>
        {data === undefined ? (
          <>
            <span class="visually-hidden">{words.title}</span>
            <Skeleton length="long" />
          </>
        ) : (
          data.account.name
        )}
      </h1>
      <p class="dashboard-facts soft">
        {data === undefined ? (
          <>
            <span>
              <Skeleton length="long" />
            </span>
            <span>
              <Skeleton length="long" />
            </span>
          </>
        ) : (
          <>
            <span>
              <span class="visually-hidden">{words.signedInAs} </span>
              {[data.user.name, data.user.email].filter((part) => part !== '').join(', ')}
            </span>
            <span>
              {data.trial.expired ? (
                <Badge tone="danger">
                  {words.trialExpired} {words.trialEnded(data.trial.endsAt)}
                </Badge>
              ) : (
                <>
                  {words.trialLeft(data.trial.daysLeft)}, {words.trialEnds(data.trial.endsAt)}
                </>
              )}
            </span>
          </>
        )}
      </p>
    </div>
  );
}

const countOrder = ['waiting', 'active', 'ended'] as const;

function Chats({ data }: Part) {
  return (
    <Card id="chats" heading={words.chatsHeading} class="dashboard-chats">
      <dl class="counts">
        {countOrder.map((status) => (
          <div key={status} class={`count count-${status}`}>
            <dt>{words.counts[status]}</dt>
            <dd>{data === undefined ? <Skeleton length="short" /> : formatNumber(data.chats[status])}</dd>
          </div>
        ))}
      </dl>
      {data === undefined ? (
        <ul class="chats">
          {[1, 2, 3].map((row) => (
            <li key={row} class="chat">
              <span class="chat-visitor">
                <Skeleton />
              </span>
              <span class="chat-more soft small">
                <Skeleton length="long" />
              </span>
            </li>
          ))}
        </ul>
      ) : data.recentChats.length === 0 ? (
        <div class="chats-empty">
          <h3>{words.emptyHeading}</h3>
          <p class="soft">{words.empty}</p>
        </div>
      ) : (
        <ul class="chats">
          {data.recentChats.map((chat) => (
            <Chat key={chat.id} chat={chat} />
          ))}
        </ul>
      )}
    </Card>
  );
}

const tones: Record<ChatStatus, BadgeTone> = {
  waiting: 'visitor',
  missed: 'danger',
  joining: 'team',
  active: 'team',
  ended: 'idle',
};

function Chat({ chat }: { chat: DashboardData['recentChats'][number] }) {
  const agents =
    chat.agents.length > 0
      ? (chat.haveLeft ? words.agentsLeft : words.agentsWith)(formatList(chat.agents))
      : chat.status === 'ended'
        ? words.agentsNoneEnded
        : words.agentsNone;
  return (
    <li class="chat">
      <span class="chat-visitor">{chat.visitorName}</span>
      <span class="chat-status">
        <Badge tone={tones[chat.status]}>{words.statuses[chat.status]}</Badge>
      </span>
      <span class="chat-more soft small">
        {agents}, <time title={formatDateTime(chat.startedAt)}>{formatAgo(chat.startedAt)}</time>
      </span>
      {chat.waitsFor === null ? null : (
        <span class="chat-waits small">{words.waitsFor(waitReason(chat.waitsFor))}</span>
      )}
      <span class="chat-link small">
        {chat.channelUrl === null ? null : (
          <NewTabLink href={chat.channelUrl} class="tall-link">
            {words.openChat}
            <span class="visually-hidden">{words.openChatOf(chat.visitorName)}</span>
          </NewTabLink>
        )}
      </span>
    </li>
  );
}

function waitReason(type: string): string {
  const reasons: Partial<Record<string, string>> = words.waitReasons;
  return reasons[type] ?? words.waitReasonUnknown;
}

function Channel({ data }: Part) {
  return (
    <Card id="channel" heading={words.channelHeading}>
      {data !== undefined && data.channel === null ? (
        <Notice tone="warning">
          <p>{words.channelMissing}</p>
        </Notice>
      ) : (
        <div>
          <p class="channel-name">{data?.channel?.name ?? <Skeleton length="long" />}</p>
          <p class="soft small">{words.channelWhat}</p>
        </div>
      )}
      <div class="channel-links">
        <ButtonLink kind="secondary" href="/settings">
          {words.editSettings}
        </ButtonLink>
        <a class="tall-link" href="/connection-check">
          {words.checkConnection}
        </a>
      </div>
    </Card>
  );
}

function Website({ data }: Part) {
  return (
    <Card id="website" heading={words.widgetHeading}>
      <p class="soft small">{words.widgetWhat}</p>
      <Snippet code={data?.widget.embedSnippet} />
      <div class="website-preview">
        {data === undefined ? (
          <span class="button button-secondary" aria-hidden="true">
            <Skeleton length="short" />
          </span>
        ) : (
          <ButtonLink kind="secondary" href={safeHref(data.widget.previewUrl)}>
            {words.preview}
          </ButtonLink>
        )}
        <p class="soft small">{words.previewWhat}</p>
      </div>
    </Card>
  );
}
