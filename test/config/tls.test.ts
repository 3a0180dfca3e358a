import mongoose from 'mongoose';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readWorkerConfig } from '../../config/env.ts';
import { testMongoUri, testTemporal } from '../../tools/embedded/test-servers.ts';
import { grpcFront, testCertificates, tlsFront, type Front, type TestCertificates } from '../support/tls.ts';

/** Real servers behind TLS, with certificates that are made here: what the settings say is what is done. */
let certificates: TestCertificates;
let temporal: Front;
let mongodb: Front;
let mongoUri: URL;

beforeAll(async () => {
  certificates = await testCertificates();
  mongoUri = new URL(await testMongoUri());
  [temporal, mongodb] = await Promise.all([
    tlsFront(await testTemporal(), certificates),
    tlsFront(mongoUri.host, certificates),
  ]);
}, 600_000);
afterAll(async () => {
  await Promise.all([temporal.close(), mongodb.close()]);
  await certificates.remove();
});

const key = `k1:${Buffer.alloc(32).toString('base64')}`;
const configOf = (env: Record<string, string>) =>
  readWorkerConfig({
    MONGODB_URI: 'mongodb://127.0.0.1:1/none',
    ZOOM_CLIENT_ID: 'id',
    ZOOM_CLIENT_SECRET: 'secret',
    ZOOM_BOT_JID: 'v1bot@xmpp.zoom.us',
    TOKEN_ENCRYPTION_KEYS: key,
    PAYLOAD_ENCRYPTION_KEYS: key,
    ...env,
  });

/** Connects as api and worker do, and as the command's helpers do, and asks for the namespace. */
async function askTemporal(env: Record<string, string>): Promise<string[]> {
  const { connection: options, namespace } = configOf(env).temporal;
  const names: string[] = [];
  for (const connect of [NativeConnection.connect.bind(NativeConnection), Connection.connect.bind(Connection)]) {
    const connection = await connect(options);
    const client = new Client({ connection, namespace });
    const answer = await client.workflowService.describeNamespace({ namespace });
    names.push(answer.namespaceInfo?.name ?? '');
    await connection.close();
  }
  return names;
}

describe('Temporal with TLS', () => {
  const ours = () => ({
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.ca.certFile,
    TEMPORAL_TLS_CLIENT_CERT_PATH: certificates.client.certFile,
    TEMPORAL_TLS_CLIENT_KEY_PATH: certificates.client.keyFile,
  });

  test('is reached by a client certificate, with an authority of one’s own', async () => {
    expect(await askTemporal(ours())).toEqual(['default', 'default']);
  });

  test('is reached under a name of its certificate’s where its address is another', async () => {
    const byNumber = { ...ours(), TEMPORAL_ADDRESS: temporal.address.replace('localhost', '127.0.0.1') };
    await expect(askTemporal(byNumber)).rejects.toThrow();
    expect(await askTemporal({ ...byNumber, TEMPORAL_TLS_SERVER_NAME: 'localhost' })).toEqual(['default', 'default']);
  });

  test.each([
    ['no certificate', { TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' }],
    ['no TLS', { TEMPORAL_TLS: 'false' }],
  ])('takes nobody with %s', async (_what, less) => {
    await expect(askTemporal({ ...ours(), ...less })).rejects.toThrow();
  });

  test('takes nobody with a certificate of another authority', async () => {
    const { certFile, keyFile } = certificates.stranger;
    const stranger = { TEMPORAL_TLS_CLIENT_CERT_PATH: certFile, TEMPORAL_TLS_CLIENT_KEY_PATH: keyFile };
    await expect(askTemporal({ ...ours(), ...stranger })).rejects.toThrow();
  });

  test('is not taken for genuine with a certificate that nobody known has signed', async () => {
    const { TEMPORAL_TLS_SERVER_CA_CERT_PATH: _, ...systemsOwn } = ours();
    await expect(askTemporal(systemsOwn)).rejects.toThrow();
  });
});

test('an API key goes with every call to Temporal', async () => {
  const front = await grpcFront(await testTemporal(), certificates);
  try {
    const env = {
      TEMPORAL_ADDRESS: front.address,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.ca.certFile,
      TEMPORAL_API_KEY: 'the-key',
    };
    expect(await askTemporal(env)).toEqual(['default', 'default']);
    expect(front.authorizations.length).toBeGreaterThan(1);
    expect(new Set(front.authorizations)).toEqual(new Set(['Bearer the-key']));
  } finally {
    await front.close();
  }
});

describe('MongoDB with TLS', () => {
  const ask = async (options: Record<string, string>): Promise<unknown> => {
    const query = new URLSearchParams({ tls: 'true', ...options }).toString();
    const connection = mongoose.createConnection(`mongodb://${mongodb.address}${mongoUri.pathname}?${query}`, {
      serverSelectionTimeoutMS: 3_000,
    });
    try {
      await connection.asPromise();
      return (await connection.getClient().db('admin').command({ ping: 1 }))['ok'];
    } finally {
      await connection.close();
    }
  };

  test('is reached by what the connection string says', async () => {
    const { ca, client } = certificates;
    const [tlsCAFile, tlsCertificateKeyFile] = [ca.certFile, client.bothFile];
    expect(await ask({ tlsCAFile, tlsCertificateKeyFile })).toBe(1);
    await expect(ask({ tlsCAFile })).rejects.toThrow();
    await expect(ask({ tlsCertificateKeyFile })).rejects.toThrow();
  });
});
