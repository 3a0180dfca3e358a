import { truncateText } from '../domain/text.ts';
import { mailTexts, type MailTexts } from './texts.ts';

/** What one agent wrote, as the visitor may see it. */
export interface Answer {
  /** Who wrote it, by the name that visitors see. */
  name: string;
  text: string;
  /** ms since 1970 */
  at: number;
  isEdited: boolean;
  /** Names of files. */
  files: readonly string[];
}

export interface AnswersMail {
  answers: readonly Answer[];
  /** Who answers, as the widget calls them. */
  team: string;
  chatUrl: string;
  stopUrl: string;
  /** The visitor's language, as a tag. */
  language?: string;
}

/** Longer ones are for the chat itself. */
const mostAnswers = 50;
const longestAnswer = 5_000;

/**
 * A mail with what agents answered: as text and as HTML that loads nothing and tells nobody that it was read. Nothing
 * that the visitor wrote is in it, so that nobody can have words of their own sent to somebody else's address.
 */
export function composeAnswers(mail: AnswersMail): { subject: string; text: string; html: string } {
  const { team } = mail;
  const texts = mailTexts(mail.language);
  const names = [...new Set(mail.answers.map(({ name }) => name))].filter((name) => name !== '');
  const shown = mail.answers.slice(0, mostAnswers).map((answer) => ({
    ...answer,
    text: truncateText(answer.text, longestAnswer),
    about: aboutOf(answer, texts, team),
  }));
  const left = mail.answers.length - shown.length;
  const content = { ...mail, texts, names, shown, more: left > 0 ? texts.more(left) : undefined };
  return { subject: texts.subject(names, team), text: asText(content), html: asHtml(content) };
}

interface Content extends AnswersMail {
  texts: MailTexts;
  names: string[];
  shown: (Answer & { about: string })[];
  more: string | undefined;
}

/** Who wrote when. In UTC: where the visitor is when they read it, nobody knows. */
function aboutOf({ name, at, isEdited }: Answer, texts: MailTexts, team: string): string {
  const time = new Intl.DateTimeFormat(texts.lang, {
    dateStyle: 'medium',
    timeStyle: 'short',
    hourCycle: 'h23',
    timeZone: 'UTC',
  }).format(at);
  return `${name === '' ? team : name}, ${time} UTC${isEdited ? ` (${texts.edited})` : ''}`;
}

function asText({ texts, names, team, shown, more, chatUrl, stopUrl }: Content): string {
  const messages = shown.map(({ about, text, files }) =>
    [`${about}:`, ...(text === '' ? [] : [text]), ...(files.length === 0 ? [] : [texts.files(files)])].join('\n'),
  );
  const parts = [
    texts.heading(names, team),
    ...messages,
    ...(more === undefined ? [] : [more]),
    `${texts.openChat}:\n${chatUrl}`,
    texts.noReply,
    `-- \n${texts.why(team)}\n${texts.stop}:\n${stopUrl}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

const font = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/** Styles stand at the elements, since mail programs drop style sheets; colours are given in pairs. */
function asHtml({ texts, names, team, shown, more, chatUrl, stopUrl }: Content): string {
  const messages = shown.map(
    ({ about, text, files }) => `
<p style="margin:24px 0 4px;font-size:14px;color:#4b5c58">${escape(about)}</p>
<div style="padding:12px 16px;background:#edf1f0;color:#13211e;border-radius:8px;white-space:pre-wrap;word-break:break-word">${escape(text)}${
      files.length === 0 ? '' : `${text === '' ? '' : '\n'}${escape(texts.files(files))}`
    }</div>`,
  );
  return `<!doctype html>
<html lang="${texts.lang}" dir="${texts.dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escape(texts.subject(names, team))}</title>
</head>
<body style="margin:0;padding:0;background:#f5f7f6;color:#13211e">
<div style="max-width:560px;margin:0 auto;padding:32px 20px;background:#ffffff;color:#13211e;${font};font-size:16px;line-height:1.5">
<h1 style="margin:0;font-size:20px;line-height:1.3">${escape(texts.heading(names, team))}</h1>${messages.join('')}
${more === undefined ? '' : `<p style="margin:16px 0 0">${escape(more)}</p>\n`}<p style="margin:28px 0 12px"><a href="${escape(chatUrl)}" style="display:inline-block;padding:12px 20px;background:#0b6455;color:#ffffff;border-radius:8px;font-weight:600;text-decoration:none">${escape(texts.openChat)}</a></p>
<p style="margin:0;font-size:14px;color:#4b5c58">${escape(texts.noReply)}</p>
<p style="margin:28px 0 0;padding-top:16px;border-top:1px solid #d7dfdc;font-size:14px;color:#4b5c58">${escape(texts.why(team))} <a href="${escape(stopUrl)}" style="color:#0b6455">${escape(texts.stop)}</a></p>
</div>
</body>
</html>
`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? '');
}
