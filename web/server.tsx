import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { ClientName, StyleName, WebAssets } from './assets.ts';
import { BareLayout, Layout, Live, SignOut } from './design/layout.tsx';
import { ChatPage } from './pages/chat.tsx';
import { ConnectionCheck } from './pages/connection-check.tsx';
import { Dashboard } from './pages/dashboard.tsx';
import { ErrorPage, type ErrorPageProps } from './pages/error.tsx';
import { Landing, type LandingProps } from './pages/landing.tsx';
import { Onboarding } from './pages/onboarding.tsx';
import { OperatorHome, OperatorNav, type OperatorHomeProps } from './pages/operator.tsx';
import { OperatorSignIn, type OperatorSignInProps } from './pages/operator-sign-in.tsx';
import { Preview } from './pages/preview.tsx';
import { Settings } from './pages/settings.tsx';
import { StopMails, type StopMailsProps } from './pages/stop-mails.tsx';
import { locale } from './text/format.ts';
import { text } from './text/index.ts';

export { loadWebAssets, type WebAssets } from './assets.ts';
export type { Found, OperatorHomeProps } from './pages/operator.tsx';

/** Every page, with what it needs to know when it is rendered. What is private comes later, through the JSON API. */
export type PageProps =
  | ({ name: 'landing' } & LandingProps)
  | { name: 'onboarding' }
  | { name: 'dashboard' }
  | { name: 'settings' }
  | { name: 'connectionCheck' }
  | { name: 'preview'; widgetId: string }
  | { name: 'chat' }
  | ({ name: 'stopMails' } & StopMailsProps)
  | ({ name: 'error' } & ErrorPageProps)
  | ({ name: 'operatorSignIn' } & OperatorSignInProps)
  | ({ name: 'operator' } & OperatorHomeProps);

/** What goes around a page's own content. */
interface Frame {
  title: string;
  description?: string;
  style: StyleName;
  script?: ClientName;
  body: VNode;
}

/** A page as a whole HTML document. Runs under `default-src 'self'`: no inline script, style or handler. */
export function renderPage(page: PageProps, assets: WebAssets): string {
  const { title, description, style, script, body } = frame(page);
  const scripts = script === undefined ? undefined : assets.scripts[script];
  const document = (
    <html lang={locale}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        {description === undefined ? (
          <meta name="robots" content="noindex" />
        ) : (
          <meta name="description" content={description} />
        )}
        <link rel="icon" type="image/svg+xml" href={assets.favicon} />
        <link rel="stylesheet" href={assets.styles[style]} />
        <script type="application/json" id="props" dangerouslySetInnerHTML={{ __html: scriptJson(page) }} />
        {page.name === 'preview' ? (
          <>
            {/* Before the widget and not deferred: it must be listening when the widget says that it is ready. */}
            <script
              src={scripts?.src}
              data-sample-message={text.preview.sampleMessage}
              data-unavailable={text.preview.unavailable}
            />
            <script async src="/widget.js" data-widget={page.widgetId} />
          </>
        ) : scripts === undefined ? null : (
          <>
            {scripts.imports.map((href) => (
              <link key={href} rel="modulepreload" href={href} />
            ))}
            <script type="module" src={scripts.src} />
          </>
        )}
      </head>
      <body>{body}</body>
    </html>
  );
  return `<!doctype html>\n${renderToString(document)}`;
}

function frame(page: PageProps): Frame {
  switch (page.name) {
    case 'landing':
      return {
        title: text.landing.title,
        description: text.landing.description,
        style: 'app',
        body: (
          <Layout nav={<SignInLink />}>
            <Landing {...page} />
          </Layout>
        ),
      };
    case 'onboarding':
      return live('onboarding', text.onboarding.title, <Onboarding />);
    case 'dashboard':
      return live('dashboard', text.dashboard.title, <Dashboard />);
    case 'settings':
      return live('settings', text.settings.title, <Settings />);
    case 'connectionCheck':
      return live('connection-check', text.connectionCheck.title, <ConnectionCheck />);
    case 'preview':
      return {
        title: `${text.preview.shop.name} · ${text.preview.title}`,
        style: 'preview',
        script: 'preview',
        body: <Preview />,
      };
    case 'chat':
      return {
        title: text.chat.title,
        style: 'app',
        script: 'chat',
        body: (
          <BareLayout live>
            <Live>
              <ChatPage />
            </Live>
          </BareLayout>
        ),
      };
    case 'stopMails':
      return {
        title: page.done ? text.stopMails.doneHeading : text.stopMails.title,
        style: 'app',
        body: (
          <BareLayout>
            <StopMails {...page} />
          </BareLayout>
        ),
      };
    case 'error':
      return plain(page.title, <ErrorPage {...page} />);
    case 'operatorSignIn':
      return plain(text.operator.title, <OperatorSignIn {...page} />);
    case 'operator':
      return {
        title: text.product.pageTitle(text.operator.home.title),
        style: 'app',
        body: (
          <Layout nav={<OperatorNav />}>
            <OperatorHome {...page} />
          </Layout>
        ),
      };
    default:
      return page satisfies never;
  }
}

function live(script: ClientName, title: string, page: VNode): Frame {
  return {
    title: text.product.pageTitle(title),
    style: 'app',
    script,
    body: (
      <Layout nav={<SignOut />} live>
        <Live>{page}</Live>
      </Layout>
    ),
  };
}

function plain(title: string, page: VNode): Frame {
  return { title: text.product.pageTitle(title), style: 'app', body: <Layout>{page}</Layout> };
}

function SignInLink() {
  return (
    <a class="button button-quiet" href="/signin">
      {text.common.signIn}
    </a>
  );
}

/** JSON for a `<script>` element: nothing in it can end the element, open a comment, or break a line of script. */
function scriptJson(value: unknown): string {
  const escapes: Record<string, string> = {
    '<': '\\u003c',
    '>': '\\u003e',
    '&': '\\u0026',
    '\u2028': '\\u2028',
    '\u2029': '\\u2029',
  };
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? '');
}
