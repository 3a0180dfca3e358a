import type { MissingScope } from '../domain/missing-scope.ts';
import { card, fields, link, message, type Card } from '../zoom/index.ts';

/**
 * To an administrator: what Zoom has not granted to the app, what does not work, and what to do.
 * @param missing in the order of their weight.
 */
export function missingScopesMessage(missing: readonly MissingScope[], installUrl: string): Card {
  return card({
    head: 'Live Chat lacks permissions in Zoom',
    body: [
      message(
        missing.length === 1
          ? 'Zoom has not granted this to the app. What needs it waits; nothing is lost.'
          : 'Zoom has not granted these to the app. What needs them waits; nothing is lost.',
      ),
      ...missing.flatMap(({ label, classic, granular, without }) => [
        message(label, { bold: true }),
        message(without),
        fields([
          { key: 'Scopes to tick', value: granular.join(', ') },
          { key: 'In an app with classic scopes', value: classic },
        ]),
      ]),
      message(
        'Open the app on marketplace.zoom.us under Manage, tick these on its page Scopes, and add the app again. What waits then goes on by itself.',
      ),
      link('Add the app again', installUrl),
    ],
  });
}
