import { describe, expect, test } from 'vitest';
import { makeButtonValue, parseButtonValue, parseCommand } from '../../domain/commands.ts';

describe('what agents can ask for', () => {
  test('comes back from a button as it went in, and nothing else does', () => {
    expect(parseButtonValue(makeButtonValue('join', 'chat-1234567'))).toEqual({
      action: 'join',
      chatId: 'chat-1234567',
    });
    for (const value of ['', 'join:', 'leave:chat-1234567', 'join:a b', `end:${'x'.repeat(41)}`]) {
      expect(parseButtonValue(value), value).toBeUndefined();
    }
  });

  test('is a command whenever it begins with an exclamation mark and a letter, known or not', () => {
    expect(parseCommand('  !END ')).toBe('end');
    expect(parseCommand('!ende')).toBe('unknown');
    expect(parseCommand('!End now please')).toBe('unknown');
    for (const text of ['Hello!', '!', '!!!', 'the !end']) expect(parseCommand(text), text).toBeUndefined();
  });
});
