import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, Stage } from './host-page.ts';

const stage = new Stage();
const { server } = stage;

beforeAll(() => stage.start());
afterAll(() => stage.stop());
beforeEach(async () => {
  await stage.reset();
  stage.host({ attributes: 'data-heartbeat-ms="400"' });
});

/** What an agent says. */
const reply = (text: string, name = 'Jill') => ({ kind: 'agentMessage', messageId: `m-${text}`, name, text }) as const;

describe('host page', () => {
  it('offers an interface to scripts', async () => {
    stage.host({
      head: `<script>addEventListener('livechat:ready', () => {
        window.heard = [];
        for (const name of ['open', 'close', 'message', 'unread', 'ended'])
          LiveChat.on(name, (detail) => heard.push([name, detail]));
        LiveChat.on('message', () => { throw new Error('the page is to blame') });
      }, true)</script>`,
    });
    const widget = await stage.visit();
    await widget.launcher.waitFor();
    interface HostWindow {
      heard: unknown[];
      LiveChat: { open(): void; close(): void; sendMessage(text: string): void; hasChat: boolean };
    }
    const host = <Result>(use: (host: HostWindow) => Result): Promise<Result> =>
      widget.page.evaluate(`(${use.toString()})(window)`);
    expect(await host(({ LiveChat }) => LiveChat.hasChat)).toBe(false);
    await host(({ LiveChat }) => LiveChat.sendMessage('  From a script  '));
    await eventually(() => server.messages).toEqual(['From a script']);
    expect(await widget.panel.count()).toBe(0);
    expect(await host(({ LiveChat }) => LiveChat.hasChat)).toBe(true);
    server.add(reply('Hi'));
    await widget.text('1 unread message').waitFor({ state: 'attached' });
    await host(({ LiveChat }) => LiveChat.open());
    await widget.text('Hi').waitFor();
    await host(({ LiveChat }) => LiveChat.close());
    expect(await host(({ heard }) => heard)).toEqual([
      ['message', { from: 'visitor', text: 'From a script' }],
      ['message', { from: 'team', name: 'Jill', text: 'Hi' }],
      ['unread', 1],
      ['open', null],
      ['unread', 0],
      ['close', null],
    ]);
    expect(stage.errors).toEqual(['the page is to blame', 'the page is to blame']);
  });

  it('names visitor and page to the server', async () => {
    stage.host({
      attributes: `data-visitor-name="Vera" data-visitor-email="vera@example.com"
      data-visitor-attributes='{"plan": "gold"}'`,
    });
    await (await stage.visit()).open();
    expect(server.hellos[0]).toMatchObject({
      widget: 'w1',
      visitor: {
        name: 'Vera',
        email: 'vera@example.com',
        language: expect.stringMatching(/^en/) as string,
        timeZone: expect.any(String) as string,
        attributes: { plan: 'gold' },
      },
      page: { url: `${server.url}/`, title: 'Shop' },
    });
  });

  it('tells where the visitor goes without leaving the page, and what that page is called then', async () => {
    const widget = await (await stage.visit()).open();
    await widget.page.evaluate(() => {
      history.pushState(null, '', '/basket?secret=1');
      document.title = 'Basket';
    });
    await eventually(() => server.pages).toEqual([{ type: 'page', url: `${server.url}/basket`, title: 'Basket' }]);
    // The same page by its address as the team sees it.
    await widget.page.evaluate(() => history.replaceState(null, '', '/basket?secret=2'));
    await widget.page.evaluate(() => (document.title = 'Basket (1)'));
    await widget.send('Hello');
    await eventually(() => server.pages.map(({ title }) => title)).toEqual(['Basket', 'Basket (1)']);
    expect(server.violations).toEqual([]);
  });

  it('is recognised in the next chat, and not once it was forgotten, in any tab', async () => {
    const context = await stage.context();
    const kept = () => widget.page.evaluate(() => localStorage.getItem('livechat:w1:visitor'));
    const widget = await (await stage.visit(context)).open();
    expect(await kept()).toBe(null);
    await widget.send('Hello');
    await eventually(kept).toBe('visitor-1');
    server.add({ kind: 'ended', by: 'agent' });
    await widget.button('Start a new chat').click();
    await eventually(() => server.hellos.at(-1)?.visitor?.token).toBe('visitor-1');
    expect(server.hellos.at(-1)?.token).toBe(undefined);
    const other = await (await stage.visit(context)).open();
    await eventually(() => server.hellos.length).toBe(3);
    await widget.page.evaluate(() => (window as unknown as { LiveChat: { forget: () => void } }).LiveChat.forget());
    // Both tabs say hello anew, as strangers.
    await eventually(() => server.hellos.slice(3).map(({ visitor }) => visitor?.token)).toEqual([undefined, undefined]);
    expect(await kept()).toBe(null);
    await other.send('Somebody else');
    await eventually(kept).not.toBe('visitor-1');
  });

  it.each(['getter', 'setItem'])('works where storage is blocked (%s)', async (what) => {
    const context = await stage.context();
    await context.addInitScript((blocked) => {
      const refuse = (): never => {
        throw new DOMException('blocked', 'SecurityError');
      };
      if (blocked === 'getter') Object.defineProperty(window, 'localStorage', { get: refuse });
      else Storage.prototype.setItem = refuse;
    }, what);
    const widget = await (await stage.visit(context)).open();
    await widget.send('Hello');
    await widget.status('Hello').getByText('Sent', { exact: true }).waitFor();
    server.dropAll();
    server.add(reply('Still here'));
    await widget.text('Still here').waitFor();
    expect(stage.errors).toEqual([]);
  });

  it('is not touched by the styles of the page, nor touches them', async () => {
    const look = async () => {
      const widget = await (await stage.visit({ reducedMotion: 'reduce' })).open();
      await widget.send('Hello');
      await widget.status('Hello').getByText('Sent', { exact: true }).waitFor();
      const { page } = widget;
      const boxes = await Promise.all(
        [widget.panel, widget.closer, widget.textbox, page.locator('.bubble')].map((part) => part.boundingBox()),
      );
      const style = await page.locator('.bubble').evaluate((bubble) => {
        const { font, color, backgroundColor, padding, letterSpacing, textTransform } = getComputedStyle(bubble);
        return { font, color, backgroundColor, padding, letterSpacing, textTransform };
      });
      await stage.reset();
      return { boxes, style };
    };
    stage.host({ attributes: 'data-position="right"' });
    const plain = await look();
    stage.host({
      head: `<style>
        *, live-chat-widget { display: none !important; position: static !important; font: 40px fantasy !important;
          transform: rotate(9deg) !important; filter: invert(1) !important; opacity: 0.1 !important; }
        html, body, main, h1, p { display: block !important; }
        html { font-size: 40px; letter-spacing: 9px; text-transform: uppercase; --surface: red; --ink: red; --accent: red; }
        button, textarea, div, section { all: unset !important; width: 1px !important; }
      </style>`,
    });
    // What the page does to its own body, the widget's containing block, is not the widget's to undo.
    stage.server.html = stage.server.html.replace(
      'transform: rotate(9deg) !important; filter: invert(1) !important; opacity: 0.1 !important;',
      'visibility: hidden !important; pointer-events: none !important;',
    );
    expect(await look()).toEqual(plain);
  });

  it('moves nothing of the page', async () => {
    const widget = await stage.visit();
    const measure = () =>
      widget.page.evaluate(() => {
        const { scrollHeight, scrollWidth } = document.documentElement;
        const { x, y, width, height } = document.body.getBoundingClientRect();
        return [scrollHeight, scrollWidth, x, y, width, height];
      });
    await widget.launcher.waitFor();
    const before = await measure();
    await widget.page.evaluate(() => document.querySelector('live-chat-widget')?.remove());
    expect(await measure()).toEqual(before);
    await widget.page.reload();
    await widget.open();
    expect(await measure()).toEqual(before);
  });

  it('works under a strict content security policy', async () => {
    server.headers = {
      'content-security-policy': `default-src 'none'; script-src 'self'; connect-src ${server.url.replace('http', 'ws')}`,
    };
    const widget = await (await stage.visit()).open();
    expect(await widget.panel.evaluate((panel) => getComputedStyle(panel).width)).toBe('384px');
    await widget.send('Hello');
    await widget.status('Hello').getByText('Sent', { exact: true }).waitFor();
  });

  it('takes side and accent from the page, and refuses what is no colour', async () => {
    const accent = async (attributes: string) => {
      stage.host({ attributes });
      const { launcher } = await stage.visit();
      const box = await launcher.boundingBox();
      return launcher.evaluate(
        (button, x) => [getComputedStyle(button).backgroundColor, getComputedStyle(button).color, x < 600],
        box?.x ?? 0,
      );
    };
    expect(await accent('data-accent="gold" data-position="left"')).toEqual(['rgb(255, 215, 0)', 'rgb(0, 0, 0)', true]);
    expect(await accent('data-accent="url(https://a.example)"')).toEqual(await accent(''));
  });

  it('fills a phone and leaves motion out when asked to', async () => {
    const widget = await (
      await stage.visit({
        viewport: { width: 390, height: 844 },
        hasTouch: true,
        isMobile: true,
        reducedMotion: 'reduce',
      })
    ).open();
    expect(await widget.panel.boundingBox()).toEqual({ x: 0, y: 0, width: 390, height: 844 });
    expect(await widget.panel.evaluate((panel) => getComputedStyle(panel).animationName)).toBe('none');
    for (const button of await widget.panel.getByRole('button').all()) {
      const box = await button.boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(44);
    }
  });
});
