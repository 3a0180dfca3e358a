import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readApiConfig, readWorkerConfig, variablesByProcess } from '../../config/env.ts';
import { metrics } from '../../domain/metrics.ts';
import { taskQueues } from '../../domain/workflow-ids.ts';

const folder = 'deploy/kubernetes';

const objectSchema = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const referenceSchema = z.looseObject({ key: z.string(), name: z.string(), optional: z.boolean().optional() });
const containerSchema = z.looseObject({
  envFrom: z.array(z.looseObject({ configMapRef: z.looseObject({ name: z.string() }) })),
  env: z.array(z.looseObject({ name: z.string(), valueFrom: z.looseObject({ secretKeyRef: referenceSchema }) })),
});
const deploymentSchema = objectSchema.extend({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.looseObject({}),
        containers: z.tuple([containerSchema]),
      }),
    }),
  }),
});
const scaledObjectSchema = objectSchema.extend({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ name: z.string() }),
    triggers: z.array(z.looseObject({ type: z.string(), metadata: z.record(z.string(), z.string()) })),
  }),
});

async function objectsOf(file: string) {
  const documents = parseAllDocuments(await readFile(`${folder}/${file}`, 'utf8'));
  return documents.map((document) => objectSchema.parse(document.toJS()));
}

async function podOf(process: 'api' | 'worker') {
  const deployment = (await objectsOf(`base/${process}.yaml`)).find(({ kind }) => kind === 'Deployment');
  return deploymentSchema.parse(deployment).spec.template.spec;
}

/** The values of an .env file that kustomize makes a ConfigMap of. */
async function valuesOf(file: string): Promise<Record<string, string>> {
  const text = await readFile(`${folder}/base/${file}`, 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

const files = { api: ['shared.env', 'api.env'], worker: ['shared.env', 'worker.env'] } as const;
/** Development only, refused in production. */
const notInProduction = 'TEMPORAL_UI_PORT';
const sorted = (names: readonly string[]) => [...names].sort();

describe.each(['api', 'worker'] as const)('%s in Kubernetes', (process) => {
  test('gets exactly the variables that it reads, each once', async () => {
    const [{ env }] = (await podOf(process)).containers;
    const values = await Promise.all(files[process].map(valuesOf));
    const names = [...values.flatMap((one) => Object.keys(one)), ...env.map(({ name }) => name)];
    expect(sorted(names)).toEqual(sorted(variablesByProcess[process].filter((name) => name !== notInProduction)));
  });

  test('reads its values from the ConfigMaps of these files', async () => {
    const [{ envFrom }] = (await podOf(process)).containers;
    expect(envFrom.map(({ configMapRef }) => configMapRef.name)).toEqual(['live-chat', `live-chat-${process}`]);
    const kustomization = await readFile(`${folder}/base/kustomization.yaml`, 'utf8');
    expect(kustomization).toContain(`name: live-chat-${process}\n    envs: [${process}.env]`);
    expect(kustomization).toContain('name: live-chat\n    envs: [shared.env]');
  });

  test('has secrets by reference, and starts with those that are not optional', async () => {
    const [{ env }] = (await podOf(process)).containers;
    for (const { name, valueFrom } of env) {
      expect(valueFrom.secretKeyRef).toMatchObject({ name: 'live-chat', key: name });
    }
    const values = Object.assign({}, ...(await Promise.all(files[process].map(valuesOf)))) as Record<string, string>;
    const secretLike = /SECRET|PASSWORD|_KEYS$|API_KEY|MONGODB_URI/;
    expect(Object.keys(values).filter((name) => secretLike.test(name))).toEqual([]);
    const given: Record<string, string> = {
      MONGODB_URI: 'mongodb://mongodb.example.com/live_chat',
      ZOOM_CLIENT_SECRET: 'secret',
      ZOOM_WEBHOOK_SECRET_TOKEN: 'secret-token',
      SESSION_SECRET: 'x'.repeat(32),
      TOKEN_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
      PAYLOAD_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
    };
    const needed = env.filter(({ valueFrom }) => valueFrom.secretKeyRef.optional !== true).map(({ name }) => name);
    const secrets = Object.fromEntries(needed.map((name) => [name, given[name]]));
    const all = { ...values, ZOOM_CLIENT_ID: 'id', ZOOM_BOT_JID: 'v1bot@xmpp.zoom.us', ...secrets };
    const read = process === 'api' ? readApiConfig : readWorkerConfig;
    expect(read(all)).toMatchObject({ environment: 'production', metrics: { host: '0.0.0.0', port: 9464 } });
  });

  test('runs without root’s rights on a file system that it cannot write to', async () => {
    const { securityContext, containers } = await podOf(process);
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(containers[0]).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      resources: { limits: { memory: '1Gi' } },
    });
  });

  test('is not evicted to the last pod', async () => {
    const budget = (await objectsOf(`base/${process}.yaml`)).find(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budget).toMatchObject({
      spec: { minAvailable: 1, selector: { matchLabels: { 'app.kubernetes.io/component': process } } },
    });
  });
});

describe('the drain', () => {
  test('of a worker is shorter than what its pod gets', async () => {
    const force = /shutdownForceTime: '(\d+) seconds'/.exec(await readFile('worker/run.ts', 'utf8'))?.[1];
    expect((await podOf('worker')).terminationGracePeriodSeconds).toBeGreaterThan(Number(force) + 5);
  });

  test('of an api too, with the time until nobody sends connections to it', async () => {
    const grace = /requestsGraceMs = ([\d_]+)/.exec(await readFile('api/server.ts', 'utf8'))?.[1]?.replace('_', '');
    const { containers, terminationGracePeriodSeconds } = await podOf('api');
    expect(containers[0]).toMatchObject({ lifecycle: { preStop: { sleep: { seconds: 5 } } } });
    expect(terminationGracePeriodSeconds).toBeGreaterThan(5 + Number(grace) / 1_000 + 5);
  });
});

describe('autoscaling', () => {
  test('goes by a metric and a task queue that there are', async () => {
    const objects = (await objectsOf('keda/scaled-objects.yaml')).map((one) => scaledObjectSchema.parse(one));
    const triggers = objects.flatMap(({ spec }) =>
      spec.triggers.map((trigger) => ({ ...spec.scaleTargetRef, ...trigger })),
    );
    expect(triggers.map(({ name, type }) => [name, type])).toEqual([
      ['live-chat-api', 'prometheus'],
      ['live-chat-worker', 'temporal'],
    ]);
    const [api, worker] = triggers;
    const metric = /sum\((\w+)\{/.exec(api?.metadata['query'] ?? '')?.[1] ?? '';
    expect(metrics).toHaveProperty(metric, expect.objectContaining({ kind: 'gauge' }));
    const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE } = await valuesOf('shared.env');
    expect(worker?.metadata).toMatchObject({
      endpoint: TEMPORAL_ADDRESS,
      namespace: TEMPORAL_NAMESPACE,
      taskQueue: taskQueues.main,
    });
  });
});
