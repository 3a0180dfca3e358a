import type { ComponentChildren } from 'preact';
import { AlertIcon, CheckIcon, InfoIcon } from './icons.tsx';

interface NoticeProps {
  tone: 'info' | 'success' | 'warning' | 'danger';
  title?: string;
  children: ComponentChildren;
  /**
   * How it is announced when it appears: `alert` at once, `status` when there is a pause; absent when it was there from
   * the start.
   */
  role?: 'alert' | 'status';
}

/** A message to the reader of the page, with what to do next. */
export function Notice({ tone, title, children, role }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={role}>
      {tone === 'success' ? <CheckIcon /> : tone === 'info' ? <InfoIcon /> : <AlertIcon />}
      <div class="notice-body">
        {title === undefined ? null : <p class="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}
