import type { ComponentChildren } from 'preact';
import { Logo } from './logo.tsx';
import { text } from '../text/index.ts';

interface LayoutProps {
  children: ComponentChildren;
  /** What stands at the right of the header. */
  nav?: ComponentChildren;
  /** For pages whose content comes after the first paint. */
  live?: boolean;
}

/** Header, main and footer of every page of the product itself. */
export function Layout({ children, nav, live = false }: LayoutProps) {
  return (
    <div class="site">
      <a class="skip-link" href="#main">
        {text.common.skipToContent}
      </a>
      <header class="site-header">
        <div class="wrap">
          <a class="brand" href="/">
            <Logo />
            <span class="brand-name">
              <span>{text.product.shortName}</span> <span>{text.product.suffix}</span>
            </span>
          </a>
          {nav === undefined ? null : (
            <nav class="site-nav" aria-label={text.common.mainNavigation}>
              {nav}
            </nav>
          )}
        </div>
      </header>
      <main id="main" class={live ? 'site-main live' : 'site-main'} tabIndex={-1}>
        {children}
      </main>
      <footer class="site-footer">
        <div class="wrap">
          <p>{text.common.notZoom}</p>
        </div>
      </footer>
    </div>
  );
}

/** Of pages for the visitors of websites, who know of the team and not of the product. */
export function BareLayout({ children, live = false }: Pick<LayoutProps, 'children' | 'live'>) {
  return (
    <div class="site">
      <a class="skip-link" href="#main">
        {text.common.skipToContent}
      </a>
      <main id="main" class={live ? 'site-main live' : 'site-main'} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** "Sign out": a form, so that no link or prefetch can sign somebody out. */
export function SignOut() {
  return (
    <form method="post" action="/signout">
      <button type="submit" class="button button-quiet">
        {text.common.signOut}
      </button>
    </form>
  );
}

/** The part of a page that the browser takes over, and a sentence for browsers that cannot. */
export function Live({ children }: { children: ComponentChildren }) {
  return (
    <div class="wrap">
      <noscript>
        <p class="notice">{text.common.noScript}</p>
      </noscript>
      <div id="live">{children}</div>
    </div>
  );
}
