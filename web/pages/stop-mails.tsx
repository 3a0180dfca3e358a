import { Button } from '../design/button.tsx';
import { text } from '../text/index.ts';

const words = text.stopMails;

export interface StopMailsProps {
  /** The mails have been stopped. */
  done: boolean;
}

/** Stops the e-mails about one chat. A plain form, posted to this page’s own address: it works without JavaScript. */
export function StopMails({ done }: StopMailsProps) {
  return (
    <div class="wrap plain">
      <h1>{done ? words.doneHeading : words.heading}</h1>
      <p class="plain-message">{done ? words.doneLead : words.lead}</p>
      {done ? null : (
        <form method="post">
          <Button type="submit">{words.stop}</Button>
        </form>
      )}
    </div>
  );
}
