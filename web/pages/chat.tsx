import type { Failure } from '../client/http.ts';
import { Button } from '../design/button.tsx';
import { text } from '../text/index.ts';
import { FailureNotice } from './failure.tsx';

const words = text.chat;

export interface ChatPageProps {
  /** `opening` until the widget is there; then `open`. */
  state?: 'opening' | 'open' | Failure;
  onShow?: () => void;
}

/** A visitor's chat, opened by a link in an e-mail: the widget is on the page, as on the website. */
export function ChatPage({ state = 'opening', onShow }: ChatPageProps) {
  const isFailed = typeof state === 'object';
  return (
    <div class="plain">
      <h1>{words.heading}</h1>
      {isFailed ? (
        <FailureNotice failure={state} title={words.failed} />
      ) : (
        <>
          <p class="plain-message" role="status">
            {state === 'open' ? words.lead : words.opening}
          </p>
          {state === 'open' ? (
            <div>
              <Button kind="secondary" {...(onShow === undefined ? {} : { onClick: onShow })}>
                {words.show}
              </Button>
            </div>
          ) : null}
        </>
      )}
    </div>
  );
}
