import { pageAddress } from '../../domain/page-address.ts';
import { pageUrlLength } from './limits.ts';
import type { HelloDetails } from './session.ts';

/** What the script tag says. */
export interface WidgetOptions {
  /** Public widget id. */
  widget: string;
  /** Address of the visitor WebSocket. */
  socketUrl: string;
  /** What the website says of the visitor: the server decides what of it is of use. */
  visitor: { name?: string; email?: string; attributes?: Record<string, string> };
  position: 'left' | 'right';
  /** A CSS colour, not validated yet: that takes a canvas. */
  accent: string | undefined;
  lang: string | undefined;
  heartbeatMs: number;
  /** What is kept ends with the browser's tab. */
  forTab: boolean;
  /** Parameters of the page's address that the team may see. */
  pageQuery: string[];
}

export const defaultHeartbeatMs = 20_000;
/** More than the server keeps of any of them. */
const settingLength = 1_000;
/** Below this a heartbeat would be load and no help. */
const minHeartbeatMs = 200;

/** Reads the script tag's `src` and data attributes. Null without a usable widget id and address. */
export function readOptions(src: string, data: Readonly<Record<string, string | undefined>>): WidgetOptions | null {
  const { widget, visitorName, visitorEmail, visitorAttributes, position, accent, lang, heartbeatMs, storage } = data;
  if (!widget || widget.length > 64 || !/^https?:/.test(src)) return null;
  const name = start(visitorName);
  const email = start(visitorEmail);
  const attributes = parsed(start(visitorAttributes));
  return {
    widget,
    socketUrl: `${new URL(src).origin.replace('http', 'ws')}/visitor`,
    visitor: { ...(name && { name }), ...(email && { email }), ...(attributes && { attributes }) },
    position: position === 'left' ? position : 'right',
    accent,
    lang,
    heartbeatMs: Number(heartbeatMs) >= minHeartbeatMs ? Number(heartbeatMs) : defaultHeartbeatMs,
    forTab: storage === 'tab',
    pageQuery: (data['pageQuery'] ?? '').split(',').map((name) => name.trim()),
  };
}

/** Enough of a setting for the server, which cuts it between two characters; a frame must not grow without limit. */
function start(value = ''): string {
  return value.trim().slice(0, settingLength);
}

function parsed(json: string): Record<string, string> | undefined {
  try {
    return JSON.parse(json) as Record<string, string>;
  } catch {
    return undefined;
  }
}

/** The page as frames name it: its address without what may be private, within the limits. */
export function pageDetails(href: string, title: string, pageQuery: readonly string[]): HelloDetails['page'] {
  const url = seen(href, pageQuery);
  return url ? { url, title: start(title) } : undefined;
}

/** What the website, the browser and this page say of the visitor. `token` is what an earlier chat has left. */
export function visitorDetails(
  { visitor, lang, pageQuery }: WidgetOptions,
  { document, navigator }: Window,
  token: string | null,
): HelloDetails['visitor'] {
  const referrer = seen(document.referrer, pageQuery);
  return {
    ...visitor,
    language: lang ?? navigator.language,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(referrer && { referrer }),
    ...(token && { token }),
  };
}

/** An address without what may be private; nothing for one that cannot be told. */
function seen(address: string, pageQuery: readonly string[]): string | undefined {
  const url = /^https?:/.test(address) ? pageAddress(address, pageQuery) : '';
  return url && url.length <= pageUrlLength ? url : undefined;
}
