import { access, readFile, stat } from 'node:fs/promises';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { readApiConfig, readWorkerConfig, variablesByProcess } from '../../config/env.ts';
import { searchAttributeTypes } from '../../domain/search-attributes.ts';
import { readCompose, readExample, readYaml, variablesOf } from './environment.ts';

/** Variables of `npm start` and `npm test` that no settings schema holds. */
const cacheAndBrowser = ['LIVE_CHAT_CACHE_DIR', 'CHROMIUM_PATH'];

/** The proxy in front of several apis. */
const https = 'deploy/https.yml';

const requiredInCompose = (text: string) => [...text.matchAll(/\$\{([A-Z_]+):\?/g)].map((match) => match[1] ?? '');
const named = (text: string) => [...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1] ?? '');
const unique = (names: readonly string[]) => [...new Set(names)].sort();

describe('.env.example', () => {
  test('names exactly the variables of config/env.ts, of npm start and npm test, and of compose', async () => {
    const known = [
      ...(await variablesOf('config/env.ts')),
      ...(await variablesOf('tools/embedded/settings.ts')),
      ...cacheAndBrowser,
      ...named((await readCompose()).text),
      ...named((await readCompose(https)).text),
    ];
    expect(unique((await readExample()).map(({ name }) => name))).toEqual(unique(known));
  });

  test('names each variable once and explains it', async () => {
    const entries = await readExample();
    expect(entries.filter(({ explained }) => !explained).map(({ name }) => name)).toEqual([]);
    expect(entries).toHaveLength(unique(entries.map(({ name }) => name)).length);
  });

  test('shows the true defaults of config/env.ts', async () => {
    const key = `k1:${Buffer.alloc(32).toString('base64')}`;
    const needed = {
      MONGODB_URI: 'mongodb://127.0.0.1/live_chat',
      ZOOM_CLIENT_ID: 'id',
      ZOOM_CLIENT_SECRET: 'secret',
      ZOOM_WEBHOOK_SECRET_TOKEN: 'secret-token',
      ZOOM_BOT_JID: 'v1bot@xmpp.zoom.us',
      SESSION_SECRET: 'x'.repeat(32),
      TOKEN_ENCRYPTION_KEYS: key,
      PAYLOAD_ENCRYPTION_KEYS: key,
    };
    const noDefault = [
      'HOST',
      'TEMPORAL_API_KEY',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      'TEMPORAL_TLS_SERVER_NAME',
      'TEMPORAL_TLS_CLIENT_CERT_PATH',
      'TEMPORAL_TLS_CLIENT_KEY_PATH',
      'TEMPORAL_PROFILE',
      'TEMPORAL_CONFIG_FILE',
      'TEMPORAL_UI_URL',
      'TEMPORAL_UI_PORT',
      'MONGODB_URI',
      'OPERATOR_PASSWORD',
      'WORKFLOW_BUNDLE',
      'METRICS_PORT',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_HEADERS',
    ];
    const ours = await variablesOf('config/env.ts');
    const shown = (await readExample()).filter(
      ({ name, optional }) => optional && ours.includes(name) && !noDefault.includes(name),
    );
    expect(shown.length).toBeGreaterThan(12);
    const asShown = Object.fromEntries(shown.map(({ name, value }) => [name, value]));
    for (const read of [readApiConfig, readWorkerConfig]) {
      expect(read({ ...needed, ...asShown })).toEqual(read(needed));
    }
  });

  test('leaves every secret empty', async () => {
    const secret = /SECRET|PASSWORD|_KEYS$/;
    const filled = (await readExample()).filter(({ name, value }) => secret.test(name) && value !== '');
    expect(filled).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  test('gives api and worker each the variables that it reads, and no other process’s secrets', async () => {
    const { services } = await readCompose();
    for (const name of ['api', 'worker'] as const) {
      const wanted = variablesByProcess[name].filter((variable) => variable !== 'TEMPORAL_UI_PORT');
      expect(unique(Object.keys(services[name]?.environment ?? {})), name).toEqual(unique(wanted));
    }
  });

  test('is a configuration that the programs accept, with what .env.example calls required filled in', async () => {
    const { services, text } = await readCompose();
    const key = `k1:${Buffer.alloc(32).toString('base64')}`;
    const given: Record<string, string> = {
      PUBLIC_URL: 'https://chat.example.com',
      ZOOM_CLIENT_ID: 'id',
      ZOOM_CLIENT_SECRET: 'secret',
      ZOOM_WEBHOOK_SECRET_TOKEN: 'secret-token',
      ZOOM_BOT_JID: 'v1bot@xmpp.zoom.us',
      SESSION_SECRET: 'x'.repeat(32),
      TOKEN_ENCRYPTION_KEYS: key,
      PAYLOAD_ENCRYPTION_KEYS: key,
      MONGODB_PASSWORD: 'abc',
      MONGODB_ROOT_PASSWORD: 'abc',
      POSTGRES_PASSWORD: 'abc',
    };
    expect(unique(requiredInCompose(text))).toEqual(unique(Object.keys(given)));
    const interpolate = (value: string) =>
      value.replace(
        /\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}/g,
        (_, name: string, standard?: string) => given[name] ?? standard ?? '',
      );
    const envOf = (service: string) =>
      Object.fromEntries(
        Object.entries(services[service]?.environment ?? {}).map(([name, value]) => [name, interpolate(value)]),
      );
    const config = readApiConfig(envOf('api'));
    expect(config.environment).toBe('production');
    expect(config.http).toMatchObject({ port: 3000, trustProxy: 1 });
    expect(config.temporal).toMatchObject({
      connection: { address: 'temporal:7233' },
      uiUrl: 'http://temporal-ui:8080',
    });
    const uri = 'mongodb://live_chat:abc@mongodb:27017/live_chat';
    expect(config.mongodbUri).toBe(uri);
    expect(readWorkerConfig(envOf('worker'))).toMatchObject({ environment: 'production', mongodbUri: uri });
  });

  test('publishes the api and, on loopback only, the monitoring; nothing else', async () => {
    const { services } = await readCompose();
    const published = Object.entries(services).flatMap(([name, { ports }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ['api', '${APP_BIND:-127.0.0.1}:${PORT:-3000}:3000'],
      ['prometheus', '127.0.0.1:${PROMETHEUS_PORT:-9090}:9090'],
      ['grafana', '127.0.0.1:${GRAFANA_PORT:-3001}:3000'],
    ]);
  });

  test('lets databases, Temporal and its UI reach nothing outside', async () => {
    const { services, networks } = await readCompose();
    expect(networks['backend']).toMatchObject({ internal: true });
    const outside = Object.entries(services).filter(([, service]) => service.networks.some((one) => one !== 'backend'));
    expect(outside.map(([name]) => name)).toEqual(['api', 'worker', 'prometheus', 'grafana']);
  });

  test('holds every container to its image: nothing writable, no capabilities, no root, limits', async () => {
    const { services } = await readCompose();
    // Images whose own user is not root, by their Dockerfiles.
    const unprivileged = /^(zoom-live-chat|temporalio\/[\w-]+):/;
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(service.pids_limit, name).toBeGreaterThan(0);
      expect(service.mem_limit, name).toMatch(/^(\$\{[A-Z_]+:-)?\d+[mg]\}?$/);
      const user = service.user ?? (unprivileged.test(service.image ?? '') ? 'its own' : 'root');
      expect(user, name).not.toMatch(/^(root|0)(:|$)/);
    }
  });

  test('pins every image, restarts every service, and waits for what each needs', async () => {
    const { services } = await readCompose();
    for (const [name, service] of Object.entries(services)) {
      expect(service.image, name).toMatch(/:(\$\{[A-Z_]+:-)?[\w.-]+\}?$/);
      expect(service.image, name).not.toContain('latest');
      expect(service.restart, name).toBeDefined();
      for (const [needed, { condition }] of Object.entries(service.depends_on)) {
        const oneShot = services[needed]?.restart?.startsWith('on-failure') ?? false;
        expect(condition, `${name} → ${needed}`).toBe(oneShot ? 'service_completed_successfully' : 'service_healthy');
        if (!oneShot) expect(services[needed]?.healthcheck?.test, needed).toBeDefined();
      }
    }
  });

  test('mounts only files that are there', async () => {
    const { services } = await readCompose();
    const paths = Object.values(services).flatMap(({ volumes }) =>
      volumes.flatMap((volume) => (volume.startsWith('./') ? [volume.split(':')[0] ?? ''] : [])),
    );
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) await expect(access(path), path).resolves.toBeUndefined();
  });
});

describe('deploy/https.yml', () => {
  test('publishes the proxy alone, which reads files that are there and may do nothing but bind its ports', async () => {
    const { services, text } = await readCompose(https);
    expect(services['api']?.ports).toEqual([]);
    expect(text).toContain('ports: !reset []');
    expect(services['proxy']).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      cap_add: ['NET_BIND_SERVICE'],
      security_opt: ['no-new-privileges:true'],
      networks: ['outside'],
      ports: ['80:80', '443:443', '443:443/udp'],
    });
    await expect(access('deploy/caddy/Caddyfile')).resolves.toBeUndefined();
    expect(await readFile('deploy/caddy/Caddyfile', 'utf8')).toMatch(/name api\n\s+port 3000/);
  });
});

describe('the stand-ins of npm run containers', () => {
  test.each([
    ['TEMPORAL_VERSION', 'temporal', 'go.temporal.io/server'],
    ['TEMPORAL_UI_VERSION', 'temporal-ui', 'github.com/temporalio/ui-server/v2'],
    ['CADDY_VERSION', 'caddy', 'github.com/caddyserver/caddy/v2'],
  ])('are of the version that compose takes: %s', async (variable, folder, module) => {
    const texts = await Promise.all(['docker-compose.yml', https].map(async (file) => (await readCompose(file)).text));
    const named = texts.flatMap((text) => [...text.matchAll(new RegExp(`\\{${variable}:-([\\d.]+)\\}`, 'g'))]);
    const built = new RegExp(`${module} v([\\d.]+)`).exec(
      await readFile(`tools/containers/go/${folder}/go.mod`, 'utf8'),
    );
    expect(unique(named.map((match) => match[1] ?? ''))).toEqual([built?.[1]]);
  });
});

describe('the scripts for operators', () => {
  test.each(['backup.sh', 'restore.sh', 'update.sh'])(
    '%s is a shell script, and refuses to start without its argument',
    async (name) => {
      const result = await execa('sh', [`deploy/${name}`], { reject: false });
      expect(result.exitCode).not.toBe(0);
      expect(result.stderr).toMatch(/name (a folder for the backup|the folder of the backup|the service)/);
    },
  );

  test('restore.sh touches nothing when a part of the backup is missing', async () => {
    const result = await execa('sh', ['deploy/restore.sh', 'deploy/test'], { reject: false });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toBe('deploy/test/temporal.dump is missing or empty: nothing was changed.');
  });
});

describe('deploy/', () => {
  test('the dynamic configuration that Temporal reads has eager activities, and fairness with one partition', async () => {
    const { services } = await readCompose();
    const file = services['temporal']?.environment['DYNAMIC_CONFIG_FILE_PATH'] ?? '';
    expect(await readYaml(file.replace('/etc/temporal/config/', 'deploy/temporal/'))).toMatchObject({
      'system.enableActivityEagerExecution': [{ value: true }],
      'matching.enableFairness': [{ value: true }],
      'matching.numTaskqueueReadPartitions': [{ value: 1 }],
      'matching.numTaskqueueWritePartitions': [{ value: 1 }],
    });
  });

  test('the namespace gets the search attributes of domain/search-attributes.ts', async () => {
    const script = await readFile('deploy/temporal/setup-namespace.sh', 'utf8');
    const added = [...script.matchAll(/^add_search_attribute (\w+) (\w+)$/gm)].map((match) => [match[1], match[2]]);
    expect(Object.fromEntries(added)).toEqual(searchAttributeTypes);
  });
});

describe('the image', () => {
  test('gets everything that the build reads, and no secrets', async () => {
    const ignored = await readFile('.dockerignore', 'utf8');
    const allowed = [...ignored.matchAll(/^!(.+)$/gm)].map((match) => match[1] ?? '');
    for (const path of allowed) await expect(stat(path), path).resolves.toBeDefined();
    expect(ignored.split('\n')).toContain('*');
    expect(ignored).toContain('**/.env*');
    const folders = ['activities', 'api', 'codec', 'config', 'domain', 'store', 'web', 'worker', 'workflows', 'zoom'];
    expect(allowed).toEqual(
      expect.arrayContaining([...folders, 'tools/scripts/build.ts', 'tsconfig.json', 'tsconfig.build.json']),
    );
  });

  test('runs on the pinned Debian image as an unprivileged user', async () => {
    const dockerfile = await readFile('Dockerfile', 'utf8');
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:24\.\d+\.\d+-bookworm-slim$/m);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/npm ci --omit=dev/);
    expect(dockerfile).toMatch(/\/healthz/);
  });
});
