import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import mongoose from 'mongoose';
import { join } from 'node:path';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { findMongoServer, type MongoBinary } from '../../../tools/embedded/mongo-binary.ts';
import { kindOfData, startMongo } from '../../../tools/embedded/mongo.ts';
import { findTemporalCli } from '../../../tools/embedded/temporal-binary.ts';
import { startTemporal } from '../../../tools/embedded/temporal.ts';
import { testMongoUri, testServerBinary, testTemporal } from '../../../tools/embedded/test-servers.ts';
import { startOf } from '../../../tools/embedded/process-info.mjs';
import { ProcessRecord } from '../../../tools/embedded/process-record.ts';
import { tempFolder } from './temp-folder.ts';

const report = (line: string): void => {
  console.log(line);
};
let cli: string;
let mongo: MongoBinary;

beforeAll(async () => {
  [cli, mongo] = await Promise.all([findTemporalCli(report), findMongoServer(report)]);
}, 600_000);

/** A folder with a record of the processes that are started on it. */
async function newFolder(): Promise<{ dataDir: string; record: ProcessRecord }> {
  const dataDir = await tempFolder();
  const record = await ProcessRecord.open(dataDir);
  onTestFinished(() => record.close());
  return { dataDir, record };
}

test('Temporal keeps its workflows and search attributes over a kill, on the same port', async () => {
  const { dataDir, record } = await newFolder();
  const searchAttributes = { LiveChatTest: 'Keyword' } as const;
  const first = await startTemporal({ binary: cli, dataDir, record, uiPort: 0, searchAttributes });
  onTestFinished(() => first.stop());
  expect((await fetch(first.uiUrl ?? '')).status).toBe(200);
  await withClient(first.address, async (client) => {
    await client.workflow.start('noWorkerNeeded', { workflowId: 'kept', taskQueue: 'none' });
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(customAttributes)).toContain('LiveChatTest');
  });
  await first.kill();
  expect((await first.exited).signal).toBe('SIGKILL');

  const again = await startTemporal({ binary: cli, dataDir, record, port: first.port, searchAttributes });
  onTestFinished(() => again.stop());
  expect(again.address).toBe(first.address);
  await withClient(again.address, async (client) => {
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  });
  await again.stop();
  expect(startOf(again.pid)).toBeUndefined();
});

test('MongoDB keeps its documents over a kill, on the same port', async () => {
  const { dataDir, record } = await newFolder();
  const first = await startMongo({ binary: mongo, dataDir, record });
  onTestFinished(() => first.stop());
  await withMongo(first.uriOf('kept'), (db) => db.collection('notes').insertOne({ text: 'still here' }));
  await first.kill();
  expect(await kindOfData(dataDir)).toBe(mongo.kind);

  const again = await startMongo({ binary: mongo, dataDir, record, port: first.port });
  onTestFinished(() => again.stop());
  const found = await withMongo(again.uriOf('kept'), (db) =>
    db.collection('notes').countDocuments({ text: 'still here' }),
  );
  expect(found).toBe(1);
  await again.stop();
  expect(startOf(again.pid)).toBeUndefined();
});

test('a server that ends while starting is an error with its last lines', async () => {
  const { dataDir, record } = await newFolder();
  const binary = join(dataDir, 'broken');
  await writeFile(binary, '#!/bin/sh\necho "the disk is upside down" >&2\nexit 7\n');
  await chmod(binary, 0o755);
  await expect(startTemporal({ binary, dataDir, record })).rejects.toThrow(
    /Temporal ended while starting \(exit code 7\)\. Its last lines: .*the disk is upside down/,
  );
  await expect(startTemporal({ binary: join(dataDir, 'missing'), dataDir, record })).rejects.toThrow(
    'could not be started',
  );
});

test('a start can be given up, and leaves no process', async () => {
  const { dataDir, record } = await newFolder();
  const binary = join(dataDir, 'never-ready');
  const pidFile = join(dataDir, 'pid');
  await writeFile(binary, `#!/bin/sh\necho $$ > ${pidFile}\nexec sleep 60\n`);
  await chmod(binary, 0o755);
  const signal = AbortSignal.timeout(700);
  await expect(startTemporal({ binary, dataDir, record, signal })).rejects.toThrow(/timeout|aborted/i);
  expect(startOf(Number(await readFile(pidFile, 'utf8')))).toBeUndefined();
});

test('the shared servers of a test run answer, each caller with a database of its own', async () => {
  const [address, one, two] = [await testTemporal(), await testMongoUri(), await testMongoUri()];
  expect(await testTemporal()).toBe(address);
  expect(one).not.toBe(two);
  await withClient(address, async (client) => {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(customAttributes)).toContain('LiveChatStatus');
  });
  await withMongo(one, (db) => db.collection('notes').insertOne({ a: 1 }));
  expect(await withMongo(two, (db) => db.collection('notes').countDocuments())).toBe(0);
}, 600_000);

test('the time-skipping server starts', async () => {
  const path = await testServerBinary();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const before = await environment.currentTimeMs();
  await environment.sleep('1 day');
  expect((await environment.currentTimeMs()) - before).toBeGreaterThan(86_000_000);
  await environment.teardown();
}, 600_000);

async function withClient(address: string, use: (client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

async function withMongo<T>(uri: string, use: (db: mongoose.mongo.Db) => Promise<T>): Promise<T> {
  const connection = await mongoose.createConnection(uri).asPromise();
  try {
    return await use(connection.getClient().db(connection.name));
  } finally {
    await connection.close();
  }
}
