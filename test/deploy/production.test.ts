import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { traceHeader } from '../../domain/tracing.ts';
import { defaultPrograms } from '../../tools/embedded/programs.ts';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { build } from '../../tools/scripts/build.ts';
import { Admin, eventually, Visitor, ZoomSide } from '../support/driver.ts';

/** What `npm run build` makes, run as production runs it: plain node, no TypeScript, NODE_ENV=production. */
let outDir: string;
let dataDir: string;
let stack: Stack | undefined;

beforeAll(async () => {
  // Below the project, where the packages and the package.json are found; `dist` is ignored by everything else.
  await mkdir('dist', { recursive: true });
  outDir = await mkdtemp(join(process.cwd(), 'dist', '.test-'));
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-production-'));
  await build({ outDir });
}, 180_000);

afterAll(async () => {
  await stack?.stop();
  for (const folder of [outDir, dataDir]) await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('the production build', () => {
  test('holds the programs, the failure converter, the workflow bundle and the browser files', async () => {
    const files = [
      'api/main.js',
      'worker/main.js',
      'codec/failure-converter.cjs',
      'workflow-bundle.js',
      'web/manifest.json',
      'web/widget.js',
    ];
    for (const file of files) await expect(access(join(outDir, file)), file).resolves.toBeUndefined();
  });

  test('has the code that carries traces through workflows in the workflow bundle', async () => {
    expect(await readFile(join(outDir, 'workflow-bundle.js'), 'utf8')).toContain(traceHeader);
  });

  test('runs: an install, and a chat that is joined and answered', async () => {
    const { worker, api } = defaultPrograms;
    stack = await startStack({
      dataDir,
      autoRestart: false,
      temporalUi: false,
      env: { NODE_ENV: 'production' },
      programs: {
        build: undefined,
        worker: { ...worker, args: ['--enable-source-maps', join(outDir, 'worker/main.js')] },
        api: { ...api, args: ['--enable-source-maps', join(outDir, 'api/main.js')] },
      },
    });
    const zoom = new ZoomSide(stack.urls.sandbox ?? '');
    // What a busy machine answers too late, Zoom sends again: after seconds here, not minutes.
    await zoom.faults({ switches: { retryScale: 0.01 } });
    const { users } = await zoom.state();
    const alex = users.find((user) => user.email === 'alex@example.com')?.id ?? '';
    const admin = new Admin(stack.urls);
    await admin.install(alex);

    const page = await fetch(stack.urls.app);
    expect(page.status).toBe(200);
    const script = await fetch(`${stack.urls.app}/widget.js`);
    expect(script.headers.get('content-type')).toMatch('javascript');

    const visitor = new Visitor(stack.urls.app, (await admin.dashboard()).widget.id);
    await visitor.connect();
    const id = visitor.say('Do you ship to Norway?');
    await eventually(() => {
      expect(visitor.accepted).toContain(id);
    });
    await zoom.press(alex, await eventually(() => zoom.inboundCard('Do you ship to Norway?')), 'Join Chat');
    const channel = await eventually(() => zoom.channel(/^Jane Doe · /));
    await eventually(() => {
      expect(visitor.entries.map(({ kind }) => kind)).toContain('agentJoined');
    });
    await zoom.write(alex, channel.id, 'Yes, we do.');
    await eventually(() => {
      expect(visitor.answers).toEqual(['Yes, we do.']);
      expect(visitor.deliveredSeq).toBe(1);
    });
    visitor.end();
    await eventually(() => {
      expect(visitor.entries.at(-1)?.kind).toBe('ended');
    });
    visitor.drop();
  }, 120_000);
});
