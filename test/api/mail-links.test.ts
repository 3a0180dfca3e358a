import { describe, expect, test } from 'vitest';
import { chatTokens } from '../../api/visitor/chat-tokens.ts';
import { createMailLinks } from '../../mail/links.ts';
import { chat, start } from './fakes.ts';
import { startTestApp } from './harness.ts';

const day = 86_400_000;

async function setUp(changes: Parameters<typeof chat>[0] = {}) {
  const app = await startTestApp();
  const record = chat(changes);
  app.store.chatsById.set(record._id, record);
  const { config, clock } = app.dependencies;
  const links = createMailLinks({ keys: config.payloadKeys, publicUrl: 'http://localhost:3000', clock });
  const open = (link: string) => app.browser.post('/api/chat-link', { link });
  const stopPath = (chatId = record._id) => links.stop(chatId).replace('http://localhost:3000', '');
  const chatLink = new URL(links.chat(record._id)).hash.slice(1);
  return { ...app, record, links, open, chatLink, stopPath };
}

describe('the link to the chat', () => {
  test('leads to a page that says nothing of anybody, and tells nobody where its reader came from', async () => {
    const { browser } = await setUp();
    const page = await browser.get('/chat');
    expect(page.status).toBe(200);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('x-robots-tag')).toBe('noindex');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(await page.text()).toContain('{"name":"chat"}');
  });

  test('gives the token that continues the chat in its widget', async () => {
    const { open, chatLink, record, dependencies } = await setUp();
    const opened = await open(chatLink);
    expect(opened.status).toBe(200);
    const { widget, token } = (await opened.json()) as { widget: string; token: string };
    expect(widget).toBe('widget-1');
    expect(await chatTokens(dependencies).continue(token, widget)).toMatchObject({ chatId: record._id });
  });

  test('gives nothing for another link, one that is too old, and a chat that is over or erased', async () => {
    const { open, chatLink, links, clock, store, record } = await setUp();
    const refused = async (link: string) => {
      const answer = await open(link);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      return answer.status;
    };
    const stopToken = new URL(links.stop(record._id)).searchParams.get('token') ?? '';
    for (const link of ['x', stopToken, `${chatLink}A`, 'x'.repeat(5_000)]) expect(await refused(link)).toBe(404);
    store.chatsById.set(record._id, chat({ endedAt: new Date(start - day + 1) }));
    expect((await open(chatLink)).status).toBe(200);
    store.chatsById.set(record._id, chat({ endedAt: new Date(start - day - 1) }));
    expect(await refused(chatLink)).toBe(404);
    store.chatsById.set(record._id, chat());
    clock.pass(30 * day);
    expect(await refused(chatLink)).toBe(404);
    store.chatsById.clear();
    clock.pass(-30 * day);
    expect(await refused(chatLink)).toBe(404);
  });

  test('is opened by our own page alone', async () => {
    const { browser, chatLink } = await setUp();
    const answer = await browser.send('POST', '/api/chat-link', {
      headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
      body: JSON.stringify({ link: chatLink }),
    });
    expect(answer.status).toBe(403);
  });

  test('says so when the database is away', async () => {
    const { open, chatLink, store } = await setUp();
    store.broken = true;
    expect((await open(chatLink)).status).toBe(503);
  });
});

describe('the link that stops mails', () => {
  test('asks first, and changes nothing by being looked at', async () => {
    const { browser, stopPath, temporal } = await setUp();
    for (const method of ['GET', 'HEAD']) {
      const page = await browser.send(method, stopPath());
      expect(page.status).toBe(200);
      expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    }
    expect(await (await browser.get(stopPath())).text()).toContain('"done":false');
    expect(temporal.calls).toEqual([]);
  });

  test('stops them when a mail program posts, from wherever it is, as RFC 8058 has it', async () => {
    const { browser, stopPath, temporal, record, logged } = await setUp();
    const post = () =>
      browser.send('POST', stopPath(), {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'cross-site',
          origin: 'null',
        },
        body: 'List-Unsubscribe=One-Click',
      });
    const page = await post();
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('"done":true');
    expect(temporal.named('signalVisitor')).toEqual([[record._id, { kind: 'mailStopped' }]]);
    // Again: done, and nothing more for the chat to do.
    expect((await post()).status).toBe(200);
    expect(temporal.calls).toHaveLength(1);
    expect(logged.join()).not.toContain('token=');
  });

  test('is fine with a chat that is over', async () => {
    const { browser, stopPath, temporal, record } = await setUp();
    temporal.over.add(record._id);
    expect((await browser.send('POST', stopPath())).status).toBe(200);
  });

  test('says so when nothing could be stopped: a wrong link, or Temporal is away', async () => {
    const { browser, stopPath, temporal, chatLink } = await setUp();
    for (const path of ['/chat/mails', '/chat/mails?token=x', `/chat/mails?token=${chatLink}`, `${stopPath()}A`]) {
      expect((await browser.get(path)).status).toBe(404);
      expect((await browser.send('POST', path)).status).toBe(404);
    }
    temporal.away = true;
    expect((await browser.send('POST', stopPath())).status).toBe(503);
    temporal.away = false;
    expect((await browser.send('POST', stopPath())).status).toBe(200);
    expect(temporal.calls).toHaveLength(1);
  });
});
