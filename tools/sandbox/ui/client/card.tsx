import { useId, useState } from 'preact/hooks';
import type { CardContent, CardElement, PlainElement } from '../../cards.ts';
import { Icon } from './icons.tsx';
import { launchTarget } from './launch.ts';
import { isPlainClick, navigate } from './route.ts';
import { isWebAddress, LinkedText, MarkdownText, OutsideLink, timeAgo } from './text.tsx';

/** What a card's controls need to know. */
export interface CardContext {
  userId: string;
  markdown: boolean;
  /** People and channels, for selects that list them. */
  names: { members: string[]; channels: string[] };
  press: (value: string) => Promise<void>;
}

type Of<T extends CardElement['type']> = Extract<CardElement, { type: T }>;
type TextStyle = { color?: string | undefined; bold?: boolean | undefined; italic?: boolean | undefined } | undefined;

/** Only plain colors: a card must not reach anything else through a style. */
const safeColor = (color: string | undefined): string | undefined =>
  color !== undefined && /^(#[0-9a-f]{3,8}|[a-z]{3,20}|rgba?\([\d\s.,%]+\))$/i.test(color) ? color : undefined;

function styleOf(style: TextStyle): Record<string, string> {
  const color = safeColor(style?.color);
  return {
    ...(color === undefined ? {} : { color }),
    ...(style?.bold === true ? { fontWeight: '700' } : {}),
    ...(style?.italic === true ? { fontStyle: 'italic' } : {}),
  };
}

/** A link of a card. One that leads into this Team Chat opens in this tab, as its person. */
function CardLink({ href, text, context }: { href: string; text: string; context: CardContext }) {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin || !url.pathname.startsWith('/launch/')) {
    return (
      <OutsideLink href={href} class="card-link">
        {text}
      </OutsideLink>
    );
  }
  return (
    <a
      class="card-link"
      href={href}
      onClick={(event) => {
        if (!isPlainClick(event)) return;
        event.preventDefault();
        navigate(launchTarget(url, context.userId));
      }}
    >
      {text}
    </a>
  );
}

function MessageElement({ element, context }: { element: Of<'message'>; context: CardContext }) {
  if (element.link !== undefined && isWebAddress(element.link)) {
    return (
      <p class="card-text" style={styleOf(element.style)}>
        <CardLink href={element.link} text={element.text} context={context} />
      </p>
    );
  }
  const markdown = element.is_markdown_support ?? context.markdown;
  return (
    <p class="card-text" style={styleOf(element.style)}>
      {markdown ? <MarkdownText text={element.text} /> : <LinkedText text={element.text} />}
    </p>
  );
}

const buttonClass = {
  Primary: 'button button-primary',
  Danger: 'button button-danger',
  Default: 'button',
  Disabled: 'button',
};

function Buttons({ element, context }: { element: Of<'actions'>; context: CardContext }) {
  const [busy, setBusy] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const shown = element.limit === undefined || open ? element.items : element.items.slice(0, element.limit);
  const folded = element.items.length - shown.length;
  const use = async (value: string): Promise<void> => {
    setBusy(value);
    await context.press(value);
    setBusy(null);
  };
  return (
    <div class="card-actions">
      {shown.map((item) =>
        item.dialog === undefined ? (
          <button
            key={item.value}
            type="button"
            class={buttonClass[item.style ?? 'Default']}
            disabled={item.style === 'Disabled'}
            aria-busy={busy === item.value}
            onClick={() => void use(item.value)}
          >
            {item.text}
          </button>
        ) : (
          <a
            key={item.value}
            class={buttonClass[item.style ?? 'Default']}
            href={item.dialog.link}
            target="_blank"
            rel="noopener noreferrer"
          >
            {item.text}
          </a>
        ),
      )}
      {folded > 0 && (
        <button type="button" class="button button-quiet" aria-expanded={false} onClick={() => setOpen(true)}>
          {folded} more
        </button>
      )}
    </div>
  );
}

function Select({ element, context }: { element: Of<'select'>; context: CardContext }) {
  const listed = element.static_source === undefined ? [] : context.names[element.static_source];
  const options = element.select_items ?? listed.map((name) => ({ text: name, value: name }));
  return (
    <label class="card-field">
      <span>{element.text}</span>
      <select
        value={element.selected_item?.value ?? ''}
        onChange={(event) => {
          if (event.currentTarget.value !== '') void context.press(event.currentTarget.value);
        }}
      >
        <option value="">Choose…</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Choices({ element, kind }: { element: Of<'radio_buttons'> | Of<'checkboxes'>; kind: 'radio' | 'checkbox' }) {
  const name = useId();
  return (
    <fieldset class="card-choices">
      <legend>{element.text ?? 'Choose'}</legend>
      {element.options.map((option) => (
        <label key={option.value}>
          <input type={kind} name={name} value={option.value} /> {option.text}
        </label>
      ))}
    </fieldset>
  );
}

function Attachment({ element }: { element: Of<'attachments'> }) {
  const title = element.information?.title?.text ?? 'Attachment';
  const link = element.resource_url;
  return (
    <div class="card-attachment">
      {element.img_url !== undefined && isWebAddress(element.img_url) && <img src={element.img_url} alt="" />}
      <div>
        {link !== undefined && isWebAddress(link) ? (
          <OutsideLink href={link}>{title}</OutsideLink>
        ) : (
          <strong>{title}</strong>
        )}
        {element.information?.description !== undefined && <p class="muted">{element.information.description.text}</p>}
      </div>
    </div>
  );
}

function FileElement({ element }: { element: Of<'file'> }) {
  const link = element.title.file_url;
  return (
    <div class="card-file">
      <Icon name="file" />
      <div>
        {link === undefined ? (
          <strong>{element.title.text}</strong>
        ) : (
          <OutsideLink href={link}>{element.title.text}</OutsideLink>
        )}
        {element.description !== undefined && <p class="muted">{element.description.text}</p>}
      </div>
    </div>
  );
}

function Images({ element }: { element: Of<'images'> }) {
  const list =
    element.items ?? (element.image_url === undefined ? [] : [{ image_url: element.image_url, text: element.text }]);
  return (
    <div class="card-images">
      {list
        .filter((item) => isWebAddress(item.image_url))
        .map((item) => (
          <img key={item.image_url} src={item.image_url} alt={item.text ?? ''} />
        ))}
    </div>
  );
}

function Plain({ element, context }: { element: PlainElement; context: CardContext }) {
  switch (element.type) {
    case 'message':
      return <MessageElement element={element} context={context} />;
    case 'fields':
      return (
        <dl class="card-fields">
          {element.items.map((item) => (
            <div key={item.key} class={item.short === true ? 'short' : undefined}>
              <dt>{item.key}</dt>
              <dd>
                <LinkedText text={item.value} />
              </dd>
            </div>
          ))}
        </dl>
      );
    case 'actions':
      return <Buttons element={element} context={context} />;
    case 'attachments':
      return <Attachment element={element} />;
    case 'select':
      return <Select element={element} context={context} />;
    case 'divider': {
      const color = safeColor(element.style?.color);
      const kind = element.style?.dotted === true ? 'dotted' : 'solid';
      const width = element.style?.bold === true ? '2px' : '1px';
      return (
        <hr
          class="card-divider"
          style={{
            borderTopStyle: kind,
            borderTopWidth: width,
            ...(color === undefined ? {} : { borderColor: color }),
          }}
        />
      );
    }
    case 'progress_bar':
      return (
        <div class="card-progress">
          <progress max={100} value={element.value} aria-label="Progress" />
          <span>{element.value} %</span>
        </div>
      );
    case 'file':
      return <FileElement element={element} />;
    case 'alert':
      return <p class={`card-alert card-alert-${element.level ?? 'info'}`}>{element.text}</p>;
    case 'images':
      return <Images element={element} />;
    case 'datepicker':
      return (
        <label class="card-field">
          <span>{element.text ?? 'Date'}</span>
          <input type="date" defaultValue={element.initial_date ?? ''} />
        </label>
      );
    case 'timepicker':
      return (
        <label class="card-field">
          <span>{element.text ?? 'Time'}</span>
          <input type="time" defaultValue={element.initial_time ?? ''} />
        </label>
      );
    case 'radio_buttons':
      return <Choices element={element} kind="radio" />;
    case 'checkboxes':
      return <Choices element={element} kind="checkbox" />;
    case 'plain_text_input':
      return (
        <label class="card-field">
          <span>{element.text ?? 'Text'}</span>
          <input type="text" placeholder={element.placeholder ?? ''} />
        </label>
      );
    case 'video':
      return element.video_url === undefined ? null : (
        <p class="card-text">
          <OutsideLink href={element.video_url}>{element.text ?? 'Video'}</OutsideLink>
        </p>
      );
    case 'page':
      return element.link === undefined ? (
        <p class="card-text">{element.text}</p>
      ) : (
        <p class="card-text">
          <CardLink href={element.link} text={element.text ?? element.link} context={context} />
        </p>
      );
  }
}

/** Words, and a time: how long ago it is, or the date and time of one that is not recent. */
function SectionFooter({ footer, ts }: { footer?: string | undefined; ts?: number | undefined }) {
  if (footer === undefined && ts === undefined) return null;
  const when = ts !== undefined && <time dateTime={new Date(ts).toISOString()}>{timeAgo(ts, Date.now())}</time>;
  return (
    <p class="card-footer">
      {footer}
      {footer !== undefined && when && ' · '}
      {when}
    </p>
  );
}

/** A chatbot card with all its elements. */
export function Card({ content, context }: { content: CardContent; context: CardContext }) {
  return (
    <div class="card">
      {content.head !== undefined && (
        <div class="card-head">
          <p class="card-title" style={styleOf(content.head.style)}>
            {content.head.text}
          </p>
          {content.head.sub_head !== undefined && (
            <p class="card-sub" style={styleOf(content.head.sub_head.style)}>
              <LinkedText text={content.head.sub_head.text} />
            </p>
          )}
        </div>
      )}
      {(content.body ?? []).map((element, index) =>
        element.type === 'section' ? (
          <div key={index} class="card-section" style={{ borderLeftColor: safeColor(element.sidebar_color) ?? '' }}>
            {element.sections.map((inner, at) => (
              <Plain key={at} element={inner} context={context} />
            ))}
            <SectionFooter footer={element.footer} ts={element.ts} />
          </div>
        ) : (
          <Plain key={index} element={element} context={context} />
        ),
      )}
    </div>
  );
}
