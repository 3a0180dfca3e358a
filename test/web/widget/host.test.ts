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
    stage.host({ attributes: 'data-visitor-name="Vera" data-visitor-email="vera@example.com"' });
    await (await stage.visit()).open();
    expect(server.hellos[0]).toMatchObject({
      widget: 'w1',
      visitor: { name: 'Vera', email: 'vera@example.com' },
      page: { url: `${server.url}/`, title: 'Shop' },
    });
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
