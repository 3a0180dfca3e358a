import { useEffect, useState } from 'preact/hooks';
import type {
  CheckChoice,
  CheckStepView,
  ConnectionCheckData,
  ConnectionCheckProgress,
} from '../../domain/connection-check.ts';
import { request, type Failure } from '../client/http.ts';
import { useResource } from '../client/use-resource.ts';
import { Button, ButtonLink } from '../design/button.tsx';
import { Card } from '../design/card.tsx';
import { BackLink, NewTabLink } from '../design/links.tsx';
import { Notice } from '../design/notice.tsx';
import { Skeleton } from '../design/skeleton.tsx';
import { Steps, type StepView } from '../design/steps.tsx';
import type { CheckFacts } from '../text/en.ts';
import { formatTime } from '../text/format.ts';
import { text } from '../text/index.ts';
import { FailureNotice } from './failure.tsx';
import { MissingScopeList } from './missing-scopes.tsx';

const words = text.connectionCheck;

/** While a check runs somebody watches it; otherwise a colleague may start one. */
const watchedMs = 1_000;
const idleMs = 15_000;

/** Proves a Zoom app step by step, and says what to do where it does not work. */
export function ConnectionCheck() {
  const [isRunning, setIsRunning] = useState(false);
  const { resource, reload, refresh } = useResource<ConnectionCheckData>('/api/connection-check', {
    refreshMs: isRunning ? watchedMs : idleMs,
  });
  const data = resource.state === 'ready' ? resource.data : undefined;
  const runs = data?.check?.status === 'running';
  useEffect(() => {
    setIsRunning(runs);
  }, [runs]);

  return (
    <div class="narrow">
      <BackLink href="/dashboard">{words.back}</BackLink>
      <div class="page-head">
        <h1>{words.heading}</h1>
        <p class="soft">{words.lead}</p>
      </div>
      <p class="visually-hidden" role="status" aria-live="polite">
        {data === undefined ? (resource.state === 'loading' ? words.loading : '') : announcement(data)}
      </p>
      {resource.state === 'failed' ? (
        <FailureNotice failure={resource.failure} title={words.errorHeading} onRetry={reload} />
      ) : (
        <div class="stack" aria-busy={data === undefined ? 'true' : undefined}>
          {resource.state === 'ready' && resource.stale !== undefined ? (
            <FailureNotice failure={resource.stale}>
              <p>{words.stale(formatTime(resource.at))}</p>
            </FailureNotice>
          ) : null}
          {data?.check?.status === 'done' ? <Summary check={data.check} /> : null}
          {data?.mayRun === false ? (
            <Notice tone="info" title={words.readOnlyHeading}>
              <p>{words.readOnly}</p>
            </Notice>
          ) : null}
          {data === undefined || data.check === null ? <What data={data} /> : null}
          {data?.mayRun === true ? <Start check={data.check} onStarted={refresh} /> : null}
          {data?.check ? <CheckSteps data={data} check={data.check} onChosen={refresh} /> : null}
        </div>
      )}
    </div>
  );
}

/** What a check does, for who has not run one. */
function What({ data }: { data: ConnectionCheckData | undefined }) {
  return (
    <Card id="what" heading={words.whatHeading}>
      {data === undefined ? (
        <div class="stack">
          <Skeleton length="long" />
          <Skeleton length="long" />
          <Skeleton />
        </div>
      ) : (
        <>
          <ul class="check-what">
            {words.what.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          <p class="soft small">{words.whatTime}</p>
        </>
      )}
    </Card>
  );
}

function Start({ check, onStarted }: { check: ConnectionCheckProgress | null; onStarted: () => Promise<void> }) {
  const [isStarting, setIsStarting] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const isRunning = check?.status === 'running';

  const start = async () => {
    setIsStarting(true);
    setFailure(undefined);
    const answer = await request<ConnectionCheckData>('POST', '/api/connection-check');
    if (answer.ok) await onStarted();
    else setFailure(answer.failure);
    setIsStarting(false);
  };

  return (
    <div class="check-head">
      <Button onClick={() => void start()} unavailable={isRunning || isStarting} describedBy="check-running">
        {isStarting ? words.starting : check === null ? words.start : words.startAgain}
      </Button>
      <p class="soft small" id="check-running">
        {isRunning ? words.runningHint : ''}
      </p>
      {failure === undefined ? null : <FailureNotice failure={failure} title={words.startFailed} />}
    </div>
  );
}

function Summary({ check }: { check: ConnectionCheckProgress }) {
  const has = (state: CheckStepView['state']) => check.steps.some((step) => step.state === state);
  const kind = has('failed') ? 'failed' : has('skipped') ? 'incomplete' : has('noted') ? 'noted' : 'passed';
  const tones = { failed: 'danger', incomplete: 'warning', noted: 'success', passed: 'success' } as const;
  const { title, body } = words.done[kind];
  return (
    <Notice tone={tones[kind]} title={title} role="status">
      <p>{body}</p>
    </Notice>
  );
}

interface CheckStepsProps {
  data: ConnectionCheckData;
  check: ConnectionCheckProgress;
  onChosen: () => Promise<void>;
}

const looks: Record<CheckStepView['state'], StepView['state']> = {
  pending: 'pending',
  running: 'running',
  waiting: 'waiting',
  passed: 'done',
  noted: 'noted',
  failed: 'failed',
  skipped: 'skipped',
};

function CheckSteps({ data, check, onChosen }: CheckStepsProps) {
  const [failure, setFailure] = useState<Failure | undefined>(undefined);

  const choose = async (step: CheckStepView, choice: CheckChoice) => {
    setFailure(undefined);
    // The button goes with the answer: whoever pressed it by the keyboard stays where they were.
    document.getElementById(`step-${step.id}`)?.focus({ preventScroll: true });
    const body = { step: step.id, choice };
    const answer = await request<ConnectionCheckData>('POST', '/api/connection-check/choice', body);
    if (answer.ok) await onChosen();
    else setFailure(answer.failure);
  };

  return (
    <Card id="steps" heading={words.stepsHeading}>
      <Steps
        labelledBy="steps"
        steps={check.steps.map((step) => ({
          id: step.id,
          state: looks[step.state],
          label: words.steps[step.id],
          stateLabel: words.states[step.state],
          detail: step.state === 'failed' || step.state === 'waiting' ? undefined : verdictOf(step, data),
          extra: hasMore(step) ? (
            <>
              <More step={step} data={data} check={check} />
              {data.mayRun && step.choices !== undefined ? (
                <Choices step={step} choices={step.choices} onChoose={(choice) => void choose(step, choice)} />
              ) : null}
              {failure === undefined || step.choices === undefined ? null : (
                <FailureNotice failure={failure} title={words.choiceFailed} />
              )}
            </>
          ) : undefined,
        }))}
      />
    </Card>
  );
}

const hasMore = ({ state, outcome, id }: CheckStepView) =>
  state === 'failed' || state === 'waiting' || (state === 'noted' && helpFor(id, outcome) !== undefined);

/** What to do, and behind it what an administrator of the app looks at. */
function More({
  step,
  data,
  check,
}: {
  step: CheckStepView;
  data: ConnectionCheckData;
  check: ConnectionCheckProgress;
}) {
  const facts = factsOf(step, data);
  const { id, state, outcome, until, detail, missingScopes } = step;
  const channel = check.channel;
  if (state === 'waiting' && (id === 'word' || id === 'press')) {
    return (
      <>
        <p class="check-instruction">{words.instructions[id](check.word, facts)}</p>
        {channel === undefined ? null : (
          <p>
            <NewTabLink href={channel.url}>{words.openChannel(channel.name)}</NewTabLink>
          </p>
        )}
        {until === undefined ? null : <p class="soft small">{words.waitsUntil(formatTime(new Date(until)))}</p>}
      </>
    );
  }
  const help = helpFor(id, outcome);
  const places =
    outcome !== 'nothingArrived'
      ? []
      : id === 'word'
        ? words.places.word(data.endpoints.events)
        : words.places.press(data.endpoints.bot);
  const isFailed = state === 'failed';
  const whatToDo = (
    <>
      {help === undefined ? null : <p>{help(facts)}</p>}
      <WayOn step={step} check={check} />
    </>
  );
  return (
    <>
      {isFailed ? (
        <>
          <p class="check-verdict-failed">{verdictOf(step, data)}</p>
          {whatToDo}
        </>
      ) : null}
      {isFailed && places.length === 0 && detail === undefined && missingScopes === undefined ? null : (
        <details class="check-details">
          <summary>
            {words.details}
            <span class="visually-hidden">{words.choices.of(words.steps[id])}</span>
          </summary>
          {isFailed ? null : whatToDo}
          {missingScopes === undefined ? null : <MissingScopeList missing={missingScopes} />}
          {places.length === 0 ? null : (
            <ul class="check-places">
              {places.map((place) => (
                <li key={place}>{place}</li>
              ))}
            </ul>
          )}
          {detail === undefined ? null : (
            <p>
              {words.zoomSaid}
              {detail}
            </p>
          )}
        </details>
      )}
    </>
  );
}

/** The link to where it is put right, if that is one of ours or in Zoom. */
function WayOn({ step: { id, outcome }, check }: { step: CheckStepView; check: ConnectionCheckProgress }) {
  const { channel, privateChannel } = check;
  switch (outcome) {
    case 'scopesMissing':
    case 'optionalScopesMissing':
    case 'ScopeMissing':
    case 'NeedsReconnect':
      return (
        <ButtonLink kind="secondary" href="/install">
          {words.addAgain}
        </ButtonLink>
      );
    case 'notListed':
    case 'AccountUnknown':
    case 'ChannelGone':
      return (
        <ButtonLink kind="secondary" href="/settings">
          {words.settings}
        </ButtonLink>
      );
    case 'BotNotAllowed':
      return id === 'post' && channel !== undefined ? (
        <NewTabLink href={channel.url}>{words.openChannel(channel.name)}</NewTabLink>
      ) : null;
    case 'leftBehind':
    case 'ZoomRefused':
      return id === 'removeChannel' && privateChannel !== undefined ? (
        <NewTabLink href={privateChannel.url}>{words.openChannel(privateChannel.name)}</NewTabLink>
      ) : null;
    default:
      return null;
  }
}

interface ChoicesProps {
  step: CheckStepView;
  choices: readonly CheckChoice[];
  onChoose: (choice: CheckChoice) => void;
}

function Choices({ step, choices, onChoose }: ChoicesProps) {
  const { id, state } = step;
  const label: Record<CheckChoice, string> = {
    retry: words.choices.retry,
    skip: state === 'failed' ? words.choices.goOn : words.choices.skip,
    nothingHappened: words.choices.nothingHappened[id === 'press' ? 'press' : 'word'],
  };
  return (
    <div class="check-buttons">
      {choices.map((choice) => (
        <Button
          key={choice}
          kind={choice === 'retry' ? 'primary' : choice === 'skip' ? 'quiet' : 'secondary'}
          onClick={() => onChoose(choice)}
        >
          {label[choice]}
        </Button>
      ))}
    </div>
  );
}

function factsOf({ by }: CheckStepView, { check, names }: ConnectionCheckData): CheckFacts {
  const who = by === undefined || by === '' ? words.unnamed : (names[by] ?? words.userId(by));
  return { channel: check?.channel?.name ?? '', privateChannel: check?.privateChannel?.name ?? '', by: who };
}

type Sentences = Partial<Record<string, (facts: CheckFacts) => string>>;

/** One sentence for what came out of a step; undefined while nothing has. */
function verdictOf(step: CheckStepView, data: ConnectionCheckData): string | undefined {
  const { id, outcome } = step;
  if (outcome === undefined) return undefined;
  const own: Sentences = words.verdicts[id];
  const any: Sentences = words.anyVerdict;
  return (own[outcome] ?? any[outcome])?.(factsOf(step, data)) ?? words.otherVerdict;
}

/** What to do about it; undefined where there is nothing to do. */
function helpFor(
  id: CheckStepView['id'],
  outcome: CheckStepView['outcome'],
): ((facts: CheckFacts) => string) | undefined {
  if (outcome === undefined || outcome === 'scopesUnknown') return undefined;
  const own: Sentences = (words.help as Partial<Record<string, Sentences>>)[id] ?? {};
  const any: Sentences = words.anyHelp;
  return own[outcome] ?? any[outcome] ?? (() => words.otherHelp);
}

/** What changed last, for who does not see the list. */
function announcement(data: ConnectionCheckData): string {
  const { check } = data;
  if (check?.status !== 'running') return '';
  const { steps, word } = check;
  const asking = steps.find(({ choices }) => choices !== undefined);
  if (asking !== undefined) {
    const { id, state } = asking;
    const facts = factsOf(asking, data);
    if (state === 'waiting' && (id === 'word' || id === 'press')) return words.instructions[id](word, facts);
    const sentence = [verdictOf(asking, data), helpFor(id, asking.outcome)?.(facts)].filter(Boolean).join(' ');
    return words.announce(words.steps[id], sentence);
  }
  const done = steps.filter(({ state }) => state !== 'pending' && state !== 'running').length;
  return words.progress(done, steps.length);
}
