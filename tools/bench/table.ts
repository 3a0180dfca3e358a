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

/** All results as one table for people. */
export function table(results: readonly SectionResult[]): string {
  const lines: string[] = [];
  for (const { name, title, seconds, figures, error } of results) {
    lines.push('', `${title}  [${name}, ${seconds.toFixed(0)} s]`);
    for (const figure of figures) lines.push(`  ${row(figure)}`);
    if (error !== undefined) lines.push(`  could not be finished: ${error}`);
  }
  const verdicts = results.flatMap(({ figures }) => figures.flatMap(({ verdict }) => (verdict ? [verdict] : [])));
  const held = verdicts.filter(({ pass }) => pass === true).length;
  const missed = verdicts.filter(({ pass }) => pass === false).length;
  const open = verdicts.length - held - missed;
  lines.push('', `Targets: ${held} held, ${missed} missed${open === 0 ? '' : `, ${open} not comparable in this run`}.`);
  return lines.join('\n');
}

function row({ label, value, unit, detail, verdict }: Figure): string {
  const shown = `${shortNumber(value)} ${unit}`;
  const parts = [label.padEnd(labelWidth), shown.padStart(valueWidth)];
  if (detail !== undefined) parts.push(`  (${detail})`);
  if (verdict !== undefined) {
    const { target, ratio, pass } = verdict;
    const outcome = pass === undefined ? 'not comparable' : pass ? 'PASS' : 'FAIL';
    parts.push(`  ${outcome}: ${ratio === undefined ? '' : `${shortNumber(ratio)}, `}target ${target}`);
  }
  return parts.join('');
}
