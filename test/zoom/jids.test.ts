import { expect, it } from 'vitest';
import { channelJid, channelUrl, isBot, userJid } from '../../zoom/jids.ts';

it('makes JIDs', () => {
  expect(channelJid('825c')).toBe('825c@conference.xmpp.zoom.us');
  expect(userJid('KdYK')).toBe('kdyk@xmpp.zoom.us');
});

it('links to a channel as Zoom does', () => {
  const url = channelUrl('825c@conference.xmpp.zoom.us');
  expect(url).toMatch(/^https:\/\/zoom\.us\/launch\/chat\/v2\/eyJzaWQi/);
});

it.each([
  [['v1b'], true],
  [['v1b@xmpp.zoom.us'], true],
  [['V1B@XMPP.zoom.us'], true],
  [['robot_v1b@xmpp.zoom.us'], true],
  [['u@xmpp.zoom.us/robot_v1b@xmpp.zoom.us'], true],
  [[undefined, '', 'v1b'], true],
  [['v1bc'], false],
  [['agent@example.com', undefined], false],
  [[], false],
])('isBot(%j) is %s', (identities, expected) => {
  expect(isBot(identities, 'v1b@xmpp.zoom.us')).toBe(expected);
});

it('nobody is the bot when its JID is not known', () => {
  expect(isBot(['', undefined, '@x'], '')).toBe(false);
});
