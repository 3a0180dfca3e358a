import type { App } from '../app.ts';
import type { Session } from '../state.ts';
import type { Locale } from '../text.ts';

/** What every part of the view is given. */
export interface ViewProps {
  app: App;
  state: Session;
  locale: Locale;
  position: 'left' | 'right';
  /** The open panel fills the screen. */
  covers: boolean;
}
