import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { urlValidationAnswer, verifyWebhook, type WebhookHeaders } from '../../zoom/webhooks.ts';

const secretToken = 'zoom-secret';
const NOW = Date.parse('2026-02-10T18:00:00Z');
const body = '{"event":"x","text":"é 😀","n":1.0}';

function headers(options: { at?: number; body?: string | Buffer; secret?: string } = {}): Record<string, string> {
  const timestamp = String(Math.floor((options.at ?? NOW) / 1000));
  const hmac = createHmac('sha256', options.secret ?? secretToken)
    .update(`v0:${timestamp}:`)
    .update(options.body ?? body);
  return { 'x-zm-request-timestamp': timestamp, 'x-zm-signature': `v0=${hmac.digest('hex')}`, 'x-zm-request-id': 'r1' };
}

const verify = (given: WebhookHeaders, rawBody: string | Buffer = body, toleranceMs = 5 * 60_000) =>
  verifyWebhook({ rawBody: Buffer.from(rawBody), headers: given, secretToken, now: NOW, toleranceMs });

const minutes = (count: number) => NOW + count * 60_000;

describe('verifyWebhook', () => {
  it('takes what Zoom signed, whatever the case of header names', () => {
    expect(verify(headers())).toEqual({ ok: true, signedAt: new Date(NOW), requestId: 'r1' });
    const upper = Object.fromEntries(Object.entries(headers()).map(([name, value]) => [name.toUpperCase(), value]));
    expect(verify(upper)).toMatchObject({ ok: true });
  });

  it('goes by the raw bytes, valid UTF-8 or not', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    expect(verify(headers({ body: bytes }), bytes)).toMatchObject({ ok: true });
    expect(verify(headers(), JSON.stringify(JSON.parse(body)))).toEqual({ ok: false, reason: 'mismatch' });
  });

  const signed = headers();
  it.each<[string, WebhookHeaders, string]>([
    ['no headers', {}, 'missing'],
    ['no timestamp', { 'x-zm-signature': signed['x-zm-signature'] }, 'missing'],
    ['empty signature', { ...signed, 'x-zm-signature': '' }, 'missing'],
    ['a header twice', { ...signed, 'x-zm-signature': [signed['x-zm-signature'] ?? '', 'v0=00'] }, 'missing'],
    ['no version', { ...signed, 'x-zm-signature': (signed['x-zm-signature'] ?? '').slice(3) }, 'malformed'],
    ['cut short', { ...signed, 'x-zm-signature': 'v0=abcd' }, 'malformed'],
    ['timestamp not a number', { ...signed, 'x-zm-request-timestamp': '1e9' }, 'malformed'],
    ['timestamp in milliseconds', { ...signed, 'x-zm-request-timestamp': String(NOW) }, 'malformed'],
    ['another timestamp', { ...signed, 'x-zm-request-timestamp': String(NOW / 1000 - 1) }, 'mismatch'],
    ['another secret', headers({ secret: 'other' }), 'mismatch'],
    ['6 minutes old', headers({ at: minutes(-6) }), 'stale'],
    ['2 minutes ahead', headers({ at: minutes(2) }), 'future'],
    ['old and forged', headers({ at: minutes(-6), secret: 'other' }), 'mismatch'],
  ])('refuses: %s', (_name, given, reason) => {
    expect(verify(given)).toEqual({ ok: false, reason });
  });

  it.each([minutes(-5), minutes(1)])('takes the edges of the window', (at) => {
    expect(verify(headers({ at }))).toMatchObject({ ok: true });
  });

  it('takes the last retry with a wider window', () => {
    expect(verify(headers({ at: minutes(-86) }), body, 95 * 60_000)).toMatchObject({ ok: true });
  });

  it('never verifies with an empty secret', () => {
    const forged = headers({ secret: '' });
    const given = { rawBody: Buffer.from(body), headers: forged, now: NOW, toleranceMs: 1 };
    expect(() => verifyWebhook({ ...given, secretToken: '' })).toThrow(TypeError);
  });
});

describe('urlValidationAnswer', () => {
  it("answers Zoom's token", () => {
    const plainToken = 'qgg8vlvZRS6UYooatFL8Aw';
    const encryptedToken = createHmac('sha256', secretToken).update(plainToken).digest('hex');
    expect(urlValidationAnswer(plainToken, secretToken)).toEqual({ plainToken, encryptedToken });
  });

  it.each([
    ['a body to be signed', `v0:1700000000:{"event":"app_deauthorized"}`],
    ['a colon alone', 'v0:1700000000:aaaaaaaaaa'],
    ['too short', 'abc'],
    ['too long', 'a'.repeat(65)],
    ['a line end', `${'a'.repeat(22)}\n`],
    ['other characters', 'aaaaaaaaaaaaaaaaaaaa{}'],
    ['not a text', 12345678901234567890],
    ['a list', ['a'.repeat(22)]],
    ['nothing', undefined],
  ])('does not sign %s', (_name, plainToken) => {
    expect(urlValidationAnswer(plainToken, secretToken)).toBeUndefined();
  });

  it('cannot be used to forge a signature', () => {
    const timestamp = String(NOW / 1000);
    const answer = urlValidationAnswer(`v0:${timestamp}:${body}`, secretToken);
    const signature = `v0=${answer?.encryptedToken ?? ''}`;
    expect(verify({ 'x-zm-request-timestamp': timestamp, 'x-zm-signature': signature })).toMatchObject({ ok: false });
  });
});
