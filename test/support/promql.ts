/** One selector of an expression: the metric and what its labels must be. */
export interface Selector {
  metric: string;
  matchers: { label: string; op: string; value: string }[];
}

/** A PromQL expression, as far as tests look into it. */
export interface Query {
  selectors: Selector[];
  /** Labels that it groups by. */
  grouping: string[];
}

const keywords = ['and', 'or', 'unless', 'offset', 'bool', 'on', 'ignoring', 'by', 'without'];

/**
 * The selectors and grouping labels of an expression that promtool accepts (test/deploy/monitoring.test.ts). Our label
 * values hold no braces, quotes or parentheses.
 */
export function parseQuery(expression: string): Query {
  const groups = /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g;
  const grouping = [...expression.matchAll(groups)].flatMap(([, labels = '']) =>
    labels.split(',').map((l) => l.trim()),
  );
  // What is left: names with their matchers, functions (a parenthesis follows), keywords, durations (in brackets).
  const rest = expression.replaceAll(groups, ' ').replaceAll(/\[[^\]]*\]|offset\s+\w+/g, ' ');
  const names = rest.matchAll(/(?<![\w"])([a-z_:][\w:]*)\s*(?:\{([^}]*)\})?(?!\s*\(|[\w:])/gi);
  const selectors = [...names].flatMap(([, metric = '', matchers = '']) => {
    if (keywords.includes(metric)) return [];
    const found = matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g);
    return [{ metric, matchers: [...found].map(([, label = '', op = '', value = '']) => ({ label, op, value })) }];
  });
  return { selectors, grouping };
}

/** One series of an endpoint's answer. */
export interface Series {
  metric: string;
  labels: Record<string, string>;
  value: number;
}

/** Prometheus's text format. Our label values hold no quotes or backslashes. */
export function parseExposition(text: string): { series: Series[]; types: Map<string, string> } {
  const types = new Map<string, string>();
  const series: Series[] = [];
  for (const line of text.split('\n')) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) types.set(typed, type);
    const [, metric, pairs = '', value] = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (metric === undefined || line.startsWith('#')) continue;
    const labels = Object.fromEntries(
      [...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', v = '']) => [name, v]),
    );
    series.push({ metric, labels, value: Number(value) });
  }
  return { series, types };
}
