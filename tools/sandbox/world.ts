import type { Clock } from './clock.ts';
import type { SandboxConfig } from './config.ts';
import type { Faults } from './faults.ts';
import type { Feed } from './feed.ts';
import type { Limits } from './limits.ts';
import type { Store } from './state.ts';
import type { Switches } from './switches.ts';
import type { Webhooks } from './webhooks.ts';

/** Everything that the parts of a running sandbox share. */
export interface World {
  readonly config: SandboxConfig;
  readonly clock: Clock;
  readonly store: Store;
  readonly feed: Feed;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  /** The switches in force. */
  readonly switches: () => Switches;
  /** The address under which browsers and the app see this sandbox, without a slash at the end. */
  readonly publicUrl: () => string;
}

/** Word that starts the app's slash command in any conversation. */
export const slashCommand = '/livechat';

/** Name under which the app's bot appears. */
export const botName = 'Live Chat';
