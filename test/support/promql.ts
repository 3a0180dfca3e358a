import { parser } from '@prometheus-io/lezer-promql';

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

/**
 * Parse an expression by Prometheus's own grammar. Grafana's interval variables count as five minutes.
 * @throws when it is no PromQL.
 */
export function parseQuery(expression: string): Query {
  const text = expression.replaceAll(/\$__(rate_)?interval\b/g, '5m');
  const query: Query = { selectors: [], grouping: [] };
  const at = (node: { from: number; to: number }) => text.slice(node.from, node.to);
  parser.parse(text).iterate({
    enter(ref) {
      if (ref.type.isError) throw new Error(`No PromQL at character ${ref.from}: ${text}`);
      const { node } = ref;
      if (ref.name === 'GroupingLabels') {
        query.grouping.push(...node.getChildren('LabelName').map(at));
      } else if (ref.name === 'VectorSelector') {
        const name = node.getChild('Identifier');
        if (!name) throw new Error(`A selector without a metric's name: ${at(node)}`);
        const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => {
          const [label, op, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((kind) => matcher.getChild(kind));
          if (!label || !op || !value) throw new Error(`A label matcher that is not understood: ${at(matcher)}`);
          return { label: at(label), op: at(op), value: at(value).slice(1, -1) };
        });
        query.selectors.push({ metric: at(name), matchers });
      }
    },
  });
  return query;
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
