import { describe, expect, test } from 'vitest';
import { EncryptionCodec } from '../../codec/payload-codec.ts';
import { operatorListNames, operatorLists } from '../../api/operator/queries.ts';
import type { PageProps } from '../../web/server.tsx';
import { account, accountId, chat, userId } from './fakes.ts';
import { startTestApp } from './harness.ts';

const publicUrl = 'http://localhost:3000';
const ui = '/temporal';
type TestApp = Awaited<ReturnType<typeof startTestApp>>;

async function signIn({ browser }: TestApp, password = 'correct horse battery'): Promise<Response> {
  return browser.send('POST', '/operator/signin', {
    headers: { origin: 'http://localhost:3000', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ password }).toString(),
  });
}

async function encrypted({ dependencies }: TestApp, text: string) {
  const [payload] = await new EncryptionCodec(dependencies.config.payloadKeys).encode([
    {
      metadata: { encoding: new TextEncoder().encode('json/plain') },
      data: new TextEncoder().encode(JSON.stringify(text)),
    },
  ]);
  const base64 = (bytes?: Uint8Array | null) => Buffer.from(bytes ?? []).toString('base64');
  const metadata = Object.entries(payload?.metadata ?? {}).map(([name, value]) => [name, base64(value)]);
  return { metadata: Object.fromEntries(metadata) as Record<string, string>, data: base64(payload?.data) };
}

async function codec(
  { browser }: TestApp,
  payloads: unknown,
  { origin = publicUrl, where = 'decode', headers = {} } = {},
) {
  return browser.send('POST', `/codec/${where}`, {
    headers: {
      'content-type': 'application/json',
      'x-namespace': 'default',
      ...(origin ? { origin } : {}),
      ...headers,
    },
    body: JSON.stringify({ payloads }),
  });
}

describe('the operators’ sign-in', () => {
  test('takes the password and nothing else', async () => {
    const app = await startTestApp();
    expect((await signIn(app, 'wrong')).status).toBe(401);
    expect(app.browser.cookies.size).toBe(0);
    expect((await signIn(app)).status).toBe(303);
    expect(await (await app.browser.get('/operator')).text()).toContain('<title>operator</title>');
    const headers = { origin: 'http://localhost:3000' };
    await app.browser.send('POST', '/operator/signout', { headers });
    expect(await (await app.browser.get('/operator')).text()).toContain('operatorSignIn');
  });

  test('ends with the sign-out and with another password, for copies of the cookie too', async () => {
    const app = await startTestApp();
    await signIn(app);
    const isIn = async () => (await (await app.browser.get('/operator')).text()).includes('<title>operator</title>');
    const copy = new Map(app.browser.cookies);
    await app.browser.send('POST', '/operator/signout', { headers: { origin: publicUrl } });
    for (const [name, value] of copy) app.browser.cookies.set(name, value);
    expect(await isIn()).toBe(false);

    await signIn(app);
    expect(await isIn()).toBe(true);
    for (const session of app.store.sessionsById.values()) session.passwordMark = 'of another password';
    expect(await isIn()).toBe(false);
  });

  test('cannot be locked by another website', async () => {
    const app = await startTestApp();
    for (let n = 0; n < 11; n += 1) {
      const headers = { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' };
      expect((await app.browser.send('POST', '/operator/signin', { headers, body: 'password=x' })).status).toBe(403);
    }
    expect((await signIn(app)).status).toBe(303);
  });

  test('stops guessing', async () => {
    const app = await startTestApp();
    for (let guess = 0; guess < 10; guess++) await signIn(app, `guess ${guess}`);
    const response = await signIn(app);
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.text()).toContain('Wait 5 minutes');
  });

  test('is open to who knows the password, however many guess elsewhere', async () => {
    const app = await startTestApp({ TRUST_PROXY: '1' });
    const from = (address: string, password: string) =>
      app.browser.send('POST', '/operator/signin', {
        headers: {
          origin: publicUrl,
          'content-type': 'application/x-www-form-urlencoded',
          'x-forwarded-for': address,
        },
        body: new URLSearchParams({ password }).toString(),
      });
    const statusOf = async (address: string, password: string) => (await from(address, password)).status;
    for (let n = 0; n < 100; n += 1) expect(await statusOf(`10.0.0.${n}`, 'wrong')).toBe(401);
    // Whoever has guessed wrongly has had their guess, and is not told whether another one is right.
    expect(await statusOf('10.0.0.1', 'correct horse battery')).toBe(429);
    expect(await statusOf('10.1.0.1', 'correct horse battery')).toBe(303);
    expect(await statusOf('10.1.0.1', 'correct horse battery')).toBe(303);
    expect(await statusOf('10.1.0.2', 'wrong')).toBe(401);
    expect(await statusOf('10.1.0.2', 'wrong')).toBe(429);
  });

  test('counts wrong passwords only, and forgets them with the right one', async () => {
    const app = await startTestApp();
    for (let n = 0; n < 15; n += 1) {
      expect((await signIn(app, 'wrong')).status).toBe(401);
      expect((await signIn(app)).status).toBe(303);
    }
  });

  test('is logged with the address, whatever comes of it, without the password', async () => {
    const app = await startTestApp();
    await signIn(app, 'a wrong guess');
    await signIn(app);
    const lines = app.logged.filter((line) => line.includes('an operator'));
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain('"address":"127.0.0.1"');
    expect(app.logged.join()).not.toMatch(/a wrong guess|correct horse/);
  });

  test('is off without a password', async () => {
    const app = await startTestApp({ OPERATOR_PASSWORD: '' });
    expect((await app.browser.get('/operator')).status).toBe(404);
    expect((await signIn(app, '')).status).toBe(404);
  });
});

describe('the operators’ start page', () => {
  const find = ({ browser }: TestApp, words: string, origin = 'http://localhost:3000') =>
    browser.send('POST', '/operator/find', {
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ words }).toString(),
    });
  const propsOf = async (response: Response) => {
    const [, json = ''] = /<pre>(.*)<\/pre>/s.exec(await response.text()) ?? [];
    const page = JSON.parse(json) as PageProps;
    if (page.name !== 'operator') throw new Error(`It is the page “${page.name}”.`);
    return page;
  };

  test('leads to lists in Temporal UI, with the query in the address and how many there are', async () => {
    const app = await startTestApp();
    await signIn(app);
    app.temporal.count = (query) => (query === operatorLists.missed ? null : query.length);
    const { lists, temporalUi } = await propsOf(await app.browser.get('/operator'));
    expect(temporalUi).toBe(`${ui}/namespaces/default/workflows`);
    expect(lists.map(({ name, count }) => [name, count])).toEqual(
      operatorListNames.map((name) => [name, name === 'missed' ? null : operatorLists[name].length]),
    );
    const waiting = new URL(lists[0]?.href ?? '', publicUrl);
    expect(waiting.pathname).toBe(`${ui}/namespaces/default/workflows`);
    expect(waiting.searchParams.get('query')).toBe(operatorLists.waiting);
  });

  test('leads from a name to the chat, its agent and everything of the account', async () => {
    const app = await startTestApp();
    await signIn(app);
    app.store.chatsById.set(
      'chat-1',
      chat({ _id: 'chat-1', visitor: { name: 'Vera' }, answeredBy: [{ id: 'jill', name: 'Jill' }] }),
    );
    const vera = await propsOf(await find(app, ' Vera '));
    expect(vera.found?.chats).toMatchObject([
      { visitorName: 'Vera', href: `${ui}/namespaces/default/workflows/chat%2Fchat-1` },
    ]);
    for (const words of ['chat/chat-1', 'chat-1', 'chat-channel']) {
      expect((await propsOf(await find(app, words))).found?.chats.map(({ chatId }) => chatId)).toEqual(['chat-1']);
    }
    const jill = (await propsOf(await find(app, 'Jill'))).found?.people[0];
    expect(new URL(jill?.chats ?? '', publicUrl).searchParams.get('query')).toBe(
      'WorkflowType = "chat" AND LiveChatAgents = "jill"',
    );
    const alex = (await propsOf(await find(app, 'alex@example.com'))).found?.people[0];
    expect(alex).toMatchObject({
      grantStatus: 'connected',
      install: `${ui}/namespaces/default/workflows/install%2F${userId}`,
    });
    const account = (await propsOf(await find(app, accountId))).found?.accounts[0];
    expect(new URL(account?.everything ?? '', publicUrl).searchParams.get('query')).toBe(
      `LiveChatAccount = "${accountId}"`,
    );
    expect(app.logged.join()).not.toMatch(/Vera|Jill|alex@/);
  });

  test('lets no words out of the quotes of a query', async () => {
    const app = await startTestApp();
    await signIn(app);
    const id = 'x" OR "1" = "1';
    app.store.accountsById.set(id, account({ _id: id }));
    const found = (await propsOf(await find(app, id))).found?.accounts[0];
    expect(new URL(found?.everything ?? '', publicUrl).searchParams.get('query')).toBe(
      'LiveChatAccount = "x\\" OR \\"1\\" = \\"1"',
    );
  });

  test('finds nothing for who is not signed in, comes from elsewhere, or asks for nothing', async () => {
    const app = await startTestApp();
    expect((await find(app, 'Vera')).status).toBe(303);
    await signIn(app);
    expect((await find(app, 'Vera', 'https://evil.example')).status).toBe(403);
    expect((await find(app, '')).status).toBe(400);
    expect((await find(app, 'x'.repeat(300))).status).toBe(400);
  });
});

describe('the codec endpoint', () => {
  test('decodes and encodes for a signed-in operator in Temporal UI', async () => {
    const app = await startTestApp();
    await signIn(app);
    const response = await codec(app, [await encrypted(app, 'a visitor’s words')]);
    expect(response.status).toBe(200);
    const { payloads } = (await response.json()) as { payloads: { data: string }[] };
    expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).toBe('"a visitor’s words"');

    const encoded = await codec(app, payloads, { where: 'encode' });
    const back = await codec(app, ((await encoded.json()) as { payloads: unknown }).payloads);
    expect(await back.json()).toEqual({ payloads });
    expect(app.logged.join()).not.toContain('visitor’s');
  });

  test('lets no page elsewhere ask', async () => {
    const { browser } = await startTestApp();
    const preflight = await browser.send('OPTIONS', '/codec/decode', {
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('refuses who is not signed in, and every other origin', async () => {
    const app = await startTestApp();
    const payload = await encrypted(app, 'x');
    const refused = await codec(app, [payload]);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(((await refused.json()) as { detail: string }).detail).toContain('/operator');
    await signIn(app);
    for (const origin of ['https://evil.example', 'http://localhost:8233', '']) {
      const response = await codec(app, [payload], { origin });
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('refuses what is not payloads, too large, or does not open', async () => {
    const app = await startTestApp();
    await signIn(app);
    expect((await codec(app, 'text')).status).toBe(400);
    expect((await codec(app, [{ data: '%%%' }])).status).toBe(400);
    const payload = await encrypted(app, 'x');
    const altered = { ...payload, data: `AAAA${payload.data.slice(4)}` };
    expect((await codec(app, [altered])).status).toBe(422);
    expect((await codec(app, [{ data: 'A'.repeat(3 * 1024 * 1024) }])).status).toBe(413);
  });
});
