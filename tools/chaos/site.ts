import type { Stack } from '../embedded/supervisor.ts';
import { Admin, eventually, type ZoomSide } from '../../test/support/driver.ts';
import { Administrators } from './administrators.ts';

/** The app in use: who is who in Zoom, and where new chats appear. */
export interface Site {
  widget: string;
  administrators: Administrators;
  /** User ids of the agents. */
  people: readonly string[];
  /** Somebody of another account. */
  outsider: string;
  /** Ids of the channels where new chats can appear; the first is chosen. */
  inbound: readonly [string, string];
  /** Ids of all channels before the first chat. */
  ownChannels: ReadonlySet<string>;
}

/**
 * Two administrators add the app, agents are in its inbound channel, and there is a second channel that new chats can
 * go to.
 */
export async function prepareSite(stack: Stack, zoom: ZoomSide, signal: AbortSignal): Promise<Site> {
  const { users } = await zoom.state();
  const idOf = (email: string): string => users.find((user) => user.email === email)?.id ?? '';
  const [owner, colleague, ...others] = ['alex', 'ada', 'jill', 'sam'].map((name) => idOf(`${name}@example.com`));
  if (owner === undefined || colleague === undefined) throw new Error('The sandbox lacks its people.');
  const people = [colleague, ...others];
  const admin = new Admin(stack.urls);
  await admin.install(owner);
  const first = await eventually(() => zoom.channel('Live Chat Inbound'));
  await zoom.invite(owner, first.id, people);
  await new Admin(stack.urls).install(colleague);
  const second = await zoom.createChannel(owner, 'Live Chat Desk', people);
  return {
    widget: (await admin.dashboard()).widget.id,
    administrators: new Administrators(stack.urls, { owner, colleague }, admin, signal),
    people,
    outsider: idOf('otto@other.example'),
    inbound: [first.id, second],
    ownChannels: new Set((await zoom.state()).channels.map(({ id }) => id)),
  };
}
