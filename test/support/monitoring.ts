import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readYaml } from '../deploy/environment.ts';

const ruleSchema = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
});
export type Rule = z.infer<typeof ruleSchema>;
const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(ruleSchema) })),
});

/** The alerts of deploy/prometheus, in order. */
export async function readRules(): Promise<Rule[]> {
  const { groups } = rulesSchema.parse(await readYaml('deploy/prometheus/rules/live-chat.yml'));
  return groups.flatMap(({ rules }) => rules);
}

const dashboardSchema = z.looseObject({
  uid: z.string(),
  title: z.string(),
  panels: z.array(
    z.looseObject({
      id: z.number(),
      type: z.string(),
      title: z.string(),
      targets: z.array(z.looseObject({ expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
  annotations: z.looseObject({ list: z.array(z.looseObject({ expr: z.string() })) }),
  templating: z.looseObject({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
});

export async function readDashboard() {
  const text = await readFile('deploy/grafana/dashboards/live-chat.json', 'utf8');
  return dashboardSchema.parse(JSON.parse(text));
}

/** Every expression of dashboard and alerts, and where it is. */
export async function allExpressions(): Promise<{ where: string; expr: string }[]> {
  const dashboard = await readDashboard();
  return [
    ...(await readRules()).map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
    ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: `panel ${title}`, expr }))),
    ...dashboard.annotations.list.map(({ expr }) => ({ where: 'annotations', expr })),
  ];
}
