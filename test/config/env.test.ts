import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, readApiConfig, readWorkerConfig, variablesByProcess } from '../../config/env.ts';

const newKey = () => randomBytes(32).toString('base64');
const both = {
  MONGODB_URI: 'mongodb://127.0.0.1:27017/livechat',
  ZOOM_CLIENT_ID: 'client-id',
  ZOOM_CLIENT_SECRET: 'client-secret',
  ZOOM_BOT_JID: 'v1abc@xmpp.zoom.us',
  TOKEN_ENCRYPTION_KEYS: `k1:${newKey()}`,
  PAYLOAD_ENCRYPTION_KEYS: `k1:${newKey()}`,
};
const ofApi = {
  ...both,
  ZOOM_WEBHOOK_SECRET_TOKEN: 'webhook-secret',
  SESSION_SECRET: 'a session secret of 32 characters or more',
};
type Env = Record<string, string | undefined>;

function faultsOf(env: Env, read: (env: Env) => unknown = readApiConfig): string {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('the configuration', () => {
  test('of the api needs only what has no default', () => {
    expect(readApiConfig(ofApi)).toMatchObject({
      environment: 'production',
      logLevel: 'info',
      http: { port: 3000, host: undefined, publicUrl: 'http://localhost:3000', trustProxy: 0 },
      temporal: {
        connection: { address: '127.0.0.1:7233' },
        namespace: 'default',
        uiUrl: undefined,
        uiPort: undefined,
      },
      zoom: {
        apiUrl: 'https://api.zoom.us/v2',
        oauthUrl: 'https://zoom.us/oauth',
        webhookToleranceSeconds: 6_000,
        authorizeScopes: [],
      },
      operator: { password: undefined },
      product: { missedAfterMs: 300_000, idleEndMs: 86_400_000 },
    });
  });

  test('of the worker needs none of the api’s secrets, and holds none that it is given', () => {
    expect(readWorkerConfig(both)).toMatchObject({
      workflowBundle: undefined,
      zoom: { plan: 'pro' },
      product: { trialDays: 14, retentionDays: 365, inboundChannelName: 'Live Chat Inbound' },
    });
    const secrets = { OPERATOR_PASSWORD: 'S3CRET of operators', SESSION_SECRET: `S3CRET${'x'.repeat(32)}` };
    const given = readWorkerConfig({ ...both, ...secrets, ZOOM_WEBHOOK_SECRET_TOKEN: 'S3CRET-webhook' });
    expect(JSON.stringify(given)).not.toContain('S3CRET');
  });

  test('takes the scopes of the authorize link by their names, and no name of a family', () => {
    const scopesOf = (ZOOM_SCOPES: string) => readApiConfig({ ...ofApi, ZOOM_SCOPES }).zoom.authorizeScopes;
    expect(scopesOf('user:read:admin, team_chat:write:members:admin')).toEqual([
      'user:read:admin',
      'team_chat:write:members:admin',
    ]);
    expect(scopesOf('')).toEqual([]);
    for (const wrong of ['granular', 'user:read:admin imchat:bot', 'user:read:admin,']) {
      expect(faultsOf({ ...ofApi, ZOOM_SCOPES: wrong })).toContain('names of scopes, comma separated');
    }
  });

  test('says which variables each process reads', () => {
    const { api, worker } = variablesByProcess;
    const apiOnly = ['SESSION_SECRET', 'OPERATOR_PASSWORD', 'ZOOM_WEBHOOK_SECRET_TOKEN'];
    expect(api).toEqual(expect.arrayContaining([...apiOnly, ...Object.keys(both)]));
    expect(worker).toEqual(expect.arrayContaining(Object.keys(both)));
    for (const name of apiOnly) expect(worker).not.toContain(name);
  });

  test.each([
    ['the api', readApiConfig, ofApi],
    ['the worker', readWorkerConfig, both],
  ])('names every variable that is missing, at once: %s', (_who, read, needed) => {
    const message = faultsOf({}, read);
    for (const name of Object.keys(needed)) expect(message).toContain(`${name}: is not set and has no default`);
    expect(message).toContain(`${Object.keys(needed).length} faults`);
  });

  test('takes an empty variable for one that is not set', () => {
    expect(readApiConfig({ ...ofApi, PORT: '', OPERATOR_PASSWORD: '', PUBLIC_URL: '' }).http.port).toBe(3000);
    expect(faultsOf({ ...ofApi, SESSION_SECRET: '' })).toContain('SESSION_SECRET: is not set');
  });

  test.each([
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['PUBLIC_URL', 'example.com'],
    ['PUBLIC_URL', 'ftp://example.com'],
    ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
    ['TEMPORAL_TLS', 'maybe'],
    ['MONGODB_URI', 'postgres://db'],
    ['ZOOM_BOT_JID', 'bot'],
    ['ZOOM_WEBHOOK_TOLERANCE_SECONDS', '5'],
    ['SESSION_SECRET', 'short'],
    ['OPERATOR_PASSWORD', 'short'],
    ['LOG_LEVEL', 'loud'],
    ['MISSED_AFTER_SECONDS', '1'],
  ])('of the api refuses %s=%s and says what it must be', (name, value) => {
    const message = faultsOf({ ...ofApi, [name]: value });
    expect(message).toContain('1 fault ');
    expect(message).toContain(`  ${name}: `);
  });

  test.each([
    ['TRIAL_DAYS', '0'],
    ['RETENTION_DAYS', '0'],
    ['INBOUND_CHANNEL_NAME', '   '],
    ['ZOOM_PLAN', 'gold'],
  ])('of the worker refuses %s=%s and says what it must be', (name, value) => {
    const message = faultsOf({ ...both, [name]: value }, readWorkerConfig);
    expect(message).toContain('1 fault ');
    expect(message).toContain(`  ${name}: `);
  });

  test.each([
    ['PUBLIC_URL', 'http://chat.example.com', 'https'],
    ['PUBLIC_URL', 'http://localhost.example.com', 'https'],
    ['OPERATOR_PASSWORD', 'Xk2vQ9zLmN4r', '16 characters'],
    ['OPERATOR_PASSWORD', 'passwordpassword', 'guessed first'],
    ['OPERATOR_PASSWORD', '1234567890123456', 'guessed first'],
    ['OPERATOR_PASSWORD', 'Changeme-changeme', 'guessed first'],
    ['OPERATOR_PASSWORD', 'aaaaaaaaaaaaaaaaaaaa', 'guessed first'],
  ])('in production refuses %s=%s, and nowhere else', (name, value, why) => {
    const env = { ...ofApi, [name]: value };
    expect(faultsOf(env)).toContain(`  ${name}: `);
    expect(faultsOf(env)).toContain(why);
    expect(() => readApiConfig({ ...env, NODE_ENV: 'development' })).not.toThrow();
  });

  test.each([
    ['PUBLIC_URL', 'http://127.0.0.1:3000'],
    ['PUBLIC_URL', 'http://[::1]:3000'],
    ['PUBLIC_URL', 'https://chat.example.com'],
    ['OPERATOR_PASSWORD', 'u8Jx0Vq3mZpT1cWb'],
    ['OPERATOR_PASSWORD', 'correct horse battery staple'],
  ])('in production takes %s=%s', (name, value) => {
    expect(() => readApiConfig({ ...ofApi, [name]: value })).not.toThrow();
  });

  test('reports faults of every kind together', () => {
    const message = faultsOf({ ...ofApi, PORT: 'x', SESSION_SECRET: 'y', ZOOM_CLIENT_ID: undefined });
    expect(message.split('\n')).toHaveLength(4);
    for (const name of ['PORT', 'ZOOM_CLIENT_ID', 'SESSION_SECRET']) expect(message).toContain(`  ${name}: `);
  });

  test('never prints the value of a secret', () => {
    const secrets = {
      SESSION_SECRET: 'S3CRET-session',
      OPERATOR_PASSWORD: 'S3CRET-pass',
      TOKEN_ENCRYPTION_KEYS: 'k1:S3CRETtoken',
      PAYLOAD_ENCRYPTION_KEYS: 'S3CRETpayload',
      ZOOM_WEBHOOK_SECRET_TOKEN: 'S3CRET',
      MONGODB_URI: 'mongo://user:S3CRET@db',
      PORT: 'x',
    };
    const message = faultsOf({ ...ofApi, ...secrets });
    for (const name of Object.keys(secrets)) expect(message).toContain(name);
    expect(message).not.toContain('S3CRET');
  });

  test('does without slashes at the end of addresses', () => {
    const config = readApiConfig({
      ...ofApi,
      PUBLIC_URL: 'https://chat.example.com/',
      ZOOM_API_URL: 'http://zoom/v2//',
    });
    expect(config.http.publicUrl).toBe('https://chat.example.com');
    expect(config.zoom.apiUrl).toBe('http://zoom/v2');
  });

  test('turns times into milliseconds', () => {
    const { product } = readApiConfig({ ...ofApi, MISSED_AFTER_SECONDS: '60', IDLE_END_HOURS: '0.5' });
    expect(product).toMatchObject({ missedAfterMs: 60_000, idleEndMs: 1_800_000 });
  });

  test('opens no way to Temporal UI without a sign-in in production', () => {
    const open = { ...ofApi, TEMPORAL_UI_PORT: '8233' };
    expect(faultsOf(open)).toContain('TEMPORAL_UI_PORT');
    expect(readApiConfig({ ...open, NODE_ENV: 'development' }).temporal.uiPort).toBe(8233);
  });
});

describe('how Temporal is reached', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'live-chat-config-'));
    await writeFile(join(folder, 'ca.pem'), 'the CA');
    await writeFile(join(folder, 'cert.pem'), 'the certificate');
    await writeFile(join(folder, 'key.pem'), 'the key');
    await writeFile(
      join(folder, 'temporal.toml'),
      `[profile.default]
address = "default.example:7233"
[profile.cloud]
address = "cloud.example:7233"
namespace = "live-chat.a1b2"
api_key = "key-of-the-profile"
`,
    );
    await writeFile(join(folder, 'broken.toml'), '[profile.default]\napi_key = "S3CRET\n');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const temporal = (env: Env) => readWorkerConfig({ ...both, ...env }).temporal;
  const text = (bytes?: Uint8Array | null) => Buffer.from(bytes ?? []).toString();

  test('by address and namespace alone, without TLS', () => {
    expect(temporal({ TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_NAMESPACE: 'live-chat' })).toEqual({
      connection: { address: 'temporal:7233' },
      namespace: 'live-chat',
    });
  });

  test('with TLS and a client certificate from files', () => {
    const { tls } = temporal({
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(folder, 'ca.pem'),
      TEMPORAL_TLS_CLIENT_CERT_PATH: join(folder, 'cert.pem'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: join(folder, 'key.pem'),
      TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
    }).connection;
    if (typeof tls !== 'object' || tls === null) throw new Error('no TLS');
    expect(text(tls.serverRootCACertificate)).toBe('the CA');
    expect(text(tls.clientCertPair?.crt)).toBe('the certificate');
    expect(text(tls.clientCertPair?.key)).toBe('the key');
    expect(tls.serverNameOverride).toBe('temporal.example');
  });

  test('an API key comes with TLS, and is not sent without it', () => {
    expect(temporal({ TEMPORAL_API_KEY: 'key' }).connection).toMatchObject({ apiKey: 'key', tls: true });
    const env = { ...both, TEMPORAL_API_KEY: 'S3CRET', TEMPORAL_TLS: 'false' };
    expect(faultsOf(env, readWorkerConfig)).toContain('an API key is not sent without TLS');
  });

  test('by a profile of a configuration file, over which variables win', () => {
    const file = { TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml') };
    expect(temporal(file).connection.address).toBe('default.example:7233');
    expect(temporal({ ...file, TEMPORAL_PROFILE: 'cloud' })).toEqual({
      connection: { address: 'cloud.example:7233', apiKey: 'key-of-the-profile', tls: true },
      namespace: 'live-chat.a1b2',
    });
    const other = temporal({ ...file, TEMPORAL_PROFILE: 'cloud', TEMPORAL_ADDRESS: 'other.example:7233' });
    expect(other.connection.address).toBe('other.example:7233');
  });

  test.each([
    ['a file that is not there', { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' }, 'no such file'],
    ['a certificate that is not there', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' }, 'no such file'],
  ])('%s is a fault', (_what, env, words) => {
    expect(faultsOf({ ...both, ...env }, readWorkerConfig)).toContain(words);
  });

  test('a profile that is not there is a fault, and a broken file is not shown', () => {
    const file = { TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml'), TEMPORAL_PROFILE: 'moon' };
    expect(faultsOf({ ...both, ...file }, readWorkerConfig)).toContain("Profile 'moon' not found");
    const broken = faultsOf({ ...both, TEMPORAL_CONFIG_FILE: join(folder, 'broken.toml') }, readWorkerConfig);
    expect(broken).toContain('Invalid TOML document');
    expect(broken).not.toContain('S3CRET');
  });
});

describe('encryption keys', () => {
  const ring = (value: string) => readWorkerConfig({ ...both, TOKEN_ENCRYPTION_KEYS: value }).tokenKeys;

  test('the first is for new data, the others still open old data', () => {
    const [older, newer] = [newKey(), newKey()];
    const { activeId, keys } = ring(`2026-02:${newer}, 2026-01:${older}`);
    expect(activeId).toBe('2026-02');
    expect([...keys].map(([id, key]) => [id, Buffer.from(key).toString('base64')])).toEqual([
      ['2026-02', newer],
      ['2026-01', older],
    ]);
  });

  test.each([
    ['without an id', newKey()],
    ['of the wrong length', `k1:${randomBytes(16).toString('base64')}`],
    ['with an id of other characters', `key one:${newKey()}`],
    ['with a part too many', `k1:${newKey()}:x`],
    ['with nothing between commas', `k1:${newKey()},,`],
  ])('%s are refused', (_what, value) => {
    expect(() => ring(value)).toThrow('TOKEN_ENCRYPTION_KEYS: must be keyId:base64 pairs');
  });
});
