/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { Mail } from '../state.ts';
import { document, Sheet } from '../ui/pages.tsx';

/** The time of a mail; of another day with the date. */
function timeOf(at: number, now: number): string {
  const iso = new Date(at).toISOString();
  const day = iso.slice(0, 10);
  return `${day === new Date(now).toISOString().slice(0, 10) ? '' : `${day} `}${iso.slice(11, 16)} UTC`;
}

/** The list of mails, the newest first. */
export function mailboxPage(mails: readonly Mail[], now: number): string {
  return document(
    'Mailbox – Sandbox',
    <Sheet wide>
      <h1>Mailbox</h1>
      <p class="lead">
        Every e-mail that the app has sent, whoever it is for. Nothing here was passed on.{' '}
        <a href="/">People of the sandbox</a>
      </p>
      {mails.length === 0 ? (
        <p class="muted">No e-mail yet. Reload this page once the app has sent one.</p>
      ) : (
        <ul class="mails">
          {mails.map(({ id, subject, from, to, receivedAt }) => (
            <li key={id} class="mail-row">
              <a class="mail-subject" href={`/mailbox/${id}`}>
                {subject === '' ? 'No subject' : subject}
              </a>
              <span class="mail-people">
                {from} to {to}
              </span>
              <time class="mail-time" dateTime={new Date(receivedAt).toISOString()}>
                {timeOf(receivedAt, now)}
              </time>
            </li>
          ))}
        </ul>
      )}
    </Sheet>,
  );
}

/** Headers that say something about how a mail behaves; the others are folded away. */
const telling = ['from', 'to', 'date', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post'];

/** One mail: its headers, its HTML as a mail program shows it, and its text. */
export function mailPage({ id, subject, headers, html, text }: Mail): string {
  const shown = telling.flatMap((name) => headers.filter((header) => header.name === name));
  const others = headers.filter(({ name }) => !telling.includes(name));
  return document(
    `${subject} – Sandbox`,
    <Sheet wide>
      <p>
        <a href="/mailbox">Mailbox</a>
      </p>
      <h1>{subject === '' ? 'No subject' : subject}</h1>
      <Headers headers={shown} />
      {html === '' ? null : (
        <section aria-labelledby="as-html">
          <h2 id="as-html" class="group-title">
            As HTML
          </h2>
          <iframe class="mail-html" title="The e-mail as HTML" src={`/mailbox/${id}/html`} />
        </section>
      )}
      <section aria-labelledby="as-text">
        <h2 id="as-text" class="group-title">
          As text
        </h2>
        <pre class="mail-text">{text}</pre>
      </section>
      <details>
        <summary>Other headers</summary>
        <Headers headers={others} />
      </details>
    </Sheet>,
  );
}

function Headers({ headers }: { headers: Mail['headers'] }) {
  return (
    <dl class="mail-headers">
      {headers.map(({ name, value }, n) => (
        <div key={n}>
          <dt>{name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
