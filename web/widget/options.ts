import { pageAddress } from '../../domain/page-address.ts';
import { isEmail } from './email.ts';
import { pageTitleLength, pageUrlLength, visitorNameLength } from './limits.ts';
import type { HelloDetails } from './session.ts';

/** What the script tag says. */
export interface WidgetOptions {
  /** Public widget id. */
  widget: string;
  /** Address of the visitor WebSocket. */
  socketUrl: string;
  visitor: { name?: string; email?: string };
  position: 'left' | 'right';
  /** A CSS colour, not validated yet: that takes a canvas. */
  accent: string | undefined;
  lang: string | undefined;
  heartbeatMs: number;
  /** Parameters of the page's address that the team may see. */
  pageQuery: string[];
}

export const defaultHeartbeatMs = 20_000;
/** Below this a heartbeat would be load and no help. */
const minHeartbeatMs = 200;

/** Reads the script tag's `src` and data attributes. Null without a usable widget id and address. */
export function readOptions(src: string, data: Readonly<Record<string, string | undefined>>): WidgetOptions | null {
  const { widget, visitorName, visitorEmail, position, accent, lang, heartbeatMs, pageQuery = '' } = data;
  if (!widget || widget.length > 64 || !/^https?:/.test(src)) return null;
  const name = visitorName?.trim().slice(0, visitorNameLength).trim();
  const email = visitorEmail?.trim() ?? '';
  return {
    widget,
    socketUrl: `${new URL(src).origin.replace('http', 'ws')}/visitor`,
    visitor: {
      ...(name && { name }),
      ...(isEmail(email) && { email }),
    },
    position: position === 'left' ? position : 'right',
    accent,
    lang,
    heartbeatMs: Number(heartbeatMs) >= minHeartbeatMs ? Number(heartbeatMs) : defaultHeartbeatMs,
    pageQuery: pageQuery.split(',').map((name) => name.trim()),
  };
}

/** The page as `hello` names it: its address without what may be private, within the limits. */
export function pageDetails(href: string, title: string, pageQuery: readonly string[]): HelloDetails['page'] {
  if (!/^https?:/.test(href)) return undefined;
  const url = pageAddress(href, pageQuery);
  return url.length <= pageUrlLength ? { url, title: title.slice(0, pageTitleLength) } : undefined;
}
