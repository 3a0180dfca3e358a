import { describe, expect, it } from 'vitest';
import { installSteps } from '../../../domain/install-steps.ts';
import { installStepOrder, nextDelay } from '../../../web/client/install-progress.ts';
import { safeHref } from '../../../web/design/links.tsx';
import { loadWebAssets, renderPage, type PageProps, type WebAssets } from '../../../web/server.tsx';
import { formatAgo, plural } from '../../../web/text/format.ts';
import { text } from '../../../web/text/index.ts';
import { SCOPE_NEEDS } from '../../../zoom/index.ts';
import { operatorHome } from './samples.ts';

const script = (name: string) => ({ src: `/assets/${name}-A.js`, imports: ['/assets/shared-B.js'] });
const assets: WebAssets = {
  scripts: {
    onboarding: script('onboarding'),
    dashboard: script('dashboard'),
    settings: script('settings'),
    'connection-check': script('connection-check'),
    chat: script('chat'),
    preview: { src: '/assets/preview-A.js', imports: [] },
  },
  styles: { app: '/assets/app-A.css', preview: '/assets/preview-A.css' },
  favicon: '/assets/favicon-A.svg',
};
const hostile = `</script><script>alert(1)</script><!-- "'> \u2028`;
const pages: PageProps[] = [
  { name: 'landing' },
  { name: 'onboarding' },
  { name: 'dashboard' },
  { name: 'settings' },
  { name: 'connectionCheck' },
  { name: 'preview', widgetId: 'wdg_abc' },
  { name: 'chat' },
  { name: 'stopMails', done: false },
  { name: 'stopMails', done: true },
  { name: 'error', status: 404, title: 'Not here', message: 'Nothing.', next: { label: 'Start', href: '/' } },
  { name: 'operatorSignIn', next: '/operator' },
  { name: 'operator', ...operatorHome },
];

describe('every page', () => {
  it.each(pages.map((page) => [page.name, page] as const))('%s is a whole document', (_name, page) => {
    const html = renderPage(page, assets);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en"><head><meta charset="utf-8"\/?>/);
    expect(html).toContain('name="viewport" content="width=device-width, initial-scale=1"');
    expect(html).toContain('name="color-scheme" content="light dark"');
    expect(html).toMatch(/<title>[^<]+<\/title>/);
    expect(html.match(/<h1[ >]/g)).toHaveLength(1);
    expect(html).toMatch(/<main id="main"/);
    expect(html).toContain('href="#main"');
  });

  it.each(pages.map((page) => [page.name, page] as const))(
    '%s has no inline style, handler or script',
    (_name, page) => {
      const html = renderPage(page, assets);
      expect(html).not.toMatch(/\sstyle=|<style|\son[a-z]+="|javascript:/i);
      for (const [tag] of html.matchAll(/<script[^>]*>/g)) expect(tag).toMatch(/ src="|type="application\/json"/);
    },
  );

  it('is kept out of search engines, but for the landing page', () => {
    const noindex = pages.filter((page) => renderPage(page, assets).includes('noindex')).map(({ name }) => name);
    expect(noindex).toEqual(pages.map(({ name }) => name).filter((name) => name !== 'landing'));
  });
});

describe('hostile props', () => {
  const attacked: PageProps[] = [
    { name: 'preview', widgetId: hostile },
    { name: 'error', status: 400, title: hostile, message: hostile, next: { label: hostile, href: hostile } },
    { name: 'operatorSignIn', error: hostile, next: hostile },
    { name: 'landing', docsUrl: hostile },
    { name: 'operator', ...operatorHome, found: { words: hostile, chats: [], people: [], accounts: [] } },
  ];
  it.each(attacked.map((page) => [page.name, page] as const))('cannot break out of %s', (_name, page) => {
    const html = renderPage(page, assets);
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('<!-- "');
    const json = /<script type="application\/json" id="props">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(page);
    expect(json).not.toMatch(/[<>&\u2028]/);
  });

  it('cannot make a link of a script', () => {
    const next = { label: 'Go on', href: 'javascript:alert(1)' };
    const html = renderPage({ name: 'error', status: 400, title: 'T', message: 'M', next }, assets);
    expect(html.replace(/<script.*?<\/script>/s, '')).not.toContain('javascript:');
  });
});

describe('safeHref', () => {
  it.each(['/', '/dashboard?x=1', 'https://zoom.example/c', 'http://localhost:8233'])('keeps %s', (href) => {
    expect(safeHref(href)).toBe(href);
  });
  it.each(['//evil.example', '/\\evil.example', 'data:text/html,x', 'zoom.example', ''])('replaces %j', (href) => {
    expect(safeHref(href)).toBe('/');
  });
});

describe('names that people and checks look for', () => {
  const html = (page: PageProps) => renderPage(page, assets);
  it('has exactly one "Add to Zoom" and one "Sign in" on the landing page', () => {
    const links = [...html({ name: 'landing' }).matchAll(/<a[^>]*href="([^"]*)"[^>]*>([^<]*)<\/a>/g)];
    expect(links.filter(([, , label]) => label === 'Add to Zoom').map(([, href]) => href)).toEqual(['/install']);
    expect(links.filter(([, , label]) => label === 'Sign in').map(([, href]) => href)).toEqual(['/signin']);
  });
  it('links the documentation only where there is some', () => {
    expect(html({ name: 'landing' })).not.toContain('Read the documentation');
    expect(html({ name: 'landing', docsUrl: 'https://docs.example/' })).toContain('href="https://docs.example/"');
  });
  it('writes "I\'m Done" with a straight apostrophe, and not yet usable', () => {
    expect(html({ name: 'onboarding' })).toMatch(/<button[^>]*aria-disabled="true"[^>]*>I'm Done<\/button>/);
  });
  it('says nothing of an error on a page that is none', () => {
    const page = { name: 'error', title: 'Signed in', message: 'Well.', next: { label: 'On', href: '/' } } as const;
    expect(html({ ...page, status: 200 })).not.toContain('Error 200');
    expect(html({ ...page, status: 404 })).toContain('Error 404');
  });
  it('loads the preview script right before the widget, which waits for nothing', () => {
    const [, preview, widget] =
      /(<script src="\/assets\/preview-A\.js"[^>]*>)<\/script>(<script [^>]*>)<\/script>/.exec(
        html({ name: 'preview', widgetId: 'wdg_abc' }),
      ) ?? [];
    expect(preview).not.toMatch(/defer|module/);
    expect(widget).toBe('<script async src="/widget.js" data-widget="wdg_abc">');
  });
});

describe('loadWebAssets', () => {
  it('says how to build what is not built', () => {
    expect(() => loadWebAssets('/nowhere')).toThrow('run "npm run build:web"');
  });
});

describe('the browser side', () => {
  it('knows the steps of an install in their order', () => {
    expect(installStepOrder).toEqual(installSteps);
  });
  it('asks fast while things move, and slower while they do not', () => {
    const delays = [400];
    for (let i = 0; i < 6; i++) delays.push(nextDelay(delays.at(-1) ?? 0, false));
    expect(delays).toEqual([400, 600, 900, 1_350, 2_000, 2_000, 2_000]);
    expect(nextDelay(2_000, true)).toBe(400);
  });
});

describe('formats', () => {
  it('count in words that fit the number', () => {
    const forms = { one: '# day', other: '# days' };
    expect([0, 1, 2, 1_200].map((count) => plural(count, forms))).toEqual(['0 days', '1 day', '2 days', '1,200 days']);
  });
  it('say how long ago something was', () => {
    const now = Date.parse('2026-01-10T12:00:00Z');
    const at = (ms: number) => formatAgo(new Date(now - ms).toISOString(), now);
    expect([-5_000, 10_000, 120_000, 3_600_000, 86_400_000].map(at)).toEqual([
      'this minute',
      'this minute',
      '2 minutes ago',
      '1 hour ago',
      'yesterday',
    ]);
    expect(formatAgo('not a date', now)).toBe('');
  });
});

describe('the start page', () => {
  it('explains each permission that Zoom asks for', () => {
    const explained = text.landing.permissions.map(({ name }) => name);
    expect(new Set(explained)).toEqual(new Set(SCOPE_NEEDS.map(({ label }) => label)));
  });

  it('says who may add the app', () => {
    expect(text.landing.addNote).toContain('An administrator of your Zoom account');
  });
});
