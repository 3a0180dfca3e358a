import type { ComponentChildren } from 'preact';

/*
 * Text with links, and the few marks of chat markdown. Everything ends up as text nodes and elements; no HTML is
 * parsed.
 */

const address = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g;

/** A link that opens beside the chat. */
export function OutsideLink({
  href,
  children,
  class: name,
}: {
  href: string;
  children: ComponentChildren;
  class?: string;
}) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" class={name}>
      {children}
    </a>
  );
}

/** Whether an address may be a link's target. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** Plain text whose web addresses are links. */
export function LinkedText({ text }: { text: string }) {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    parts.push(text.slice(end, match.index));
    parts.push(
      <OutsideLink key={match.index} href={match[0]}>
        {match[0]}
      </OutsideLink>,
    );
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return <>{parts}</>;
}

const marks = new RegExp(
  [
    /\\([\\*_~`[\]<>()])/,
    /<(https?:\/\/[^|>\s]+)\|([^>]+)>/,
    /\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)/,
    /`([^`\n]+)`/,
    /\*\*([^*\n]+)\*\*/,
    /\*([^*\n]+)\*/,
    /(?<!\w)_([^_\n]+)_(?!\w)/,
    /~([^~\n]+)~/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** Text with *bold*, _italic_, ~struck~, `code` and links, for messages that say they use markdown. */
export function MarkdownText({ text }: { text: string }) {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(marks)) {
    if (match.index > end) parts.push(<LinkedText key={`t${end}`} text={text.slice(end, match.index)} />);
    const [, escaped, angleUrl, angleText, linkText, linkUrl, code, strong, bold, italic, struck] = match;
    const key = match.index;
    if (escaped !== undefined) parts.push(escaped);
    else if (angleUrl !== undefined)
      parts.push(
        <OutsideLink key={key} href={angleUrl}>
          {angleText}
        </OutsideLink>,
      );
    else if (linkUrl !== undefined)
      parts.push(
        <OutsideLink key={key} href={linkUrl}>
          {linkText}
        </OutsideLink>,
      );
    else if (code !== undefined) parts.push(<code key={key}>{code}</code>);
    else if (strong !== undefined || bold !== undefined) parts.push(<strong key={key}>{strong ?? bold}</strong>);
    else if (italic !== undefined) parts.push(<em key={key}>{italic}</em>);
    else if (struck !== undefined) parts.push(<s key={key}>{struck}</s>);
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(<LinkedText key={`t${end}`} text={text.slice(end)} />);
  return <>{parts}</>;
}

/** `10:42`, in the reader's way of writing times. */
export function clockTime(time: number): string {
  return new Date(time).toLocaleTimeString(undefined, { hour: 'numeric', minute: '2-digit' });
}

/** `Today`, `Yesterday` or the date. */
export function dayName(time: number, now: number): string {
  const day = (value: number): string => new Date(value).toDateString();
  if (day(time) === day(now)) return 'Today';
  if (day(time) === day(now - 86_400_000)) return 'Yesterday';
  return new Date(time).toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
}

/** `5 minutes ago` on the same day, and else the date and time where the reader is: as Zoom's cards show times. */
export function timeAgo(time: number, now: number): string {
  const minutes = Math.round((time - now) / 60_000);
  const since = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  if (minutes <= -24 * 60) return new Date(time).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
  return minutes <= -60 ? since.format(Math.round(minutes / 60), 'hour') : since.format(minutes, 'minute');
}

/** Two letters for a name. */
export function initials(name: string): string {
  const words = name.split(' ');
  return `${words[0]?.charAt(0) ?? ''}${words.length > 1 ? (words.at(-1)?.charAt(0) ?? '') : ''}`;
}
