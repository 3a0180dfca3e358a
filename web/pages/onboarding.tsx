import { useEffect, useState } from 'preact/hooks';
import type { InstallProgress } from '../../domain/dashboard.ts';
import { request, type Failure } from '../client/http.ts';
import { useInstallProgress } from '../client/install-progress.ts';
import { Button, ButtonLink } from '../design/button.tsx';
import { Card } from '../design/card.tsx';
import { NewTabLink } from '../design/links.tsx';
import { Steps } from '../design/steps.tsx';
import { text } from '../text/index.ts';
import { FailureNotice } from './failure.tsx';
import { MissingScopes } from './missing-scopes.tsx';

const words = text.onboarding;

type Phase = keyof typeof words.heading;

function phaseOf({ status }: InstallProgress): Phase {
  return status === 'done' ? 'ready' : status;
}

/** The install as it happens, and the way on when it is ready. */
export function Onboarding() {
  const { progress, trouble, retrying, retryFailure, retry } = useInstallProgress();
  const phase = phaseOf(progress);

  useEffect(() => {
    document.title = text.product.pageTitle(words.heading[phase]);
  }, [phase]);

  return (
    <>
      <div class="page-head">
        <h1>{words.heading[phase]}</h1>
        <p class="soft">{words.lead[phase]}</p>
      </div>
      <p class="visually-hidden" role="status">
        {announcement(progress)}
      </p>
      {trouble === undefined ? null : (
        <div class="onboarding-trouble">
          <FailureNotice failure={trouble} />
        </div>
      )}
      <MissingScopes missing={progress.missingScopes ?? []} />
      <div class="columns">
        <Card id="steps" heading={words.stepsHeading}>
          <Steps
            labelledBy="steps"
            steps={progress.steps.map(({ id, state, detail }) => ({
              id,
              state,
              detail,
              label: words.steps[id],
              stateLabel: words.states[state],
              extra:
                progress.failure?.step === id ? (
                  <WayOut
                    failure={progress.failure}
                    retrying={retrying}
                    retryFailure={retryFailure}
                    onRetry={() => void retry()}
                  />
                ) : undefined,
            }))}
          />
          {phase === 'notStarted' ? (
            <div>
              <ButtonLink href="/install">{words.addToZoom}</ButtonLink>
            </div>
          ) : null}
        </Card>
        <Next progress={progress} />
      </div>
    </>
  );
}

function announcement({ status, steps, failure }: InstallProgress): string {
  if (failure !== undefined) return words.announceFailed(words.steps[failure.step], failure.message);
  if (status === 'ready' || status === 'done') return words.announceReady;
  const done = steps.filter(({ state }) => state === 'done').length;
  return done === 0 ? '' : words.progress(done, steps.length);
}

interface WayOutProps {
  failure: NonNullable<InstallProgress['failure']>;
  retrying: boolean;
  /** Why the last retry was refused. */
  retryFailure: Failure | undefined;
  onRetry: () => void;
}

function WayOut({ failure, retrying, retryFailure, onRetry }: WayOutProps) {
  return (
    <>
      <p class="onboarding-failure" id="failure">
        {failure.message}
      </p>
      {failure.next === 'retry' ? (
        <Button onClick={onRetry} unavailable={retrying} describedBy="failure">
          {retrying ? words.retrying : words.retry}
        </Button>
      ) : (
        <ButtonLink href="/install">{words.addAgain}</ButtonLink>
      )}
      {retryFailure === undefined ? null : <FailureNotice failure={retryFailure} />}
    </>
  );
}

/**
 * What to do in Zoom. There from the start, to be read while the steps run, so that nothing jumps when they are done.
 */
function Next({ progress }: { progress: InstallProgress }) {
  const [finishing, setFinishing] = useState(false);
  const [refused, setRefused] = useState<Failure | undefined>(undefined);
  const ready = progress.status === 'ready' || progress.status === 'done';
  const channel = ready ? progress.inboundChannel : undefined;

  const finish = async () => {
    setFinishing(true);
    setRefused(undefined);
    const answer = await request('POST', '/api/install/done');
    if (answer.ok) {
      location.assign('/dashboard');
      return;
    }
    setFinishing(false);
    setRefused(answer.failure);
  };

  return (
    <Card id="next" heading={words.nextHeading}>
      <ol class="numbered">
        <li>
          {words.openChannel.before}
          {channel === undefined ? (
            words.openChannel.pending
          ) : (
            <NewTabLink href={channel.url}>{words.openChannel.link(channel.name)}</NewTabLink>
          )}
        </li>
        <li>{words.test}</li>
        <li>{words.invite}</li>
        <li>
          {words.check.before}
          {ready ? <a href="/connection-check">{words.check.link}</a> : words.check.link}
        </li>
      </ol>
      {refused === undefined ? null : <FailureNotice failure={refused} />}
      <div class="onboarding-done">
        <Button large onClick={() => void finish()} unavailable={!ready || finishing} describedBy="done-hint">
          {words.done}
        </Button>
        <p class="soft small" id="done-hint" aria-live={finishing ? 'polite' : undefined}>
          {finishing ? words.finishing : ready ? words.doneHintReady : words.doneHintPending}
        </p>
      </div>
    </Card>
  );
}
