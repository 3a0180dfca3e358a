import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '../../tools/embedded/supervisor.ts';
import { builtOnce, testMongoUri, testTemporal } from '../../tools/embedded/test-servers.ts';
import { Admin, eventually, Visitor, ZoomSide } from '../support/driver.ts';
import { testCertificates, tlsFront, type Front, type TestCertificates } from '../support/tls.ts';

/** Api and worker as they are, with Temporal and MongoDB behind TLS that asks for a client certificate. */
let certificates: TestCertificates;
let fronts: Front[];
let stack: Stack;
let dataDir: string;

beforeAll(async () => {
  await builtOnce();
  certificates = await testCertificates();
  dataDir = await mkdtemp(join(tmpdir(), 'live-chat-tls-story-'));
  const mongo = new URL(await testMongoUri());
  fronts = await Promise.all([tlsFront(await testTemporal(), certificates), tlsFront(mongo.host, certificates)]);
  const [temporal, mongodb] = fronts.map(({ address }) => address);
  const { ca, client } = certificates;
  const tls = new URLSearchParams({ tls: 'true', tlsCAFile: ca.certFile, tlsCertificateKeyFile: client.bothFile });
  stack = await startStack({
    dataDir,
    skipBuild: true,
    autoRestart: false,
    temporalAddress: temporal,
    mongodbUri: `mongodb://${mongodb ?? ''}${mongo.pathname}?${tls.toString()}`,
    env: {
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.certFile,
      TEMPORAL_TLS_CLIENT_CERT_PATH: client.certFile,
      TEMPORAL_TLS_CLIENT_KEY_PATH: client.keyFile,
    },
  });
}, 180_000);
afterAll(async () => {
  await stack.stop();
  await Promise.all(fronts.map((front) => front.close()));
  await certificates.remove();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

test('an install, and a chat whose card is in the channel', async () => {
  const zoom = new ZoomSide(stack.urls.sandbox ?? '');
  const { users } = await zoom.state();
  const admin = new Admin(stack.urls);
  await admin.install(users.find(({ email }) => email === 'alex@example.com')?.id ?? '');
  const visitor = new Visitor(stack.urls.app, (await admin.dashboard()).widget.id);
  await visitor.connect();
  const id = visitor.say('Is this line safe?');
  await eventually(() => expect(visitor.accepted).toContain(id));
  await eventually(() => zoom.inboundCard('Is this line safe?'));
  visitor.end();
  await eventually(() => expect(visitor.entries.at(-1)?.kind).toBe('ended'));
  visitor.drop();
}, 120_000);
