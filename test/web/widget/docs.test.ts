import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { formatted } from '../../../api/visitor/formatting.ts';
import { limits } from '../../../domain/limits.ts';
import {
  contentKinds,
  visitorCloseCodes,
  visitorEntrySchema,
  visitorErrorCodes,
  visitorFrameSchema,
} from '../../../domain/visitor-protocol.ts';
import { widgetSettingsSchema } from '../../../domain/widget.ts';

const page = await readFile(new URL('../../../docs/visitor-protocol.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, json = '']) => JSON.parse(json) as { type: string },
);

describe('docs/visitor-protocol.md', () => {
  it('has a valid example of every frame', () => {
    const fromVisitor = ['hello', 'page', 'message', 'email', 'end', 'ping'];
    const fromApi = ['welcome', 'accepted', 'entries', 'delivered', 'standing', 'pong', 'error'];
    expect(examples.map(({ type }) => type)).toEqual([...fromVisitor, ...fromApi]);
    for (const example of examples) {
      if (fromVisitor.includes(example.type)) visitorFrameSchema.parse(example);
      if ('entries' in example) expect(visitorEntrySchema.array().parse(example.entries)).toEqual(example.entries);
      if ('settings' in example) expect(widgetSettingsSchema.parse(example.settings)).toEqual(example.settings);
    }
  });

  it('knows every kind of entry, with all of its fields', () => {
    for (const { shape } of visitorEntrySchema.options) {
      const { kind, seq: _seq, at: _at, ...fields } = shape;
      const row = page.split('\n').find((line) => line.startsWith(`| \`${kind.value}\``));
      for (const field of Object.keys(fields)) expect(row, kind.value).toMatch(new RegExp(`\`${field}\\??\``));
    }
  });

  it('shows in its example what the api makes of that text', () => {
    const [entries] = examples.filter(({ type }) => type === 'entries') as unknown as {
      entries: { text?: string; content?: unknown }[];
    }[];
    for (const { text = '', content } of entries?.entries ?? []) if (content) expect(content).toEqual(formatted(text));
  });

  it('knows every kind of content', () => {
    for (const kind of contentKinds) expect(page).toContain(`\`${kind}\``);
  });

  it('knows every error and close code', () => {
    for (const code of [...visitorErrorCodes, ...Object.values(visitorCloseCodes)])
      expect(page).toContain(`| \`${code}\``);
  });

  it('gives the limits as they are', () => {
    const { visitorMessageLength, visitorNameLength, visitorEmailLength, pageTitleLength, pageUrlLength } = limits;
    const { visitorFrameBytes, entriesPerFrame } = limits;
    const { languageLength, timeZoneLength, attributes, attributeNameLength, attributeValueLength } = limits;
    const inOrder = [visitorMessageLength, visitorNameLength, visitorEmailLength, pageTitleLength, pageUrlLength];
    const ofVisitor = [languageLength, timeZoneLength, attributes, attributeNameLength, attributeValueLength];
    const table = page.slice(page.indexOf('## Limits'), page.indexOf('## What a client must do'));
    const numbers = [...table.matchAll(/\| ([\d,]+) +\|/g)].map(([, number = '']) => Number(number.replace(',', '')));
    expect(numbers).toEqual([...inOrder, ...ofVisitor, visitorFrameBytes, entriesPerFrame]);
  });
});
