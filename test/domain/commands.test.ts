import { describe, expect, test } from 'vitest';
import { makeButtonValue, parseAgentWords, parseButtonValue } from '../../domain/commands.ts';

describe('what agents can ask for', () => {
  test('comes back from a button as it went in, and nothing else does', () => {
    const chatId = 'chat-1234567';
    for (const pressed of [{ action: 'join', chatId } as const, { action: 'send', chatId, noteNumber: 7 } as const]) {
      expect(parseButtonValue(makeButtonValue(pressed))).toEqual(pressed);
    }
    const bad = ['', 'join:', 'leave:chat-1234567', 'join:a b', `end:${'x'.repeat(41)}`, `send:${chatId}`];
    for (const value of [...bad, `join:${chatId}:7`, `send:${chatId}:x`]) {
      expect(parseButtonValue(value), value).toBeUndefined();
    }
  });

  test('is a command whenever it begins with ! or /, known or not, and then never for the visitor', () => {
    const command = (text: string) => {
      const words = parseAgentWords(text);
      return words.kind === 'command' ? [words.command, words.argument] : words.kind;
    };
    expect(command('  !END ')).toEqual(['end', '']);
    expect(command('/leave')).toEqual(['leave', '']);
    expect(command('!transfer jill@example.com')).toEqual(['transfer', 'jill@example.com']);
    expect(command('!invite')).toBe('unknownCommand');
    for (const text of ['!ende', '!End now please', '!', '!?', '/', '/path/to/it', '! end', '!transfer to jill']) {
      expect(command(text), text).toBe('unknownCommand');
    }
    for (const text of ['Hello!', 'the !end', 'a // b', '']) expect(command(text), text).toBe('answer');
  });

  test('stays in the team behind //, and begins with a real ! behind !!', () => {
    for (const text of ['// difficult', '//', ' //x', '\u200b// hidden', '// a\nand more of it'])
      expect(parseAgentWords(text), text).toEqual({ kind: 'note' });
    expect(parseAgentWords('!!important')).toEqual({ kind: 'answer', text: '!important' });
    expect(parseAgentWords('Yes.\n// reseller\nIt is.')).toEqual({
      kind: 'answer',
      text: 'Yes.\nIt is.',
      hasNotes: true,
    });
    expect(parseAgentWords('!!! wow')).toEqual({ kind: 'answer', text: '!! wow' });
  });
});
