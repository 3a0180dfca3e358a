import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ConfigError, readApiConfig, readWorkerConfig } from '../../config/env.ts';

const key = () => `k1:${randomBytes(32).toString('base64')}`;
const base = {
  MONGODB_URI: 'mongodb://127.0.0.1:27017/livechat',
  ZOOM_CLIENT_ID: 'client-id',
  ZOOM_CLIENT_SECRET: 'client-secret',
  ZOOM_BOT_JID: 'v1abc@xmpp.zoom.us',
  TOKEN_ENCRYPTION_KEYS: key(),
  PAYLOAD_ENCRYPTION_KEYS: key(),
};
const api = { ...base, ZOOM_WEBHOOK_SECRET_TOKEN: 'webhook-secret', SESSION_SECRET: 'x'.repeat(32) };
const worker = (SMTP_URL: string, MAIL_FROM = 'chat@example.com') => readWorkerConfig({ ...base, SMTP_URL, MAIL_FROM });

function faultOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('without a mail server', () => {
  test('no mail is sent, and none is promised to a chat', () => {
    expect(readWorkerConfig(base)).toMatchObject({ smtp: undefined, mailFrom: undefined });
    expect(readApiConfig(api).mailFrom).toBeUndefined();
    expect(readApiConfig(api).product.mailAfterMs).toBeUndefined();
    expect(readApiConfig({ ...api, MAIL_AFTER_SECONDS: '60' }).product.mailAfterMs).toBeUndefined();
  });

  test('a worker does not start with half of the settings', () => {
    expect(faultOf(() => readWorkerConfig({ ...base, MAIL_FROM: 'chat@example.com' }))).toContain(
      'SMTP_URL: must be set too, since MAIL_FROM is',
    );
    expect(faultOf(() => readWorkerConfig({ ...base, SMTP_URL: 'smtp://mail.example.com' }))).toContain(
      'MAIL_FROM: must be set too, since SMTP_URL is',
    );
  });
});

describe('SMTP_URL', () => {
  test.each([
    ['smtp://mail.example.com', { host: 'mail.example.com', port: 587, secure: false, requireTls: false }],
    ['smtps://mail.example.com/', { port: 465, secure: true, requireTls: false }],
    ['smtp://127.0.0.1:3125', { host: '127.0.0.1', port: 3125 }],
    ['smtp://[::1]:25', { host: '::1', port: 25 }],
    ['smtp://relay:25?requireTLS=true', { requireTls: true, ignoreTls: false }],
    ['smtp://relay:25?ignoreTLS=true', { requireTls: false, ignoreTls: true }],
    // A password goes over TLS only, or nowhere.
    ['smtp://me%40x.org:p%3Ass@mail.example.com', { requireTls: true, auth: { user: 'me@x.org', pass: 'p:ss' } }],
    ['smtp://me:pass@localhost:3125', { requireTls: false, auth: { user: 'me', pass: 'pass' } }],
  ])('%s', (url, wanted) => {
    expect(worker(url).smtp).toMatchObject(wanted);
  });

  test.each([
    'mail.example.com',
    'http://mail.example.com',
    'smtp://',
    'smtp://mail.example.com/path',
    'smtp://me@mail.example.com',
    'smtp://:S3CRET@mail.example.com',
    'smtp://me:S3CRET@mail.example.com?ignoreTLS=true',
    'smtp://mail.example.com?requireTLS=true&ignoreTLS=true',
    'smtp://me:S3CRET@mail.example.com?tls.rejectUnauthorized=false',
    'smtp://me:%S3CRET@mail.example.com',
  ])('is refused, without being shown: %s', (url) => {
    const fault = faultOf(() => worker(url));
    expect(fault).toContain('SMTP_URL: must');
    expect(fault).not.toContain('S3CRET');
  });

  test('is the worker’s alone', () => {
    const given = { ...api, SMTP_URL: 'smtp://me:S3CRET@mail.example.com', MAIL_FROM: 'chat@example.com' };
    const config = readApiConfig(given);
    expect(JSON.stringify(config)).not.toContain('S3CRET');
    expect(config.product.mailAfterMs).toBe(120_000);
  });
});

describe('MAIL_FROM', () => {
  test.each([
    ['chat@example.com', { address: 'chat@example.com' }],
    ['<chat@example.com>', { address: 'chat@example.com' }],
    ['Live Chat <chat@example.com>', { name: 'Live Chat', address: 'chat@example.com' }],
    ['"Chat, live" <chat@example.com>', { name: 'Chat, live', address: 'chat@example.com' }],
  ])('%s', (from, wanted) => {
    expect(worker('smtp://relay:25', from).mailFrom).toEqual(wanted);
  });

  test.each([
    'Live Chat',
    'a@example.com, b@example.com',
    'A <a@example.com> <b@example.com>',
    'A\r\nBcc: b <a@x.org>',
  ])('is refused: %j', (from) => {
    expect(faultOf(() => worker('smtp://relay:25', from))).toContain('MAIL_FROM: must be chat@example.com');
  });
});
