import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import { exportedName, metrics, type MetricDefinition, type MetricName } from '../../domain/metrics.ts';
import { thisSystem } from '../../tools/embedded/system.ts';
import { allExpressions, readDashboard, readRules } from '../support/monitoring.ts';
import { parseQuery } from '../support/promql.ts';
import { tempFolder } from '../tools/embedded/temp-folder.ts';
import { readCompose, readYaml } from './environment.ts';

/** What Prometheus makes by itself. */
const ofPrometheus = ['up', 'ALERTS'];
const names = Object.keys(metrics) as MetricName[];
const series = names.flatMap((name) =>
  metrics[name].kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [exportedName(name)],
);

/** Runs Prometheus's own tool. Where it is not installed the test is skipped, but not in CI. */
async function promtool({ skip }: TestContext, ...args: string[]): Promise<void> {
  const path = await thisSystem.findOnPath('promtool');
  skip(path === undefined && !process.env['CI'], 'promtool is not on PATH: it comes with Debian’s package prometheus');
  const { ok, fault, output } = await thisSystem.run(path ?? 'promtool', args, { timeoutMs: 20_000 });
  expect(ok, output || fault).toBe(true);
}

describe('promtool finds no fault', () => {
  test('in the configuration of Prometheus', async (context) => {
    await promtool(context, 'check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml');
  });

  test('in the alerts, which fire when they should', async (context) => {
    await promtool(context, 'check', 'rules', 'deploy/prometheus/rules/live-chat.yml');
    await promtool(context, 'test', 'rules', 'test/deploy/alerts.test.yml');
  });

  test('in the expressions of the dashboard', async (context) => {
    const { panels, annotations } = await readDashboard();
    const targets = [...panels.flatMap(({ targets }) => targets), ...annotations.list];
    const rules = targets.map(({ expr }, n) => ({
      record: `dashboard:${n}`,
      expr: expr.replaceAll(/\$__(rate_)?interval\b/g, '5m'),
    }));
    const file = join(await tempFolder(), 'dashboard.yml');
    await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
    await promtool(context, 'check', 'rules', file);
  });
});

describe('the expressions of alerts and dashboard', () => {
  test('are over metrics that there are', async () => {
    const expressions = await allExpressions();
    expect(expressions.length).toBeGreaterThan(60);
    for (const { where, expr } of expressions) {
      const { selectors } = parseQuery(expr);
      expect(selectors.length, where).toBeGreaterThan(0);
      for (const { metric } of selectors) {
        // Temporal's own are held to a running process: test/telemetry/system.test.ts.
        if (!metric.startsWith('temporal_')) expect([...series, ...ofPrometheus], where).toContain(metric);
      }
    }
  });

  test('show every metric of ours somewhere', async () => {
    const shown = (await allExpressions()).flatMap(({ expr }) =>
      parseQuery(expr).selectors.map(({ metric }) => metric),
    );
    const hidden = names.filter(
      (name) => !shown.some((metric) => metric.replace(/_bucket|_count$/, '') === exportedName(name)),
    );
    expect(hidden).toEqual([]);
  });
});

describe('each alert', () => {
  test('has a name of its own, a time to wait, a summary and a page', async () => {
    const rules = await readRules();
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, for: wait, annotations } of rules) {
      expect(wait, alert).toMatch(/^\d+[mh]$/);
      expect(annotations.summary, alert).toMatch(/\.$/);
      expect(annotations.runbook, alert).toBe(`docs/alerts/${alert}.md`);
      await expect(access(annotations.runbook), alert).resolves.toBeUndefined();
    }
  });

  test('names in its summary only labels that its expression keeps', async () => {
    for (const { alert, expr, annotations } of await readRules()) {
      const { grouping } = parseQuery(expr);
      const aggregated = /\b(sum|max|min)\b/.test(expr);
      for (const [, label = ''] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) {
        expect(aggregated ? grouping : ['job', 'instance'], `${alert}: ${label}`).toContain(label);
      }
    }
  });

  test('is in the list of operations.md, and no page is without an alert', async () => {
    const alerts = (await readRules()).map(({ alert }) => alert);
    const pages = (await readdir('docs/alerts')).map((file) => file.replace(/\.md$/, ''));
    expect(pages.sort()).toEqual([...alerts].sort());
    const index = await readFile('docs/operations.md', 'utf8');
    for (const { alert, labels } of await readRules()) {
      expect(index).toMatch(new RegExp(`\\| \\[${alert}\\]\\(alerts/${alert}\\.md\\) +\\| ${labels.severity} `));
    }
  });

  test('has a page that says what it means, what people see, where to look, what to do and when it is over', async () => {
    for (const { alert } of await readRules()) {
      const page = await readFile(`docs/alerts/${alert}.md`, 'utf8');
      const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
      expect(headings).toEqual([alert, 'What it means', 'What people see', 'Look at', 'Do', 'Over when']);
    }
  });
});

describe('docs/telemetry.md', () => {
  test('lists every metric with its labels and meaning', async () => {
    const page = await readFile('docs/telemetry.md', 'utf8');
    const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    for (const name of names) {
      const { kind, labels, help }: MetricDefinition = metrics[name];
      const shown = labels.map((label) => `\`${label}\``).join(', ');
      expect(rows).toContainEqual(['', `\`${exportedName(name)}\``, kind, shown, help, '']);
    }
  });
});

describe('the dashboard', () => {
  test('can be imported: one id for each panel, the data source as a variable', async () => {
    const { panels, templating, uid } = await readDashboard();
    expect(uid).toBe('live-chat');
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(templating.list).toMatchObject([{ name: 'datasource', type: 'datasource' }]);
    const text = await readFile('deploy/grafana/dashboards/live-chat.json', 'utf8');
    expect([...text.matchAll(/"uid": "([^"]+)"/g)].map(([, used]) => used)).toEqual(
      expect.arrayContaining(['live-chat', '${datasource}']),
    );
    expect(new Set([...text.matchAll(/"uid": "([^"]+)"/g)].map(([, used]) => used)).size).toBe(2);
  });

  test('is found by Grafana where the compose file mounts it', async () => {
    const { services } = await readCompose();
    const mounts = new Map(
      (services['grafana']?.volumes ?? []).map((volume) => {
        const [from = '', to = ''] = volume.split(':');
        return [from, to] as const;
      }),
    );
    expect(mounts.get('./deploy/grafana/provisioning')).toBe('/etc/grafana/provisioning');
    const folder = mounts.get('./deploy/grafana/dashboards') ?? '';
    const provider = await readYaml('deploy/grafana/provisioning/dashboards/live-chat.yml');
    expect(provider).toMatchObject({ providers: [{ options: { path: folder } }] });
    expect(services['grafana']?.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(
      `${folder}/live-chat.json`,
    );
  });
});

describe('Prometheus', () => {
  test('asks api and worker at the port that the compose file gives them, and reads the rules that it mounts', async () => {
    const { services } = await readCompose();
    const config = await readYaml('deploy/prometheus/prometheus.yml');
    const port = Number(services['api']?.environment['METRICS_PORT']);
    expect(services['worker']?.environment['METRICS_PORT']).toBe(String(port));
    expect(config).toMatchObject({
      rule_files: ['/etc/prometheus/rules/*.yml'],
      scrape_configs: [
        { job_name: 'live-chat-api', dns_sd_configs: [{ names: ['api'], type: 'A', port }] },
        { job_name: 'live-chat-worker', dns_sd_configs: [{ names: ['worker'], type: 'A', port }] },
      ],
    });
    expect(services['prometheus']?.volumes).toContain('./deploy/prometheus:/etc/prometheus:ro');
  });

  test('and Grafana are started only when they are asked for', async () => {
    const { services } = await readCompose();
    const optional = Object.entries(services).filter(([, service]) => 'profiles' in service);
    expect(optional.map(([name]) => name)).toEqual(['prometheus', 'grafana']);
  });
});
