import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../config/env.ts';

const newKey = () => randomBytes(32).toString('base64');
const required = {
  MONGODB_URI: 'mongodb://127.0.0.1:27017/livechat',
  ZOOM_CLIENT_ID: 'client-id',
  ZOOM_CLIENT_SECRET: 'client-secret',
  ZOOM_WEBHOOK_SECRET_TOKEN: 'webhook-secret',
  ZOOM_BOT_JID: 'v1abc@xmpp.zoom.us',
  SESSION_SECRET: 'a session secret of 32 characters or more',
  TOKEN_ENCRYPTION_KEYS: `k1:${newKey()}`,
  PAYLOAD_ENCRYPTION_KEYS: `k1:${newKey()}`,
};

function faultsOf(env: Record<string, string | undefined>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('the configuration', () => {
  test('needs only what has no default', () => {
    expect(readConfig(required)).toMatchObject({
      environment: 'production',
      logLevel: 'info',
      http: { port: 3000, host: undefined, publicUrl: 'http://localhost:3000', trustProxy: 0 },
      temporal: { address: '127.0.0.1:7233', namespace: 'default', uiUrl: 'http://localhost:8233' },
      zoom: {
        apiUrl: 'https://api.zoom.us/v2',
        oauthUrl: 'https://zoom.us/oauth',
        webhookToleranceSeconds: 6_000,
        authorizeScopes: [],
      },
      operator: { password: undefined, trustLoopback: false },
      workflowBundle: undefined,
      product: {
        trialDays: 14,
        retentionDays: 365,
        inboundChannelName: 'Live Chat Inbound',
        missedAfterMs: 300_000,
        idleEndMs: 86_400_000,
      },
    });
  });

  test('names every variable that is missing, at once', () => {
    const message = faultsOf({});
    for (const name of Object.keys(required)) expect(message).toContain(`${name}: is not set and has no default`);
    expect(message).toContain('8 faults');
  });

  test('takes an empty variable for one that is not set', () => {
    expect(readConfig({ ...required, PORT: '', OPERATOR_PASSWORD: '', PUBLIC_URL: '' }).http.port).toBe(3000);
    expect(faultsOf({ ...required, SESSION_SECRET: '' })).toContain('SESSION_SECRET: is not set');
  });

  test.each([
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['PUBLIC_URL', 'example.com'],
    ['PUBLIC_URL', 'ftp://example.com'],
    ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
    ['MONGODB_URI', 'postgres://db'],
    ['ZOOM_BOT_JID', 'bot'],
    ['ZOOM_WEBHOOK_TOLERANCE_SECONDS', '5'],
    ['SESSION_SECRET', 'short'],
    ['OPERATOR_PASSWORD', 'short'],
    ['LOG_LEVEL', 'loud'],
    ['CODEC_TRUST_LOOPBACK', 'yes'],
    ['TRIAL_DAYS', '0'],
    ['RETENTION_DAYS', '0'],
    ['MISSED_AFTER_SECONDS', '1'],
    ['INBOUND_CHANNEL_NAME', '   '],
  ])('refuses %s=%s and says what it must be', (name, value) => {
    const message = faultsOf({ ...required, [name]: value });
    expect(message).toContain('1 fault ');
    expect(message).toContain(`  ${name}: `);
  });

  test('reports faults of every kind together', () => {
    const message = faultsOf({ ...required, PORT: 'x', SESSION_SECRET: 'y', ZOOM_CLIENT_ID: undefined });
    expect(message.split('\n')).toHaveLength(4);
    expect(message).toMatch(/PORT[^]*ZOOM_CLIENT_ID[^]*SESSION_SECRET/);
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
    const message = faultsOf({ ...required, ...secrets });
    for (const name of Object.keys(secrets)) expect(message).toContain(name);
    expect(message).not.toContain('S3CRET');
  });

  test('does without slashes at the end of addresses', () => {
    const config = readConfig({
      ...required,
      PUBLIC_URL: 'https://chat.example.com/',
      ZOOM_API_URL: 'http://zoom/v2//',
    });
    expect(config.http.publicUrl).toBe('https://chat.example.com');
    expect(config.zoom.apiUrl).toBe('http://zoom/v2');
  });

  test('turns times into milliseconds', () => {
    const { product } = readConfig({ ...required, MISSED_AFTER_SECONDS: '60', IDLE_END_HOURS: '0.5' });
    expect(product).toMatchObject({ missedAfterMs: 60_000, idleEndMs: 1_800_000 });
  });

  test('trusts loopback for the codec only outside production', () => {
    const trusting = { ...required, CODEC_TRUST_LOOPBACK: 'true' };
    expect(faultsOf(trusting)).toContain('CODEC_TRUST_LOOPBACK');
    expect(readConfig({ ...trusting, NODE_ENV: 'development' }).operator.trustLoopback).toBe(true);
  });
});

describe('encryption keys', () => {
  const ring = (value: string) => readConfig({ ...required, TOKEN_ENCRYPTION_KEYS: value }).tokenKeys;

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
