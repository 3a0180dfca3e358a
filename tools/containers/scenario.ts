import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { Admin, eventually, ZoomSide } from '../../test/support/driver.ts';
import { Conversation, type Place } from './conversation.ts';
import { lines, run, type Project, type Report } from './engine.ts';
import { faultsOfContainers } from './restrictions.ts';
import type { Settings } from './settings.ts';

/** A step of the run: throws with what is wrong. @returns what was seen, in a few words */
export interface Step {
  name: string;
  run: () => Promise<string>;
}

export interface ScenarioParts {
  project: Project;
  settings: Settings;
  /** For the backup. */
  folder: string;
  /** Tag of the image that the rolling update brings. */
  next: string;
  report: Report;
}

const eventsSchema = z.object({ events: z.array(z.looseObject({ type: z.string() })), next: z.number() });

const readyWithinMs = 240_000;
const chatsAtOnce = 6;
const everyMs = 2_000;

/** What is done with the running system, in order. */
export function scenario({ project, settings, folder, next, report }: ScenarioParts): Step[] {
  const app = `http://localhost:${settings.port}`;
  const zoom = new ZoomSide(`http://localhost:${settings.sandboxPort}`);
  const backup = join(folder, 'backup');
  let place: Place | undefined;
  let chats: Conversation[] = [];
  let count = 0;
  const saidAtBackup = new Map<Conversation, Conversation['said']>();

  const thePlace = (): Place => {
    if (place === undefined) throw new Error('Nobody has added the app yet.');
    return place;
  };
  const newChats = async (number: number): Promise<Conversation[]> => {
    const begun = Array.from({ length: number }, () => new Conversation((count += 1), thePlace()));
    await Promise.all(begun.map((chat) => chat.begin()));
    return begun;
  };
  /** Both sides of all chats go on writing meanwhile, and for a moment before and after. */
  const inMidChat = async (work: () => Promise<void>): Promise<void> => {
    const stop = new AbortController();
    const talks = chats.map((chat) => chat.goOn(everyMs, stop.signal));
    try {
      await pause(2 * everyMs);
      await work();
      await pause(2 * everyMs);
    } finally {
      stop.abort();
      await Promise.all(talks);
    }
  };
  let since = 0;
  let everSentAgain = false;
  /** How many webhooks Zoom has had to send again since this was last asked. */
  const sentAgain = async (): Promise<number> => {
    const answer = await fetch(`${zoom.url}/_sandbox/events?since=${since}&timeout_ms=0`);
    const { events, next: then } = eventsSchema.parse(await answer.json());
    since = then;
    return events.filter(({ type }) => type === 'webhook.retrying').length;
  };
  const nothingLost = async (): Promise<string> => {
    const again = await sentAgain();
    everSentAgain ||= again > 0;
    await Promise.all(chats.map((chat) => chat.compare(everSentAgain)));
    const said = chats.map((chat) => chat.said);
    const sum = (of: 'visitor' | 'agent'): number => said.reduce((total, one) => total + one[of], 0);
    const order = everSentAgain ? `Zoom had to send ${again} webhooks again` : 'in order';
    return `${chats.length} chats: ${sum('visitor')} messages of visitors and ${sum('agent')} of agents, each once; ${order}`;
  };

  return [
    {
      name: 'starts',
      run: async () => {
        const begun = Date.now();
        await project.compose('up', '--detach', '--no-build');
        await ready(app);
        const times = await startTimes(project);
        return `ready after ${seconds(Date.now() - begun)}; api ${times.api}, worker ${times.worker} from their start`;
      },
    },
    {
      name: 'restrictions hold',
      run: async () => {
        assert.deepEqual(await faultsOfContainers(project), []);
        return 'read-only, no capabilities, unprivileged, limited, no secrets of others';
      },
    },
    {
      name: 'the story',
      run: async () => {
        const { users } = await zoom.state();
        const agent = users.find(({ email }) => email === 'alex@example.com')?.id ?? '';
        // What a busy machine answers too late, Zoom sends again: after seconds here, not minutes.
        await zoom.faults({ switches: { retryScale: 0.01 } });
        const admin = new Admin({ public: app, app, sandbox: zoom.url } as ConstructorParameters<typeof Admin>[0]);
        const consent = await admin.consentUrl();
        // As a browser on this machine reaches it.
        consent.host = new URL(zoom.url).host;
        const landed = await admin.request((await admin.decide(consent, agent, 'allow')).href);
        assert.equal(landed.status, 302, await landed.text());
        await eventually(async () => {
          assert.match((await admin.json<{ status: string }>('/api/install')).status, /ready|done/);
        }, 60_000);
        assert.ok((await admin.request('/api/install/done', { method: 'POST' })).ok);
        const widget = (await admin.dashboard()).widget.id;
        place = { visitorUrl: `ws://localhost:${settings.port}/visitor`, widget, zoom, agent };
        const [chat] = await newChats(1);
        assert.ok(chat);
        chat.visitorSays();
        await chat.agentSays();
        await chat.compare(false);
        await chat.end();
        chat.stop();
        return 'the app was added, a chat was joined, answered both ways and ended';
      },
    },
    {
      name: 'Temporal UI',
      run: async () => {
        const page = await fetch(`${app}/temporal/`, { redirect: 'manual', headers: { accept: 'text/html' } });
        assert.equal(page.status, 303, 'without the sign-in');
        const admin = new Admin({ public: app, app } as ConstructorParameters<typeof Admin>[0]);
        const signIn = await admin.request('/operator/signin', {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ password: settings.operatorPassword }),
        });
        assert.ok(signIn.status < 400, `the sign-in answered ${signIn.status}`);
        const answer = await admin.request('/temporal/api/v1/namespaces/live-chat/workflows');
        assert.equal(answer.status, 200, await answer.clone().text());
        assert.match(await answer.text(), /"workflowId":\s*"chat\//);
        return 'behind the operator’s sign-in, and on no port';
      },
    },
    {
      name: 'two of each',
      run: async () => {
        const scale = ['--scale', 'api=2', '--scale', 'worker=2'];
        await project.compose('up', '--detach', '--no-build', '--no-deps', '--no-recreate', ...scale, 'api', 'worker');
        await eventually(() => healthy(project, { api: 2, worker: 2 }), readyWithinMs);
        chats = await newChats(chatsAtOnce);
        await inMidChat(() => Promise.resolve());
        const sockets = await socketsOfApis(project);
        assert.equal(sockets.filter((number) => number > 0).length, 2, `sockets of the apis: ${sockets.join(', ')}`);
        return `${await nothingLost()}; the apis hold ${sockets.join(' and ')} sockets`;
      },
    },
    {
      name: 'rolling update',
      run: async () => {
        const before = [...(await project.containers('worker')), ...(await project.containers('api'))];
        project.setVersion(next);
        const begun = Date.now();
        await inMidChat(async () => {
          for (const service of ['worker', 'api']) {
            await project.script('update.sh', service);
            report(`  ${service}: all containers are new after ${seconds(Date.now() - begun)}`);
          }
        });
        const after = [...(await project.containers('worker')), ...(await project.containers('api'))];
        assert.equal(after.length, before.length);
        assert.deepEqual(
          after.filter((id) => before.includes(id)),
          [],
          'these are not new',
        );
        return await nothingLost();
      },
    },
    {
      name: 'backup',
      run: async () => {
        let said = chats.map((chat) => chat.said);
        const begun = Date.now();
        await inMidChat(async () => {
          said = chats.map((chat) => chat.said);
          await project.script('backup.sh', backup);
        });
        const took = Date.now() - begun - 4 * everyMs;
        const kept = await nothingLost();
        for (const [n, chat] of chats.entries()) saidAtBackup.set(chat, said[n] ?? { visitor: 0, agent: 0 });
        return `in ${seconds(took)}, workers stopped meanwhile; ${kept}`;
      },
    },
    {
      name: 'restore',
      run: async () => {
        for (const chat of chats) chat.stop();
        const lost = ['api', 'worker', 'temporal-ui', 'temporal', 'temporal-namespace', 'temporal-schema', 'mongodb'];
        await project.compose('rm', '--stop', '--force', '--volumes', ...lost, 'postgresql');
        for (const volume of ['mongodb', 'postgresql'])
          await run('docker', ['volume', 'rm', await volumeOf(project, volume)]);
        const begun = Date.now();
        await project.script('restore.sh', backup);
        await ready(app);
        const took = seconds(Date.now() - begun);
        await Promise.all(chats.map((chat) => chat.afterRestore(saidAtBackup.get(chat) ?? { visitor: 0, agent: 0 })));
        await inMidChat(() => Promise.resolve());
        const kept = await nothingLost();
        for (const chat of chats) {
          await chat.end();
          chat.stop();
        }
        await rm(backup, { recursive: true });
        return `ready after ${took} on empty volumes; all chats went on and were ended: ${kept}`;
      },
    },
  ];
}

/** Resolves when api, worker, Temporal and MongoDB work together. */
async function ready(app: string): Promise<void> {
  await eventually(async () => {
    const answer = await fetch(`${app}/readyz`, { signal: AbortSignal.timeout(5_000) });
    assert.equal(answer.status, 200, await answer.text());
  }, readyWithinMs);
}

async function healthy(project: Project, wanted: Readonly<Record<string, number>>): Promise<void> {
  for (const [service, number] of Object.entries(wanted)) {
    const states = lines(await project.compose('ps', '--format', '{{.Health}}', service));
    assert.deepEqual(
      states,
      Array.from({ length: number }, () => 'healthy'),
      service,
    );
  }
}

/** From a container's start to the line by which its program says that it is there. */
async function startTimes(project: Project): Promise<{ api: string; worker: string }> {
  const time = async (service: string, line: string): Promise<string> => {
    const [id = ''] = await project.containers(service);
    const startedAt = await run('docker', ['inspect', '--format', '{{.State.StartedAt}}', id]);
    const log = await run('docker', ['logs', '--timestamps', id]);
    const at = lines(log)
      .find((one) => one.includes(line))
      ?.split(' ')[0];
    if (at === undefined) throw new Error(`The ${service} has not said “${line}”.`);
    return seconds(Date.parse(at) - Date.parse(startedAt.trim()));
  };
  return { api: await time('api', 'the api is listening'), worker: await time('worker', 'The worker is ready.') };
}

/** How many visitors' sockets each api holds, by its own metric. */
async function socketsOfApis(project: Project): Promise<number[]> {
  const ask =
    "fetch('http://127.0.0.1:9464/metrics').then((a) => a.text()).then((t) => console.log(/^live_chat_open_sockets(?:\\{[^}]*\\})? (\\S+)/m.exec(t)?.[1]))";
  const ids = await project.containers('api');
  return Promise.all(ids.map(async (id) => Number(await run('docker', ['exec', id, 'node', '-e', ask]))));
}

async function volumeOf(project: Project, name: string): Promise<string> {
  const config = JSON.parse(await project.compose('config', '--format', 'json')) as {
    volumes: Record<string, { name: string }>;
  };
  return config.volumes[name]?.name ?? '';
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
