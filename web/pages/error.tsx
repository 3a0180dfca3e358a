import { ButtonLink } from '../design/button.tsx';
import { safeHref } from '../design/links.tsx';
import { text } from '../text/index.ts';

export interface ErrorPageProps {
  status: number;
  title: string;
  message: string;
  next: { label: string; href: string };
}

/** A page of one message with one way on: refusals and faults, and now and then something that went well. */
export function ErrorPage({ status, title, message, next }: ErrorPageProps) {
  return (
    <div class="wrap plain">
      {status >= 400 ? <p class="soft small">{text.error.status(status)}</p> : null}
      <h1>{title}</h1>
      <p class="plain-message">{message}</p>
      <div>
        <ButtonLink href={safeHref(next.href)}>{next.label}</ButtonLink>
      </div>
    </div>
  );
}
