import { shortNumber, type Figure } from './figure.ts';

/** The figures of one section. */
export interface SectionResult {
  name: string;
  title: string;
  seconds: number;
  figures: Figure[];
  /** Why the section could not be finished. */
  error?: string;
}

const labelWidth = 58;
const valueWidth = 12;
const boundWidth = 24;

/** All results as one table for people. */
export function table(results: readonly SectionResult[]): string {
  const lines: string[] = [];
  for (const { name, title, seconds, figures, error } of results) {
    lines.push('', `${title}  [${name}, ${seconds.toFixed(0)} s]`);
    for (const figure of figures) lines.push(`  ${row(figure)}`);
    if (error !== undefined) lines.push(`  could not be finished: ${error}`);
  }
  const bounded = results.flatMap(({ figures }) => figures.filter(({ bound }) => bound !== undefined));
  lines.push('', 'Bounds');
  for (const figure of bounded) lines.push(`  ${boundRow(figure)}`);
  const count = (held: boolean | undefined) => bounded.filter(({ bound }) => bound?.held === held).length;
  lines.push(`  ${count(true)} held, ${count(false)} missed, ${count(undefined)} not comparable in this run.`);
  return lines.join('\n');
}

/** @returns whether a figure misses its bound. */
export function isMissed(results: readonly SectionResult[]): boolean {
  return results.some(({ figures }) => figures.some(({ bound }) => bound?.held === false));
}

function boundRow({ id, label, bound }: Figure): string {
  const { text = '', value, held } = bound ?? {};
  const outcome = held === undefined ? 'not comparable' : held ? 'held' : 'MISSED';
  const shown = value === undefined ? '–' : shortNumber(value);
  return [label.padEnd(labelWidth), text.padEnd(boundWidth), shown.padStart(valueWidth), `  ${outcome}  [${id}]`].join(
    '',
  );
}

function row({ label, value, unit, detail }: Figure): string {
  const shown = `${shortNumber(value)} ${unit}`;
  const parts = [label.padEnd(labelWidth), shown.padStart(valueWidth)];
  if (detail !== undefined) parts.push(`  (${detail})`);
  return parts.join('');
}
