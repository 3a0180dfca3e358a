import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SealingKeys } from '../../codec/sealing.ts';
import { createMailLinks } from '../../mail/links.ts';

const ring = (...ids: [string, ...string[]]): SealingKeys => ({
  activeId: ids[0],
  keys: new Map(ids.map((id) => [id, randomBytes(32)])),
});
const day = 86_400_000;
const keys = ring('k1');
const linksAt = (now: number, withKeys = keys) =>
  createMailLinks({ keys: withKeys, publicUrl: 'https://chat.example.com', clock: () => now });
const chatToken = (url: string) => new URL(url).hash.slice(1);
const stopToken = (url: string) => new URL(url).searchParams.get('token') ?? '';
const chatId = 'AbCdEfGhIjKlMnOp';

describe('the links of a mail', () => {
  test('lead back to their chat, and say nothing of it', () => {
    const links = linksAt(0);
    expect(links.chat(chatId)).toMatch(/^https:\/\/chat\.example\.com\/chat#[\w-]+$/);
    expect(links.stop(chatId)).toMatch(/^https:\/\/chat\.example\.com\/chat\/mails\?token=[\w-]+$/);
    expect(links.readChat(chatToken(links.chat(chatId)))).toBe(chatId);
    expect(links.readStop(stopToken(links.stop(chatId)))).toBe(chatId);
    const clear = Buffer.from(chatToken(links.chat(chatId)), 'base64url').toString('latin1');
    expect(clear).not.toContain(chatId);
  });

  test('are good for one thing each', () => {
    const links = linksAt(0);
    expect(links.readStop(chatToken(links.chat(chatId)))).toBeUndefined();
    expect(links.readChat(stopToken(links.stop(chatId)))).toBeUndefined();
  });

  test('end: the chat’s after 30 days, the other after 180', () => {
    const links = linksAt(0);
    const [chat, stop] = [chatToken(links.chat(chatId)), stopToken(links.stop(chatId))];
    expect(linksAt(30 * day - 1).readChat(chat)).toBe(chatId);
    expect(linksAt(30 * day).readChat(chat)).toBeUndefined();
    expect(linksAt(180 * day - 1).readStop(stop)).toBe(chatId);
    expect(linksAt(180 * day).readStop(stop)).toBeUndefined();
  });

  test('are read after a change of keys, and not with other keys', () => {
    const token = chatToken(linksAt(0).chat(chatId));
    const next = ring('k2');
    const both = { activeId: 'k2', keys: new Map([...next.keys, ...keys.keys]) };
    expect(linksAt(0, both).readChat(token)).toBe(chatId);
    expect(linksAt(0, ring('k1')).readChat(token)).toBeUndefined();
  });

  test('that were altered, cut or made up are none', () => {
    const links = linksAt(0);
    const token = chatToken(links.chat(chatId));
    const altered = Array.from(
      token,
      (sign, at) => token.slice(0, at) + (sign === 'A' ? 'B' : 'A') + token.slice(at + 1),
    );
    // The last sign has bits that no byte takes.
    for (const made of [...altered.slice(0, -1), token.slice(0, -4), '', 'x', 'x'.repeat(100_000), `${token}AAAA`]) {
      expect(links.readChat(made)).toBeUndefined();
    }
  });
});
