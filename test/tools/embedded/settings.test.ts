import { expect, test } from 'vitest';
import { readSettings } from '../../../tools/embedded/settings.ts';

const zoom = {
  ZOOM_CLIENT_ID: 'id',
  ZOOM_CLIENT_SECRET: 'hush',
  ZOOM_WEBHOOK_SECRET_TOKEN: 'token',
  ZOOM_BOT_JID: 'v1abc@xmpp.zoom.us',
};

test('an empty environment gives the documented defaults and the sandbox', () => {
  expect(readSettings({ PORT: '' })).toMatchObject({
    ports: {
      app: 3000,
      sandbox: 3100,
      smtp: 3125,
      temporal: 7233,
      temporalUi: 8233,
      mongo: 27018,
      apiMetrics: 0,
      workerMetrics: 0,
    },
    zoom: undefined,
    publicUrl: undefined,
  });
});

test('all faults are named at once, without values', () => {
  const error = (() => {
    try {
      readSettings({
        PORT: '99999',
        TEMPORAL_PORT: 'abc',
        PUBLIC_URL: 'ftp://x',
        MONGODB_URI: 'postgres://u:hush@h/d',
      });
      return '';
    } catch (thrown) {
      return String(thrown);
    }
  })();
  expect(error).toContain('Please correct 4 settings');
  for (const name of ['PORT must be', 'TEMPORAL_PORT must be', 'PUBLIC_URL must be', 'MONGODB_URI must start']) {
    expect(error).toContain(name);
  }
  expect(error).not.toContain('hush');
});

test('a real Zoom app needs all four credentials', () => {
  expect(readSettings(zoom).zoom).toEqual(zoom);
  const { ZOOM_CLIENT_SECRET: _secret, ZOOM_BOT_JID: _jid, ...partial } = zoom;
  expect(() => readSettings(partial)).toThrow('ZOOM_CLIENT_SECRET, ZOOM_BOT_JID must be set too');
});

test('a slash at the end of an address does not matter', () => {
  expect(readSettings({ PUBLIC_URL: 'https://chat.example.com/' }).publicUrl).toBe('https://chat.example.com');
});
