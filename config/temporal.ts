import { readFileSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';

/** How Temporal is reached: options of `Connection.connect` and of `NativeConnection.connect` alike. */
export type TemporalConnection = Pick<NativeConnectionOptions, 'tls' | 'apiKey' | 'metadata'> & {
  /** host:port of the gRPC service. */
  address: string;
};

const defaultAddress = '127.0.0.1:7233';

/** All that decides, beside address and namespace, how Temporal is reached. */
export const temporalSecurityVariables = [
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'TEMPORAL_PROFILE',
  'TEMPORAL_CONFIG_FILE',
] as const;

/**
 * The `TEMPORAL_…` variables, and the profiles of a configuration file, as Temporal's own command line reads them. A
 * file is read only where one, or a profile, is named: what somebody keeps in their home folder for the command line
 * must not decide where a server connects to.
 * @param env without empty variables.
 * @throws Error in words, when a file or a profile is missing or cannot be read; it holds no secret.
 */
export function readTemporalConnection(env: Record<string, string>): {
  connection: TemporalConnection;
  namespace: string;
} {
  const { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: profile } = env;
  const { connectionOptions, namespace } = loadClientConnectConfig({
    overrideEnvVars: env,
    // Read here: the library passes over a file that is not there.
    ...(file === undefined ? { disableFile: profile === undefined } : { configSource: { data: readFileSync(file) } }),
  });
  const { address = defaultAddress, tls, apiKey, metadata } = connectionOptions;
  if (tls === false && apiKey !== undefined) throw new Error('an API key is not sent without TLS');
  return {
    namespace: namespace ?? 'default',
    connection: {
      address,
      ...(tls ? { tls } : {}),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}
