import { readdir, readFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { unsealed } from '../../domain/unsealed.ts';
import * as chatMessages from '../../workflows/chat/messages.ts';
import * as grantMessages from '../../workflows/grant/messages.ts';
import * as installMessages from '../../workflows/install/messages.ts';
import { interceptors } from '../../workflows/sealed-input.ts';

const inbound = interceptors().inbound?.[0];
const common = { headers: {}, updateId: 'update' };

/** What the handler of an update gets. */
function handedToUpdate(name: string, args: unknown[]): unknown[] {
  let handed: unknown[] = [];
  inbound?.validateUpdate?.({ ...common, name, args }, (input) => void (handed = input.args));
  return handed;
}

const updates = Object.values({ ...chatMessages, ...installMessages, ...grantMessages }).flatMap((one) =>
  typeof one === 'object' && one.type === 'update' ? [one.name] : [],
);
const operatorsOwn = updates.filter((name) => name !== grantMessages.renewTokensUpdate.name);

describe('an update', () => {
  test.each(operatorsOwn)('%s is taken as an operator types it', (name) => {
    expect(handedToUpdate(name, [unsealed({ by: 'operator' })])).toEqual([{ by: 'operator' }]);
    expect(handedToUpdate(name, [])).toEqual([]);
  });

  test('that is between our own programs is not', () => {
    const { name } = grantMessages.renewTokensUpdate;
    expect(handedToUpdate(name, [{ staleTokenSetId: 'x' }])).toEqual([{ staleTokenSetId: 'x' }]);
    for (const args of [[unsealed({ staleTokenSetId: 'x' })], []]) {
      expect(() => handedToUpdate(name, args)).toThrow(ApplicationFailure);
    }
  });
});

test('every signal that has no input gets to its handler', async () => {
  const folders = (await readdir('workflows', { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const sources = await Promise.all(
    folders.map(({ name }) => readFile(`workflows/${name}/messages.ts`, 'utf8').catch(() => '')),
  );
  const names = sources.flatMap((source) =>
    [...source.matchAll(/defineSignal\('(\w+)'\)/g)].map(([, name = '']) => name),
  );
  expect(names).toContain('tryAgain');
  for (const signalName of names) {
    let handed: unknown[] | undefined;
    const next = (input: { args: unknown[] }) => {
      handed = input.args;
      return Promise.resolve();
    };
    await inbound?.handleSignal?.({ ...common, signalName, args: [] }, next);
    expect(handed, signalName).toEqual([]);
  }
});
