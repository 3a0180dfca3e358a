import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2, createSecureServer, type IncomingHttpHeaders } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { generate } from 'selfsigned';

/** A certificate and its key, as PEM text and as files. */
export interface Certificate {
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
  /** Certificate and key in one, as MongoDB's driver takes them. */
  bothFile: string;
}

export interface TestCertificates {
  /** An authority of this test's own. */
  ca: Certificate;
  /** Of a server that is called `localhost` and nothing else. */
  server: Certificate;
  client: Certificate;
  /** Of another authority. */
  stranger: Certificate;
  folder: string;
  remove(): Promise<void>;
}

/** Certificates that are made for a test, and its alone. */
export async function testCertificates(): Promise<TestCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'live-chat-tls-'));
  const make = async (name: string, options: Parameters<typeof generate>[1]): Promise<Certificate> => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ...options,
    });
    const [certFile, keyFile, bothFile] = ['pem', 'key', 'both.pem'].map((end) => join(folder, `${name}.${end}`)) as [
      string,
      string,
      string,
    ];
    await writeFile(certFile, cert);
    await writeFile(keyFile, key);
    await writeFile(bothFile, `${cert.trim()}\n${key}`);
    return { cert, key, certFile, keyFile, bothFile };
  };
  const authority = (name: string) =>
    make(name, {
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, critical: true },
      ],
    });
  const [ca, other] = [await authority('test-ca'), await authority('other-ca')];
  const signed = (name: string, by: Certificate, usage: 'serverAuth' | 'clientAuth') =>
    make(name, {
      ca: { cert: by.cert, key: by.key },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        { name: 'extKeyUsage', [usage]: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
      ],
    });
  return {
    ca,
    server: await signed('localhost', ca, 'serverAuth'),
    client: await signed('client', ca, 'clientAuth'),
    stranger: await signed('stranger', other, 'clientAuth'),
    folder,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A server in front of another one. */
export interface Front {
  /** `localhost:<port>`. */
  address: string;
  close(): Promise<void>;
}

/**
 * TLS in front of a server that has none: what comes decrypted is passed on as it is. Clients have to show a
 * certificate of the test's authority.
 */
export async function tlsFront(target: string, { ca, server: own }: TestCertificates): Promise<Front> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const open = new Set<Socket>();
  const server = createServer(
    {
      cert: own.cert,
      key: own.key,
      ca: ca.cert,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2', 'http/1.1'],
    },
    (secure) => {
      const plain = connect(Number(port), hostname);
      for (const [one, another] of [
        [secure, plain],
        [plain, secure],
      ] as const) {
        open.add(one);
        one.on('error', () => another.destroy());
        one.on('close', () => {
          open.delete(one);
          another.destroy();
        });
        one.pipe(another);
      }
    },
  );
  // A client that is refused.
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0), 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** The same for gRPC, call by call, noting what each says of who calls. */
export async function grpcFront(
  target: string,
  { server: own }: TestCertificates,
): Promise<Front & { authorizations: (string | undefined)[] }> {
  const upstream = connectHttp2(`http://${target}`);
  const authorizations: (string | undefined)[] = [];
  const server = createSecureServer({ cert: own.cert, key: own.key });
  server.on('stream', (stream, headers) => {
    authorizations.push(headers.authorization);
    const call = upstream.request(headers);
    let trailers: IncomingHttpHeaders = {};
    call.on('response', ({ ':status': status = 200, ...answer }) => {
      stream.respond({ ':status': status, ...answer }, { waitForTrailers: true });
    });
    call.on('trailers', (last: IncomingHttpHeaders) => (trailers = last));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    for (const one of [call, stream]) one.on('error', () => undefined);
    stream.on('close', () => call.close());
    stream.pipe(call);
    call.pipe(stream);
  });
  const sessions = new Set<{ destroy(): void }>([upstream]);
  server.on('session', (session) => sessions.add(session));
  await once(server.listen(0), 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    authorizations,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
