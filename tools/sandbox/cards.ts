import { z } from 'zod';
import type { Switches } from './switches.ts';

/*
 * Chatbot cards (developers.zoom.us/docs/team-chat-apps/customizing-messages/). Elements may carry fields beyond
 * those named here; a type that Zoom does not know is refused.
 */

const style = z.looseObject({
  color: z.string().optional(),
  bold: z.boolean().optional(),
  italic: z.boolean().optional(),
});
const option = z.looseObject({ text: z.string(), value: z.string() });

const message = z.looseObject({
  type: z.literal('message'),
  text: z.string(),
  style: style.optional(),
  link: z.url({ protocol: /^https?$/ }).optional(),
  editable: z.boolean().optional(),
  is_markdown_support: z.boolean().optional(),
});
const fields = z.looseObject({
  type: z.literal('fields'),
  items: z
    .array(
      z.looseObject({
        key: z.string(),
        value: z.string(),
        short: z.boolean().optional(),
        editable: z.boolean().optional(),
      }),
    )
    .min(1),
});
const buttonFields = z.looseObject({
  text: z.string().min(1),
  value: z.string(),
  style: z.enum(['Primary', 'Default', 'Danger', 'Disabled']).optional(),
  /** `dialog` opens a page in a window of the client, and the app hears nothing of it. */
  action: z.enum(['dialog']).optional(),
  dialog: z
    .looseObject({
      link: z.url({ protocol: /^https?$/ }),
      title: z.looseObject({ text: z.string() }).optional(),
    })
    .optional(),
});
const button = buttonFields.refine((item) => item.action === undefined || item.dialog !== undefined, {
  message: 'A button that opens a dialog needs one.',
});
const actions = z.looseObject({
  type: z.literal('actions'),
  items: z.array(button).min(1),
  limit: z.number().int().positive().optional(),
});
const attachments = z.looseObject({
  type: z.literal('attachments'),
  resource_url: z.url().optional(),
  img_url: z.url().optional(),
  information: z
    .looseObject({
      title: z.looseObject({ text: z.string() }).optional(),
      description: z.looseObject({ text: z.string() }).optional(),
    })
    .optional(),
});
const select = z.looseObject({
  type: z.literal('select'),
  text: z.string(),
  select_items: z.array(option).optional(),
  selected_item: option.optional(),
  static_source: z.enum(['members', 'channels']).optional(),
});
const divider = z.looseObject({
  type: z.literal('divider'),
  style: z
    .looseObject({ bold: z.boolean().optional(), dotted: z.boolean().optional(), color: z.string().optional() })
    .optional(),
});
const progressBar = z.looseObject({ type: z.literal('progress_bar'), value: z.number().min(0).max(100) });
const file = z.looseObject({
  type: z.literal('file'),
  icon_url: z.url().optional(),
  title: z.looseObject({ text: z.string(), file_url: z.url({ protocol: /^https?$/ }).optional() }),
  description: z.looseObject({ text: z.string() }).optional(),
});
const alert = z.looseObject({
  type: z.literal('alert'),
  text: z.string(),
  level: z.enum(['info', 'success', 'warning', 'error']).optional(),
});
const images = z.looseObject({
  type: z.literal('images'),
  text: z.string().optional(),
  image_url: z.url().optional(),
  items: z.array(z.looseObject({ image_url: z.url(), text: z.string().optional() })).optional(),
});
const datepicker = z.looseObject({
  type: z.literal('datepicker'),
  text: z.string().optional(),
  initial_date: z.string().optional(),
});
const timepicker = z.looseObject({
  type: z.literal('timepicker'),
  text: z.string().optional(),
  initial_time: z.string().optional(),
});
const radioButtons = z.looseObject({
  type: z.literal('radio_buttons'),
  text: z.string().optional(),
  options: z.array(option).min(1),
});
const checkboxes = z.looseObject({
  type: z.literal('checkboxes'),
  text: z.string().optional(),
  options: z.array(option).min(1),
});
const textInput = z.looseObject({
  type: z.literal('plain_text_input'),
  text: z.string().optional(),
  placeholder: z.string().optional(),
});
const video = z.looseObject({
  type: z.literal('video'),
  text: z.string().optional(),
  video_url: z.url({ protocol: /^https?$/ }).optional(),
});
const page = z.looseObject({
  type: z.literal('page'),
  text: z.string().optional(),
  link: z.url({ protocol: /^https?$/ }).optional(),
});

const plainElement = z.discriminatedUnion('type', [
  message,
  fields,
  actions,
  attachments,
  select,
  divider,
  progressBar,
  file,
  alert,
  images,
  datepicker,
  timepicker,
  radioButtons,
  checkboxes,
  textInput,
  video,
  page,
]);

/** A colored block of other elements; sections do not nest. */
const section = z.looseObject({
  type: z.literal('section'),
  sidebar_color: z.string().optional(),
  sections: z.array(plainElement).min(1),
  footer: z.string().optional(),
  footer_icon: z.url().optional(),
  ts: z.number().optional(),
});

/** One element of a card's body. */
export const cardElement = z.discriminatedUnion('type', [section, ...plainElement.options]);

/** `content` of a chatbot message: a head, a body of elements, or both. */
export const cardContent = z
  .looseObject({
    head: z
      .looseObject({
        text: z.string(),
        style: style.optional(),
        sub_head: z.looseObject({ text: z.string(), style: style.optional() }).optional(),
      })
      .optional(),
    body: z.array(cardElement).optional(),
    settings: z.looseObject({}).optional(),
  })
  .refine((content) => content.head !== undefined || (content.body?.length ?? 0) > 0, {
    message: 'content needs a head or a body',
  });

export type CardContent = z.infer<typeof cardContent>;
export type CardElement = z.infer<typeof cardElement>;
export type PlainElement = z.infer<typeof plainElement>;

/** Longest text that the chat client shows of one text of a card. */
export const cardTextLimit = 4096;

function* flat(content: CardContent): Generator<PlainElement> {
  for (const element of content.body ?? []) {
    if (element.type === 'section') yield* element.sections;
    else yield element;
  }
}

/** The buttons of a card whose press is sent to the app. */
export function buttonsOf(content: CardContent | undefined): { text: string; value: string }[] {
  if (content === undefined) return [];
  return [...flat(content)].flatMap((element) =>
    element.type === 'actions'
      ? element.items
          .filter((item) => item.style !== 'Disabled' && item.action === undefined)
          .map(({ text, value }) => ({ text, value }))
      : [],
  );
}

/** The selects of a card, with the values they offer. */
export function selectsOf(
  content: CardContent | undefined,
): { text: string; options: { text: string; value: string }[] }[] {
  if (content === undefined) return [];
  return [...flat(content)].flatMap((element) =>
    element.type === 'select' ? [{ text: element.text, options: element.select_items ?? [] }] : [],
  );
}

/** The words of a card in one text, as notifications, lists and events show it. */
export function plainText(content: CardContent): string {
  const lines: string[] = [];
  if (content.head !== undefined) lines.push(content.head.text);
  if (content.head?.sub_head !== undefined) lines.push(content.head.sub_head.text);
  for (const element of flat(content)) {
    if (element.type === 'message' || element.type === 'alert') lines.push(element.text);
    if (element.type === 'fields') for (const item of element.items) lines.push(`${item.key}: ${item.value}`);
    if (element.type === 'file') lines.push(element.title.text);
    if (element.type === 'attachments' && element.information?.title) lines.push(element.information.title.text);
  }
  return lines.filter((line) => line !== '').join('\n');
}

/** Checks lengths and counts, of which secondary sources alone name the counts; returns what is wrong, or null. */
export function overLimit(content: CardContent, switches: Switches): string | null {
  for (const element of flat(content)) {
    if (switches.cardText === 'reject' && element.type === 'message' && element.text.length > cardTextLimit) {
      return `A text must not be longer than ${cardTextLimit} characters.`;
    }
    if (element.type === 'actions') {
      if (element.items.length > 5) return 'A row must not have more than 5 buttons.';
      if (element.items.some((item) => item.text.length > 40))
        return 'A button text must not be longer than 40 characters.';
    }
    if (element.type === 'select' && (element.select_items?.length ?? 0) > 100) {
      return 'A select must not have more than 100 options.';
    }
  }
  return null;
}

/** Whether a card has a link or an editable text in markdown, which Zoom refuses. */
export function mixesMarkdown(content: CardContent, markdown: boolean): boolean {
  return [...flat(content)].some((element) => {
    if (element.type === 'fields') return markdown && element.items.some((item) => item.editable === true);
    if (element.type !== 'message') return false;
    const special = element.link !== undefined || element.editable === true;
    return special && (markdown || element.is_markdown_support === true);
  });
}

/** Cuts the texts that are too long to be shown. */
export function truncated(content: CardContent): CardContent {
  const cut = <T extends PlainElement>(element: T): T =>
    element.type === 'message' && element.text.length > cardTextLimit
      ? { ...element, text: element.text.slice(0, cardTextLimit) }
      : element;
  if (content.body === undefined) return content;
  return {
    ...content,
    body: content.body.map((element) =>
      element.type === 'section' ? { ...element, sections: element.sections.map(cut) } : cut(element),
    ),
  };
}
