import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { devSecrets } from '../../../tools/embedded/dev-secrets.ts';
import { tempFolder } from './temp-folder.ts';

test('secrets are made once, for the owner only, and stay', async () => {
  const folder = await tempFolder();
  const first = await devSecrets(folder);
  expect((await stat(join(folder, 'secrets.json'))).mode & 0o777).toBe(0o600);
  expect(await devSecrets(folder)).toEqual(first);
});

test('they have the shapes that the app and Zoom ask for', async () => {
  const secrets = await devSecrets(await tempFolder());
  for (const keys of [secrets.TOKEN_ENCRYPTION_KEYS, secrets.PAYLOAD_ENCRYPTION_KEYS]) {
    const [id, key = ''] = keys.split(':');
    expect(id).toMatch(/^[A-Za-z0-9_-]{1,32}$/);
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
  }
  expect(secrets.SESSION_SECRET.length).toBeGreaterThanOrEqual(32);
  expect(secrets.OPERATOR_PASSWORD.length).toBeGreaterThanOrEqual(12);
  expect(secrets.ZOOM_BOT_JID).toMatch(/^v1[a-z0-9]{22}@xmpp\.zoom\.us$/);
  expect(new Set(Object.values(secrets)).size).toBe(Object.keys(secrets).length);
});

test('a secret that a newer version needs is added to the others', async () => {
  const folder = await tempFolder();
  const { OPERATOR_PASSWORD: _left, ...older } = await devSecrets(folder);
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(older));
  const secrets = await devSecrets(folder);
  expect(secrets).toMatchObject(older);
  expect(secrets.OPERATOR_PASSWORD).toBeTruthy();
});

test.each(['{"SESSION_SECRET": "a', '[]', '{"SESSION_SECRET": 5}'])(
  'a damaged file (%s) is an error and is not overwritten: the data needs its keys',
  async (content) => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'secrets.json'), content);
    await expect(devSecrets(folder)).rejects.toThrow('is damaged');
    expect(await readFile(join(folder, 'secrets.json'), 'utf8')).toBe(content);
  },
);
