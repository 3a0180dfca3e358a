import { Button, ButtonLink } from '../design/button.tsx';
import { Notice } from '../design/notice.tsx';
import type { Failure } from '../client/http.ts';
import { text } from '../text/index.ts';

interface FailureNoticeProps {
  failure: Failure;
  title?: string;
  /** Adds "Try again". Left out where the page tries by itself. */
  onRetry?: () => void;
  children?: preact.ComponentChildren;
}

/** Why something could not be loaded, and the way on. */
export function FailureNotice({ failure, title, onRetry, children }: FailureNoticeProps) {
  const waits = failure.kind === 'offline' || failure.kind === 'unreachable';
  return (
    <Notice tone={waits ? 'warning' : 'danger'} role="alert" {...(title === undefined ? {} : { title })}>
      <p>{failure.message}</p>
      {children}
      {failure.kind === 'signedOut' ? (
        <ButtonLink kind="secondary" href="/signin">
          {text.common.signIn}
        </ButtonLink>
      ) : onRetry === undefined ? null : (
        <Button kind="secondary" onClick={onRetry}>
          {text.common.tryAgain}
        </Button>
      )}
    </Notice>
  );
}
