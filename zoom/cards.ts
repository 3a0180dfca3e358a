import { truncateText } from '../domain/text.ts';

/**
 * Cards that the bot posts, as Zoom takes them: the types below are the JSON itself, the functions build it and keep
 * its limits. Text is literal, so that what a visitor wrote cannot become a link or a heading.
 *
 * Sources: developers.zoom.us/docs/team-chat-apps/customizing-messages/ and the card types of Zoom's SDK
 * (@zoom/rivet). The limits of cards are not documented; those here are seen in Zoom's samples, and keeping below
 * them is always right.
 */

/** Longest text of one element. */
const maxText = 4_096;
/** Longest text of a button. */
const maxButtonText = 40;
/** Most buttons in one row. */
const maxButtons = 5;

/** Look of a text. */
export interface TextStyle {
  readonly bold?: boolean;
}

/** A paragraph; with `link` all of it is a link. */
export interface MessageElement {
  readonly type: 'message';
  readonly text: string;
  readonly style?: TextStyle;
  readonly link?: string;
}

/** Names with values; two `short` ones share a line. */
export interface FieldsElement {
  readonly type: 'fields';
  readonly items: readonly { readonly key: string; readonly value: string; readonly short?: boolean }[];
}

export type ButtonStyle = 'Primary' | 'Default' | 'Danger';

/** A button. It never opens a page: pressing it sends its `value` back as an event. */
export interface Button {
  readonly text: string;
  readonly value: string;
  readonly style: ButtonStyle;
}

/** A row of buttons. */
export interface ActionsElement {
  readonly type: 'actions';
  readonly items: readonly Button[];
}

/** Elements that belong together, with a coloured bar beside them. Sections do not nest. */
export interface SectionElement {
  readonly type: 'section';
  readonly sidebar_color: string;
  readonly sections: readonly (MessageElement | FieldsElement)[];
  /** ms; shown below the elements: how long ago that was, or the date and time where the reader is. */
  readonly ts?: number;
}

/** Any element of a card's body. */
export type CardElement = MessageElement | FieldsElement | ActionsElement | SectionElement;

/** A whole card: the `content` of a chatbot message. */
export interface Card {
  readonly head: { readonly text: string; readonly sub_head?: { readonly text: string } };
  readonly body: readonly CardElement[];
}

/** A card. Undefined elements of the body are left out, which makes optional parts easy. */
export function card(input: {
  readonly head: string;
  readonly subHead?: string | undefined;
  readonly body: readonly (CardElement | undefined)[];
}): Card {
  const { head, subHead, body } = input;
  return {
    head: { text: cardText(head), ...(subHead === undefined ? {} : { sub_head: { text: cardText(subHead) } }) },
    body: body.filter((element) => element !== undefined),
  };
}

/** A paragraph. */
export function message(text: string, style?: TextStyle): MessageElement {
  return { type: 'message', text: cardText(text), ...(style && { style }) };
}

/**
 * A paragraph that opens an address: the way to a page, since buttons have none. @throws TypeError unless http or
 * https.
 */
export function link(text: string, url: string): MessageElement {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new TypeError('A card links only to http and https addresses');
  return { ...message(text), link: url };
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

/**
 * Elements beside a coloured bar. Undefined ones are left out, and so is a section without any.
 * @param color as `#rrggbb`.
 * @param at a time to be shown with them, ms.
 */
export function section(
  color: string,
  elements: readonly (MessageElement | FieldsElement | undefined)[],
  at?: number,
): SectionElement | undefined {
  const sections = elements.filter((element) => element !== undefined);
  if (sections.length === 0) return undefined;
  return { type: 'section', sidebar_color: color, sections, ...(at === undefined ? {} : { ts: at }) };
}

/** A button. Put only an opaque id into `value`: it comes back in an event, and anyone in the channel can press. */
export function button(text: string, value: string, style: ButtonStyle = 'Default'): Button {
  return { text: truncateText(text, maxButtonText), value, style };
}

/** A row of buttons. @throws RangeError for too many or none: dropping one in silence would hide an action. */
export function actions(...items: readonly Button[]): ActionsElement {
  if (items.length === 0 || items.length > maxButtons) throw new RangeError(`A row has 1 to ${maxButtons} buttons`);
  return { type: 'actions', items };
}

/**
 * What in a card can say which post it is: texts of its sub-head, values of its buttons, addresses of its links. Never
 * a paragraph or a field, in which a visitor could have written the same.
 *
 * @param content a card in whatever form Zoom gives it back: an object, wrapped in another, or as JSON text.
 */
export function cardMarks(content: unknown): string[] {
  const marks: string[] = [];
  const visit = (node: unknown, depth: number, inSubHead: boolean): void => {
    if (depth > 20 || typeof node !== 'object' || node === null) return;
    const isField = 'key' in node;
    for (const [key, value] of Object.entries(node)) {
      if (typeof value !== 'string') visit(value, depth + 1, key === 'sub_head');
      else if ((key === 'value' && !isField) || key === 'link' || (inSubHead && key === 'text')) marks.push(value);
    }
  };
  visit(typeof content === 'string' ? parsed(content) : content, 0, false);
  return marks;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function cardText(text: string): string {
  return truncateText(text, maxText);
}
