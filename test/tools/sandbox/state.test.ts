import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../../tools/sandbox/config.ts';
import { closeAll, eventually, list, part, receiver, rig } from './helpers.ts';

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'sandbox-'));
  folders.push(made);
  return made;
};
afterEach(async () => {
  await closeAll();
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The sandbox as a process of its own, to be stopped the hard way. */
async function spawned(dataDir: string, port: number) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'tools/sandbox/main.ts'], {
    env: { ...process.env, SANDBOX_PORT: String(port), SANDBOX_SMTP_PORT: '0', SANDBOX_DATA_DIR: dataDir },
    stdio: 'ignore',
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = `http://localhost:${port}`;
  await eventually(
    async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.status === 200,
    'the process is up',
  );
  const post = async (path: string, body: object) =>
    part(
      await (
        await fetch(`${url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).json(),
    );
  const state = async () => part(await (await fetch(`${url}/_sandbox/state`)).json());
  return { child, exit, post, state };
}

describe('a restart', () => {
  it('goes on with channels, messages, tokens, switches, rules, and pending webhooks', async () => {
    const dataDir = folder();
    const events = await receiver();
    events.answer = () => 500;
    const before = await rig({ dataDir, eventEndpointUrl: events.url });
    const { auth } = await before.install();
    const made = await before.call('POST', '/v2/chat/users/me/channels', { name: 'Kept', type: 2 }, auth);
    await before.control('/users/alex@example.com/messages', { to_channel: 'Kept', message: 'still here' });
    await before.control('/faults', {
      switches: { ratePlan: 'pro' },
      rules: [{ kind: 'delay', delay_ms: 0, match: { path: '/nothing' } }],
    });
    await events.until('team_chat.channel_message_posted');
    const retrying = async () =>
      (await before.call('GET', '/_sandbox/webhooks?event=team_chat.channel_message_posted')).text.includes(
        '"attempts":1',
      );
    await eventually(retrying, 'the retry is planned');
    events.answer = () => 200;
    await before.sandbox.close();
    const count = events.named('team_chat.channel_message_posted').length;

    const after = await rig({ dataDir, eventEndpointUrl: events.url });
    expect(
      (await after.call('GET', `/v2/chat/channels/${String(made.json['id'])}`, undefined, auth)).json['name'],
    ).toBe('Kept');
    expect(list((await after.channel(String(made.json['id'])))['messages']).map((one) => one['text'])).toEqual([
      'still here',
    ]);
    const state = await after.state();
    expect(state['faults']).toHaveLength(1);
    expect(part(state['switches'])['ratePlan']).toBe('pro');
    expect(events.named('team_chat.channel_message_posted')).toHaveLength(count);
    await after.control('/webhooks/flush');
    await events.until('team_chat.channel_message_posted', count + 1);
  });

  it('loses nothing that was answered when it is killed, and drops a torn line', async () => {
    const dataDir = folder();
    const port = await freePort();
    const first = await spawned(dataDir, port);
    await first.post('/_sandbox/users/alex@example.com/channels', { name: 'Killed', type: 1 });
    for (let index = 0; index < 20; index++) {
      await first.post('/_sandbox/users/alex@example.com/messages', { to_channel: 'Killed', message: `m${index}` });
    }
    first.child.kill('SIGKILL');
    await first.exit;
    appendFileSync(join(dataDir, 'journal.jsonl'), '\n[["messages","torn",{"id":"to');

    const second = await spawned(dataDir, port);
    const channel = list((await second.state())['channels']).find((one) => one['name'] === 'Killed');
    expect(list(channel?.['messages'])).toHaveLength(20);
    const asked = Date.now();
    second.child.kill('SIGTERM');
    expect(await second.exit).toBe(0);
    expect(Date.now() - asked).toBeLessThan(2_000);
  });

  it('resets to the same people, and to no channels but the first', async () => {
    const r = await rig();
    const before = await r.person('jill@example.com');
    await r.control('/users/jill@example.com/channels', { name: 'Gone' });
    await r.control('/reset');
    expect(await r.person('jill@example.com')).toEqual(before);
    expect(list((await r.state())['channels']).map((one) => one['name'])).toEqual(['General', 'General']);
  });
});

describe('the configuration', () => {
  it('reports all faults at once', () => {
    const read = () =>
      readConfig({
        SANDBOX_PORT: 'x',
        SANDBOX_BOT_JID: 'nope',
        SANDBOX_REDIRECT_URIS: 'not a url',
        SANDBOX_SWITCHES: '{"nope":1}',
      });
    for (const name of ['SANDBOX_PORT', 'SANDBOX_BOT_JID', 'SANDBOX_REDIRECT_URIS', 'SANDBOX_SWITCHES'])
      expect(read).toThrow(name);
  });

  it('has defaults for everything', () => {
    expect(readConfig({ SANDBOX_DATA_DIR: '' })).toMatchObject({
      port: 3100,
      redirectUris: ['http://localhost:3000/oauth/callback'],
      dataDir: undefined,
    });
    expect(readConfig({ SANDBOX_SWITCHES: '{"preset":"strict","ratePlan":"pro"}' }).switches).toEqual({
      preset: 'strict',
      ratePlan: 'pro',
    });
  });
});
