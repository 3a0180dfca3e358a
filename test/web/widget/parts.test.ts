import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import {
  contentKinds,
  emailFrameSchema,
  helloFrameSchema,
  type ContentKind,
  type ContentNode,
} from '../../../domain/visitor-protocol.ts';
import { luminance, readableOn, readAccent } from '../../../web/widget/accent.ts';
import { forgetAfterMs } from '../../../web/widget/app.ts';
import { isEmail } from '../../../web/widget/email.ts';
import { pageDetails, readOptions, visitorDetails } from '../../../web/widget/options.ts';
import { initialSession } from '../../../web/widget/state.ts';
import { browserStore, createChatStorage } from '../../../web/widget/storage.ts';
import { createLocale } from '../../../web/widget/text.ts';
import { shownContent } from '../../../web/widget/view/content.tsx';
import { conversationLines } from '../../../web/widget/view/lines.ts';
import { BrowserStore, HeadlessWidget } from '../../support/headless-widget.ts';

describe('options', () => {
  const read = (data: Record<string, string>, src = 'https://chat.example.com/widget.js') =>
    readOptions(src, { widget: 'w1', ...data });

  it('takes the server from the address of the script', () => {
    expect(read({})?.socketUrl).toBe('wss://chat.example.com/visitor');
    expect(read({}, 'http://localhost:3000/widget.js?v=2')?.socketUrl).toBe('ws://localhost:3000/visitor');
  });

  it('does nothing without a widget id or an address', () => {
    expect(read({ widget: '' })).toBe(null);
    expect(read({ widget: 'x'.repeat(65) })).toBe(null);
    expect(read({}, 'file:///widget.js')).toBe(null);
  });

  const page = (changes: object = {}) =>
    ({ document: { referrer: '' }, navigator: { language: 'de-AT' }, ...changes }) as unknown as Window;
  /** What the server makes of what the widget says. */
  const heard = (data: Record<string, string>, where = page(), token: string | null = null) => {
    const options = read(data);
    if (!options) throw new Error('These options are usable');
    const visitor = visitorDetails(options, where, token);
    return helloFrameSchema.parse({ type: 'hello', v: 1, widget: 'w1', visitor }).visitor;
  };

  it.each([
    ['Vera', 'vera@example.com', 'vera@example.com'],
    ['  Vera ', ' v.e-r_a+b@mail.example.co.uk ', 'v.e-r_a+b@mail.example.co.uk'],
    ['Vera', "pat.o'brien@example.com", "pat.o'brien@example.com"],
    ['Vera', '.dot@example.com', undefined],
    ['Vera', 'do..t@example.com', undefined],
    ['Vera', 'a@-b.com', undefined],
    ['Vera', 'a@b', undefined],
    ['Vera', `${'x'.repeat(250)}@example.com`, undefined],
    ['Vera', 'jürgen@example.com', undefined],
  ])('leaves it to the server what is an e-mail address: %s, %s', (visitorName, visitorEmail, email) => {
    expect(heard({ visitorName, visitorEmail })).toMatchObject({ name: 'Vera', email });
  });

  it('is heard, whatever the website says', () => {
    const long = '👩‍👩‍👧'.repeat(2_000);
    expect(heard({ visitorName: long, visitorEmail: long, visitorAttributes: long })?.name).toBe('👩‍👩‍👧'.repeat(10));
    const { href } = new URL(`https://example.com/?q=${'x'.repeat(100)}#part`);
    helloFrameSchema.parse({ type: 'hello', v: 1, widget: 'w1', page: pageDetails(href, 'T'.repeat(5_000), ['q']) });
  });

  it('says in which language and time zone the visitor is, where they came from, and that they were here before', () => {
    const document = { referrer: 'https://me@search.example/find?q=secret&sku=7#x' };
    expect(heard({ pageQuery: 'sku' }, page({ document }), 'token')).toMatchObject({
      language: 'de-AT',
      timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
      referrer: 'https://search.example/find?sku=7',
      token: 'token',
    });
    expect(heard({ lang: 'fr' })).toEqual({ language: 'fr', timeZone: expect.any(String) as string });
    expect(heard({}, page({ document: { referrer: 'android-app://mail' } }))?.referrer).toBe(undefined);
  });

  it('passes on what the website says of the visitor', () => {
    const attributes = (visitorAttributes: string) => heard({ visitorAttributes })?.attributes;
    expect(attributes('{"plan": "gold", "orders": 3}')).toEqual({ plan: 'gold', orders: '3' });
    for (const odd of ['', 'plan', '{"plan"', '[1]', '7', 'null', '{"a": {"b": 1}}', `{"a": "${'x'.repeat(2_000)}"}`])
      expect(attributes(odd), odd).toBe(undefined);
  });

  it.each([
    'vera@example.com',
    "pat.o'brien@example.com",
    "o'@example.com",
    'v.e-r_a+b@mail.example.co.uk',
    '.dot@example.com',
    'do..t@example.com',
    'dot.@example.com',
    'a@-b.com',
    'a@b',
    'a b@example.com',
    'vera@example.com\n',
    `${'x'.repeat(243)}@example.com`,
    `${'x'.repeat(242)}@example.com`,
    'jürgen@example.com',
    'vera@exämple.com',
    '',
  ])('takes for an e-mail address what the server takes for one: %s', (email) => {
    const frame = { type: 'email', id: 'client-id-1', email };
    expect(isEmail(email)).toBe(emailFrameSchema.safeParse(frame).success);
  });

  it('keeps a plain name and address', () => {
    expect(read({ visitorName: ' Vera ', visitorEmail: 'vera@example.com' })?.visitor).toEqual({
      name: 'Vera',
      email: 'vera@example.com',
    });
  });

  it('names the page without what may be private in its address, and not at all when it cannot be named', () => {
    const address = 'https://me:secret@example.com/a?reset_token=secret&id=4&sku=b%20c&id=5#c';
    expect(pageDetails(address, 'Title', [])).toEqual({ url: 'https://example.com/a', title: 'Title' });
    const { pageQuery = [] } = read({ pageQuery: 'id, sku' }) ?? {};
    expect(pageDetails(address, 'Title', pageQuery)?.url).toBe('https://example.com/a?id=4&sku=b+c&id=5');
    expect(read({})?.pageQuery).toEqual(['']);
    expect(pageDetails('about:srcdoc', 'Title', [])).toBe(undefined);
    expect(pageDetails(`https://example.com/${'x'.repeat(2_000)}`, 'Title', [])).toBe(undefined);
  });

  it('takes a heartbeat only within reason', () => {
    expect(read({ heartbeatMs: '400' })?.heartbeatMs).toBe(400);
    expect(read({ heartbeatMs: '1' })?.heartbeatMs).toBe(20_000);
    expect(read({ heartbeatMs: 'often' })?.heartbeatMs).toBe(20_000);
  });
});

describe('accent', () => {
  const contrast = (a: string, b: string): number => {
    const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };

  it('can always be read, whatever the colour', () => {
    for (let colour = 0; colour < 0xffffff; colour += 4_099) {
      const background = `#${colour.toString(16).padStart(6, '0')}`;
      const foreground = readableOn(background) === '#fff' ? '#ffffff' : '#000000';
      expect(contrast(background, foreground), background).toBeGreaterThanOrEqual(4.5);
    }
  });

  /** A canvas that understands the names given and leaves all else as it was. */
  const canvas = (known: Record<string, string>) => {
    let value = '#000000';
    return {
      get fillStyle() {
        return value;
      },
      set fillStyle(colour: string) {
        value = /^#\w{6}$/.test(colour) ? colour : (known[colour] ?? value);
      },
    };
  };

  it('takes what the canvas makes an opaque colour of, and nothing else', () => {
    const known = { tomato: '#ff6347', glass: 'rgba(0, 0, 0, 0.5)' };
    expect(readAccent('tomato', canvas(known))).toEqual(['#ff6347', '#000']);
    expect(readAccent('glass', canvas(known))).toBe(null);
    expect(readAccent('red;} * {display:none', canvas(known))).toBe(null);
    expect(readAccent('var(--x)', canvas(known))).toBe(null);
    expect(readAccent(undefined, canvas(known))).toBe(null);
  });
});

describe('content', () => {
  const html = (...nodes: ContentNode[]) => renderToString(h('p', null, shownContent(nodes)));

  it('has the elements that say what is what', () => {
    const link = { kind: 'link', href: 'https://a.example', content: ['here'] } as const;
    const item: ContentNode = { kind: 'listItem', content: ['One'] };
    expect(
      html('Press ', { kind: 'bold', content: ['now ', { kind: 'italic', content: [{ ...link, content: ['x'] }] }] }),
    ).toBe(
      '<p>Press <strong>now <em><a href="https://a.example" target="_blank" rel="noopener noreferrer nofollow">x</a></em></strong></p>',
    );
    expect(html({ kind: 'numberedList', start: 3, content: [item] })).toBe('<p><ol start="3"><li>One</li></ol></p>');
    expect(html({ kind: 'bulletedList', content: [item] }, { kind: 'quote', content: ['Q'] })).toBe(
      '<p><ul><li>One</li></ul><blockquote>Q</blockquote></p>',
    );
    expect(html({ kind: 'codeBlock', content: ['<b>'] }, { kind: 'code', content: ['c'] })).toBe(
      '<p><pre>&lt;b></pre><code>c</code></p>',
    );
    expect(html({ kind: 'strikethrough', content: ['s'] })).toBe('<p><s>s</s></p>');
  });

  it.each(['javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', '//a.example', ''])(
    'leaves a link to %j as text',
    (href) => expect(html({ kind: 'link', href, content: ['text'] })).toBe('<p>text</p>'),
  );

  it.each(['script', 'constructor', 'somethingNew', 'link'])('shows the words of what is of the kind %s', (kind) =>
    expect(html({ kind: kind as ContentKind, content: ['text'] })).toBe('<p>text</p>'),
  );

  it('is said of every kind', () => {
    for (const kind of contentKinds)
      expect(html({ kind, href: 'https://a.example', content: ['x'] })).not.toBe('<p>x</p>');
  });
});

describe('storage', () => {
  it('keeps token, read mark and unsent messages of one widget', () => {
    const store = {};
    const storage = createChatStorage(store, 'w1');
    storage.saveToken('t1');
    storage.saveVisitor('v1');
    storage.saveRead(7, true, 0);
    storage.saveMessage({ id: 'b', text: 'B', at: 2, status: 'sending' });
    storage.saveMessage({ id: 'a', text: 'A', at: 1, status: 'sending' });
    expect(createChatStorage(store, 'w1').load()).toEqual({
      token: 't1',
      visitorToken: 'v1',
      readSeq: 7,
      doneAt: expect.any(Number) as number,
      outbox: [
        { id: 'a', text: 'A', at: 1 },
        { id: 'b', text: 'B', at: 2 },
      ],
    });
    expect(createChatStorage(store, 'w2').load()).toEqual({
      token: null,
      visitorToken: null,
      readSeq: 0,
      doneAt: 0,
      outbox: [],
    });
    storage.dropMessages(['a', 'b']);
    storage.forgetToken('another');
    expect(storage.load().token).toBe('t1');
    storage.forgetToken('t1');
    expect(store).toEqual({ 'livechat:w1:visitor': 'v1' });
    storage.forgetVisitor();
    expect(store).toEqual({});
  });

  it('notes when an ended chat is done with, and that it goes on again', () => {
    const storage = createChatStorage({}, 'w1');
    const later = Date.now() + 60_000;
    storage.saveRead(1, true, later);
    expect(storage.load().doneAt).toBe(later);
    storage.saveRead(1, true, 0);
    expect(storage.load().doneAt).toBeLessThan(later);
    storage.saveRead(2, false, 0);
    expect(storage.load().doneAt).toBe(0);
  });

  it('passes over what it cannot read', () => {
    const storage = createChatStorage({ 'livechat:w1:message:x': '{', 'livechat:w1:message:y': '{"text":1}' }, 'w1');
    expect(storage.load().outbox).toEqual([]);
  });

  it('falls back to memory where storage is blocked', () => {
    const store = browserStore(() => {
      throw new Error('blocked');
    });
    const storage = createChatStorage(store, 'w1');
    storage.saveToken('t1');
    expect(storage.load().token).toBe('t1');
  });
});

describe('lines', () => {
  const state = initialSession({ token: null, readSeq: 0, outbox: [{ id: 'c', text: 'C', at: 3_000 }] });
  const agent = { kind: 'agentMessage', messageId: 'm', text: 'Hi' } as const;

  it('groups what one author says in a row, and shows ticks where they change', () => {
    const lines = conversationLines({
      ...state,
      deliveredSeq: 1,
      items: [
        { seq: 1, at: 1_000, kind: 'visitorMessage', clientId: 'a', text: 'A' },
        { seq: 2, at: 2_000, kind: 'visitorMessage', clientId: 'b', text: 'B' },
      ],
    });
    expect(lines.map(({ key, status, first, last }) => [key, status, first, last])).toEqual([
      ['a', 'delivered', true, true],
      ['b', 'accepted', false, true],
      ['c', 'sending', false, true],
    ]);
  });

  it('begins a new group for another agent, and after a while', () => {
    const lines = conversationLines({
      ...state,
      outbox: [],
      items: [
        { ...agent, seq: 1, at: 1, name: 'Jill' },
        { ...agent, seq: 2, at: 2, name: 'Jill' },
        { ...agent, seq: 3, at: 3, name: 'Jack' },
        { ...agent, seq: 4, at: 3 + 300_001, name: 'Jack' },
      ],
    });
    expect(lines.map(({ first, last }) => `${first} ${last}`)).toEqual([
      'true false',
      'false true',
      'true true',
      'true true',
    ]);
  });
});

describe('locale', () => {
  it('takes the first language it has texts for, with its region', () => {
    const at = new Date(2024, 0, 2, 15, 4).getTime();
    expect(createLocale(['xx', 'en-GB', 'en']).time(at)).toBe('2 Jan 2024, 15:04');
    expect(createLocale([undefined, '!', '', 'en-US-posix']).time(at)).toMatch(/^Jan 2, 2024, 3:04\sPM$/);
  });

  it('leaves the date out today', () => {
    expect(createLocale(['en-GB']).time(new Date().setHours(9, 5))).toBe('09:05');
  });

  it('counts by the rules of the language', () => {
    const { texts, count } = createLocale([]);
    expect([1, 2].map((unread) => count(texts.unread, unread))).toEqual(['1 unread message', '2 unread messages']);
  });

  it('lists names as they are', () => {
    const { texts, list } = createLocale([]);
    expect(list(texts.here, ['Jill'])).toBe('Jill is here');
    expect(list(texts.here, ['$& #', 'Sam', 'Alex'])).toBe('$& #, Sam, and Alex are here');
  });
});

describe('a page that loads later', () => {
  /** What it does with a chat in storage that was done with at `doneAt`. */
  const load = (doneAt: number | null) => {
    const store = new BrowserStore();
    Object.assign(store.values, {
      'livechat:w1:token': 't1',
      ...(doneAt !== null && { 'livechat:w1:done': `${doneAt}` }),
    });
    const widget = new HeadlessWidget({ url: () => 'ws://127.0.0.1:1/', widget: 'w1', store });
    const found = { connects: widget.app.getState().connection !== 'idle', hasChat: widget.app.hasChat() };
    widget.leave();
    return found;
  };

  it('connects for a chat that goes on, or can be gone on with, and forgets one that is long over', () => {
    const now = Date.now();
    expect(load(null)).toEqual({ connects: true, hasChat: true });
    expect(load(now + 60_000)).toEqual({ connects: true, hasChat: true });
    expect(load(now - 60_000)).toEqual({ connects: false, hasChat: true });
    expect(load(now - forgetAfterMs - 60_000)).toEqual({ connects: false, hasChat: false });
  });
});
