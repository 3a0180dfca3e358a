import { truncate } from './text.ts';

/**
 * Cards that the bot posts, as Zoom takes them: the types below are the JSON itself, the functions build it and keep its limits.
 * Text is literal unless markdown is asked for, so that what a visitor wrote cannot become a link or a heading.
 *
 * Sources: developers.zoom.us/docs/team-chat-apps/customizing-messages/ and the card types of Zoom's SDK (@zoom/rivet). The
 * limits of cards are not documented; those here are seen in Zoom's samples, and keeping below them is always right.
 */

/** Longest text of one element, in code points. */
export const MAX_CARD_TEXT = 4096;
/** Longest text of a button, in code points. */
export const MAX_BUTTON_TEXT = 40;
/** Most buttons in one row. */
export const MAX_BUTTONS = 5;

/** Look of a text. `color` is a CSS colour such as `#2E7D32`. */
export interface TextStyle {
  readonly color?: string;
  readonly bold?: boolean;
  readonly italic?: boolean;
}

/** A paragraph; with `link` all of it is a link. */
export interface MessageElement {
  readonly type: 'message';
  readonly text: string;
  readonly style?: TextStyle;
  readonly link?: string;
  readonly is_markdown_support?: boolean;
}

/** Names with values; two `short` ones share a line. */
export interface FieldsElement {
  readonly type: 'fields';
  readonly items: readonly { readonly key: string; readonly value: string; readonly short?: boolean }[];
}

/** Look of a button. A `Disabled` one stays visible and cannot be pressed. */
export type ButtonStyle = 'Primary' | 'Default' | 'Danger' | 'Disabled';

/** A button. It never opens a page: pressing it sends its `value` back as an event. */
export interface Button {
  readonly text: string;
  readonly value: string;
  readonly style: ButtonStyle;
}

/** A row of buttons; those after `limit` are folded into a menu. */
export interface ActionsElement {
  readonly type: 'actions';
  readonly items: readonly Button[];
  readonly limit?: number;
}

/** A line across the card. */
export interface DividerElement {
  readonly type: 'divider';
  readonly style?: { readonly bold?: boolean; readonly dotted?: boolean; readonly color?: string };
}

/** A linked box with picture, title and description. */
export interface AttachmentsElement {
  readonly type: 'attachments';
  readonly resource_url?: string;
  readonly img_url?: string;
  readonly information: { readonly title: { readonly text: string }; readonly description?: { readonly text: string } };
}

/** A linked file. The bot cannot upload; it can only point. */
export interface FileElement {
  readonly type: 'file';
  readonly icon_url: string;
  readonly title: { readonly text: string; readonly file_url?: string };
  readonly description: { readonly text: string };
}

/** A progress bar, 0 to 100. */
export interface ProgressBarElement {
  readonly type: 'progress_bar';
  readonly value: number;
}

/** A menu; choosing sends an `interactive_message_select` event. */
export interface SelectElement {
  readonly type: 'select';
  readonly text: string;
  readonly select_items: readonly { readonly text: string; readonly value: string }[];
  readonly selected_item?: { readonly value: string };
}

/** Elements that stand in a card or inside a section. */
export type PlainElement =
  | MessageElement
  | FieldsElement
  | ActionsElement
  | DividerElement
  | AttachmentsElement
  | FileElement
  | ProgressBarElement
  | SelectElement;

/** A group of elements with a coloured bar at its side and a footer; `ts` is in milliseconds since 1970. */
export interface SectionElement {
  readonly type: 'section';
  readonly sidebar_color?: string;
  readonly sections: readonly PlainElement[];
  readonly footer?: string;
  readonly footer_icon?: string;
  readonly ts?: number;
}

/** Any element of a card's body. */
export type CardElement = PlainElement | SectionElement;

/** A whole card: the `content` of a chatbot message. */
export interface Card {
  readonly head?: { readonly text: string; readonly style?: TextStyle; readonly sub_head?: { readonly text: string } };
  readonly body: readonly CardElement[];
}

/** A card. `subHead` shows only below a `head`. Undefined elements of the body are left out, which makes optional parts easy. */
export function card(input: {
  readonly head?: string | undefined;
  readonly headStyle?: TextStyle | undefined;
  readonly subHead?: string | undefined;
  readonly body?: readonly (CardElement | undefined)[] | undefined;
}): Card {
  const { head, headStyle, subHead, body = [] } = input;
  const subHeadPart = subHead === undefined ? {} : { sub_head: { text: cardText(subHead) } };
  const stylePart = headStyle === undefined ? {} : { style: headStyle };
  return {
    ...(head === undefined ? {} : { head: { text: cardText(head), ...stylePart, ...subHeadPart } }),
    body: body.filter((element) => element !== undefined),
  };
}

/** A paragraph. Literal unless `markdown` is true; then escape what others wrote with `escapeMarkdown`. */
export function message(
  text: string,
  options: { readonly style?: TextStyle; readonly markdown?: boolean } = {},
): MessageElement {
  const { style, markdown = false } = options;
  return { type: 'message', text: cardText(text), ...(style && { style }), is_markdown_support: markdown };
}

/** A paragraph that opens an address: the way to a page, since buttons have none. @throws TypeError unless http or https. */
export function link(text: string, url: string, options: { readonly style?: TextStyle } = {}): MessageElement {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new TypeError('A card links only to http and https addresses');
  return { ...message(text, options), link: url };
}

/** Names with values, in order. Entries whose value is undefined or empty are left out. */
export function fields(
  items: readonly { readonly key: string; readonly value: string | undefined; readonly short?: boolean }[],
): FieldsElement {
  return {
    type: 'fields',
    items: items.flatMap(({ key, value, short }) =>
      value ? [{ key: cardText(key), value: cardText(value), ...(short === undefined ? {} : { short }) }] : [],
    ),
  };
}

/** A button. Put only an opaque id into `value`: it comes back in an event, and anyone in the channel can press. */
export function button(text: string, value: string, style: ButtonStyle = 'Default'): Button {
  return { text: truncate(text, MAX_BUTTON_TEXT), value, style };
}

/** A row of buttons. @throws RangeError for more than MAX_BUTTONS or none: dropping one in silence would hide an action. */
export function actions(...items: readonly Button[]): ActionsElement {
  if (items.length === 0 || items.length > MAX_BUTTONS) throw new RangeError(`A row has 1 to ${MAX_BUTTONS} buttons`);
  return { type: 'actions', items };
}

/** A line across the card. */
export function divider(style?: DividerElement['style']): DividerElement {
  return { type: 'divider', ...(style && { style }) };
}

/** A group with a coloured bar; `timestamp` in milliseconds since 1970. */
export function section(
  elements: readonly (PlainElement | undefined)[],
  options: { readonly color?: string; readonly footer?: string; readonly timestamp?: number } = {},
): SectionElement {
  return {
    type: 'section',
    ...(options.color === undefined ? {} : { sidebar_color: options.color }),
    sections: elements.filter((element) => element !== undefined),
    ...(options.footer === undefined ? {} : { footer: cardText(options.footer) }),
    ...(options.timestamp === undefined ? {} : { ts: options.timestamp }),
  };
}

/** A linked box. */
export function attachment(input: {
  readonly title: string;
  readonly description?: string;
  readonly url?: string;
  readonly imageUrl?: string;
}): AttachmentsElement {
  return {
    type: 'attachments',
    ...(input.url === undefined ? {} : { resource_url: input.url }),
    ...(input.imageUrl === undefined ? {} : { img_url: input.imageUrl }),
    information: {
      title: { text: cardText(input.title) },
      ...(input.description === undefined ? {} : { description: { text: cardText(input.description) } }),
    },
  };
}

/** A progress bar; `percent` is held between 0 and 100. */
export function progressBar(percent: number): ProgressBarElement {
  return { type: 'progress_bar', value: Math.round(Math.min(100, Math.max(0, percent))) };
}

/** A menu of choices. */
export function select(
  text: string,
  items: readonly { readonly text: string; readonly value: string }[],
  selected?: string,
): SelectElement {
  return {
    type: 'select',
    text: cardText(text),
    select_items: items,
    ...(selected === undefined ? {} : { selected_item: { value: selected } }),
  };
}

/**
 * Every text, key, value and link in a card, in order, in whatever form Zoom gives it back (`bot_message` of a history,
 * `original` of a button event, a card as JSON text). For finding out whether a card that we meant to post is there.
 */
export function cardTexts(content: unknown): string[] {
  const texts: string[] = [];
  const visit = (node: unknown, depth: number): void => {
    if (depth > 20 || typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === 'string') {
        if (TEXT_KEYS.has(key)) texts.push(value);
      } else visit(value, depth + 1);
    }
  };
  visit(typeof content === 'string' ? parsed(content) : content, 0);
  return texts;
}

const TEXT_KEYS: ReadonlySet<string> = new Set(['text', 'key', 'value', 'link', 'footer', 'message']);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { text };
  }
}

function cardText(text: string): string {
  return truncate(text, MAX_CARD_TEXT);
}
