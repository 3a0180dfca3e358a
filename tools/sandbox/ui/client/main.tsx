import { render } from 'preact';
import { App } from './app.tsx';
import { resolveLaunch } from './launch.ts';

const root = document.getElementById('app');
if (root !== null) {
  if (location.pathname.startsWith('/launch/')) {
    location.replace(resolveLaunch(new URL(location.href)));
  } else {
    root.replaceChildren();
    render(<App />, root);
  }
}
